"""The prediction in the place of one word, against the library's own language models with a hook of our own."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

import dashboard.analyses.ablation.at_word as module
from dashboard import UserError, ablate, ablate_at_word, draw_at_word
from dashboard.analyses.ablation.at_word import TOP
from dashboard.analyses.ablation.draw_at_word import predictions_without
from dashboard.cli import main
from dashboard.export import snippet
from dashboard.heads.head_id import HeadId
from tests.helpers.sentences import numbers

KEYS = "The keys to the cabinet are on the table."
ARE = 5  # which word it is


def own_logits(model, encoding, token, path, heads=()):
    """transformers' own logits in the place of a token, some heads' outputs replaced by zero by a hook."""
    cls = AutoModelForCausalLM if model.causal else AutoModelForMaskedLM
    own = cls.from_pretrained(model.source.folder, attn_implementation="eager", dtype=torch.float32).eval()
    ids, run = torch.tensor([encoding.ids]), lambda ids: own(ids)
    if not model.causal:
        ids[0, token] = model.loaded.tokenizer.mask_token_id
    for ablate_on_text, one in heads:
        run = partial(ablate_on_text, run, own.base_model, path, layer=one.layer, head=one.head, heads=model.heads)
    logits = run(ids).logits[0, token - 1 if model.causal else token]
    return logits.detach().double().numpy()


@pytest.mark.parametrize("heads", [("L1H2",), ("L0H1", "L2H3")])
@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama"])
def test_equal_to_the_librarys_own_predictions(kind, heads, small, output_projection, ablate_on_text):
    model, path = small(kind), output_projection(kind)
    found = ablate_at_word(model, KEYS, heads, ARE, rival="table")
    encoding = model.encode(KEYS)
    token = encoding.word_of.index(ARE)
    without = own_logits(model, encoding, token, path, [(ablate_on_text, HeadId.parse(head)) for head in heads])
    for name, logits in (("", own_logits(model, encoding, token, path)), ("_ablated", without)):
        share = np.exp(logits - np.logaddexp.reduce(logits))
        assert np.allclose(found.table[f"p{name}"], share[found.table["id"]], rtol=2e-4)
        best = [int((logits > logits[one]).sum()) + 1 for one in found.table["id"]]
        assert np.abs(found.table[f"rank{name}"] - best).max() <= 1  # of two that differ by rounding either may lead
        assert set(np.argsort(-logits)[: TOP - 1]) <= set(found.table["id"])
    assert found.row("word")["id"] == encoding.ids[token]
    assert abs(found.difference[0] - found.difference[1]) > 1e-7, "these heads are to matter"


def test_the_same_probability_as_the_loss_of_that_token(smollm2):
    """Another way to the same: the mean loss and its change, token by token."""
    found = ablate_at_word(smollm2, KEYS, "L9H8", ARE, rival="is")
    tokens = ablate(smollm2, KEYS, ["L9H8"]).tokens.set_index("position").loc[smollm2.encode(KEYS).word_of.index(ARE)]
    word, rival = found.row("word"), found.row("rival")
    assert np.exp(-tokens["loss"]) == pytest.approx(word["p"], rel=1e-4)
    assert np.exp(-tokens["loss"] - tokens["loss_change"]) == pytest.approx(word["p_ablated"], rel=1e-4)
    is_here = smollm2.encode(KEYS.replace("are", "is"))
    assert rival["id"] == is_here.ids[is_here.word_of.index(ARE)]
    assert found.difference == (word["p"] - rival["p"], word["p_ablated"] - rival["p_ablated"])
    assert found.difference[0] > found.difference[1] > 0  # without this head “are” loses to “is”
    assert len(found.table) <= 2 + 2 * TOP and found.table["p"].sum() < 1


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_by_the_mean_too(kind, small):
    model = small(kind)
    found = ablate_at_word(model, KEYS, "L1H2", ARE, by="mean")
    tokens = ablate(model, KEYS, ["L1H2"], by="mean").tokens.set_index("position")
    row = tokens.loc[model.encode(KEYS).word_of.index(ARE)]
    assert np.exp(-row["loss"] - row["loss_change"]) == pytest.approx(found.row("word")["p_ablated"], rel=1e-4)
    zero = ablate_at_word(model, KEYS, "L1H2", ARE)
    assert zero.row("word")["p_ablated"] != pytest.approx(found.row("word")["p_ablated"], rel=1e-6)


def test_a_word_costs_no_further_pass(smollm2, monkeypatch):
    """A causal model's vectors are those of all words; every word's figures are those of a pass of its own."""
    encoding, runs, ablating = smollm2.encode(KEYS), [], module.ablate
    monkeypatch.setattr(module, "ablate", lambda *given, **how: runs.append(0) or ablating(*given, **how))
    predictions = predictions_without(smollm2, encoding, ["L9H8"])
    for word in predictions.measured:
        found = module.at_word(predictions, word)
        alone = ablate_at_word(smollm2, KEYS, "L9H8", word)
        assert np.allclose(found.table[["p", "p_ablated"]], alone.table[["p", "p_ablated"]], rtol=1e-6)
    assert len(runs) == 1 + len(predictions.measured)
    assert predictions.measured == tuple(range(10))  # after a start token, the first word too
    without_start = predictions_without(smollm2, smollm2.encode(KEYS, bos=False), ["L9H8"], bos=False)
    assert without_start.measured == tuple(range(1, 10))


def test_the_rival_is_the_most_probable_other_token(smollm2, minilm):
    found = ablate_at_word(smollm2, KEYS, "L9H8", ARE)
    assert found.row("rival")["rank"] == 1 and found.rival == ""
    full_stop = ablate_at_word(smollm2, KEYS, "L9H8", 9)
    assert full_stop.row("word")["rank"] == 1 and full_stop.row("rival")["rank"] == 2


def test_a_word_of_several_tokens_and_a_second_text(small):
    model = small("bert")
    pair = ablate_at_word(model, "The chef says.", "L1H2", 5, pair=KEYS, rival="on")
    encoding = model.encode("The chef says.", pair=KEYS)
    assert pair.word == encoding.words[5].form and pair.tokens == encoding.word_of.count(5)
    other = ablate_at_word(model, "The chef says.", "L1H2", 1, pair=KEYS, rival="table")
    assert other.word == "chef" and other.row("rival")["id"] != other.row("word")["id"]


@pytest.mark.parametrize(
    ("word", "how", "facts"),
    [
        (50, {}, [50, 0, 9]),
        (-1, {}, [-1, 0, 9]),
        (ARE, {"rival": "are"}, []),
        (9, {"rival": "s"}, []),
        (0, {"bos": False}, []),
    ],
)
def test_what_cannot_be_asked(smollm2, word, how, facts, refuses):
    with pytest.raises(UserError) as wrong:
        ablate_at_word(smollm2, KEYS, "L9H8", word, **how)
    assert numbers(str(wrong.value)) == facts or not facts
    assert "choose" in str(wrong.value).lower() or facts


def test_a_model_that_predicts_no_words(minilm, refuses):
    with refuses(UserError, minilm.title, "smollm2"):
        ablate_at_word(minilm, KEYS, "L2H9", ARE)
    with refuses(UserError, "L2H9"):
        ablate_at_word(minilm, KEYS, [], ARE)


def test_a_word_by_its_form_or_its_number(smollm2):
    by_number = ablate_at_word(smollm2, KEYS, "L9H8", ARE, rival="is").table
    for word in ("are", "ARE", "5"):
        assert ablate_at_word(smollm2, KEYS, "L9H8", word, rival="is").table.equals(by_number)
    with pytest.raises(UserError, match=r"2 times.* 0 and 7") as several:
        ablate_at_word(smollm2, KEYS.replace("the table", "The table"), "L9H8", "The")
    assert "number" in str(several.value)


def test_the_command_shows_one_word(tmp_path, capsys):
    table, picture = tmp_path / "are.csv", tmp_path / "are.svg"
    asked = ["ablate", KEYS, "--model", "smollm2", "--heads", "L9H8", "--word", "are", "--rival", "is", "--out"]
    assert main([*asked, str(table)]) == 0 and main([*asked, str(picture)]) == 0
    told, rows = capsys.readouterr().out, pd.read_csv(table)
    p = rows.set_index("which").loc["word", ["p", "p_ablated"]]
    shown = [number for number in numbers(told.splitlines()[0]) if number < 100][:2]
    assert shown == pytest.approx([100 * p["p_ablated"], 100 * p["p"]], abs=0.06) and "L9H8" in told
    assert rows["which"].tolist()[:2] == ["word", "rival"] and picture.read_text().startswith("<svg")


@pytest.mark.parametrize(
    "arguments",
    [
        [KEYS, "--word", "are"],
        [KEYS, "--word", "are", "--heads", "L9H8", "--changed", "changed.csv"],
        ["builtin", "--word", "are", "--heads", "L9H8"],
        [KEYS, "--heads", "L9H8", "--rival", "is"],
    ],
)
def test_the_command_refuses_what_is_no_single_word(arguments, tmp_path, capsys):
    assert main(["ablate", *arguments, "--out", str(tmp_path / "x.csv")]) == 2
    wrong = capsys.readouterr().err
    assert wrong.count("\n") == 1 and "--word" in wrong and not (tmp_path / "x.csv").exists()


def test_the_lines_of_python_make_the_picture_again(smollm2, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for chart in (
        draw_at_word(ablate_at_word(smollm2, KEYS, "L9H8", ARE, rival="is"), width=500),
        draw_at_word(ablate_at_word(smollm2, KEYS, ["L9H8", "L3H8"], ARE, bos=False), theme="dark"),
    ):
        names = {}
        exec(snippet(chart.provenance), names)
        assert names["thing"].to_dict() == chart.to_dict()
        [file] = tmp_path.glob("*.svg")
        file.unlink()
