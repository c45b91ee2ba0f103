"""Edits as a person types them, and what they change, against a second way to every figure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from dashboard import UserError, edit, of_part, open_model
from dashboard.analyses.edit.text import edit_finding, edit_remarks
from dashboard.analyses.edit.typed import MOST, edits_of
from dashboard.capture.ablate import Held
from dashboard.cli import main
from dashboard.heads.continuation import last_of
from dashboard.heads.head_id import HeadId
from tests.helpers import tiny
from tests.helpers.eager import softmax_changed

TEXT = "The keys to the cabinet in the hall"
CUTS = ["L9H4:cabinet>keys", "L3H1:hall=uniform", "L9H4:hall>1"]


@pytest.fixture(scope="module")
def smollm2():
    return open_model("smollm2")


def by_the_librarys_head(model, text, change, layer):
    """Logits (n, V) of the library's causal model, with a change of a layer's rows of weights (h, n, n)."""
    root = AutoModelForCausalLM.from_pretrained(
        model.source.folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    with softmax_changed(layer, change), torch.inference_mode():
        return root(torch.tensor([model.encode(text).ids])).logits[0].double()


def test_a_turn_no_larger_than_rounding_is_said_to_be_that(minilm):
    found = edit(minilm, TEXT, ["L2H3:hall=first"])
    assert " turn by " in edit_finding(found)
    less = replace(found, table=found.table.assign(shift=found.table["shift"] * 1e-6))
    assert "rounding" in edit_finding(less) and " most at " not in edit_finding(less)


def test_the_next_token_and_the_losses_are_those_of_the_librarys_own_head(smollm2):
    found = edit(smollm2, TEXT, ["L2H3:hall=first", "L2H3:cabinet>*"], row="left", answer="are", rival="is")
    ids, n = torch.tensor(smollm2.encode(TEXT).ids), len(smollm2.encode(TEXT))
    cabinet = smollm2.encode(TEXT).word_of.index(4)

    def change(rows):
        rows[3, n - 1] = 0
        rows[3, n - 1, 0] = 1
        rows[3, cabinet] = 0

    before, after = (by_the_librarys_head(smollm2, TEXT, one, 2) for one in (lambda _: None, change))
    loss, edited = (
        torch.nn.functional.cross_entropy(one[:-1], ids[1:], reduction="none").numpy() for one in (before, after)
    )
    assert np.allclose(found.table["loss"], loss, atol=1e-5)
    assert np.allclose(found.table["loss_change"], edited - loss, atol=2e-5)
    assert found.effect == pytest.approx((edited - loss).mean(), abs=1e-5)
    assert abs(found.table["loss_change"]).max() > 1e-3
    shown = found.next.set_index("id")
    for name, one in (("", before[-1]), ("_edited", after[-1])):
        assert np.allclose(shown[f"logit{name}"], one[shown.index], atol=1e-4)
        assert np.allclose(shown[f"p{name}"], one.softmax(0)[shown.index], atol=1e-5)
        assert shown[f"rank{name}"].tolist() == [1 + int((one > one[k]).sum()) for k in shown.index]
        assert set(one.argsort(descending=True)[:10].tolist()) <= set(shown.index)
    are, its = (smollm2.encode(f"{TEXT} {word}").ids[n] for word in ("are", "is"))
    assert found.next["id"].tolist()[:2] == [are, its] and found.next["which"].tolist()[:3] == ["answer", "rival", ""]
    assert found.logit_difference == pytest.approx(
        (float(before[-1, are] - before[-1, its]), float(after[-1, are] - after[-1, its])), abs=1e-4
    )


def test_a_model_that_predicts_nothing_has_shifts(minilm):
    found = edit(minilm, "The chef says ramen is food.", ["L2H0:says>chef", "L2H0:is>[SEP]"])
    assert list(found.table) == ["position", "token", "shift"] and not len(found.next)
    assert found.table["position"].tolist() == [k for k, one in enumerate(minilm.encode(found.text).special) if not one]
    assert found.effect == found.table["shift"].mean() > 1e-7 and found.logit_difference is None
    left = edit(minilm, found.text, list(found.edits), row="left")
    assert left.row == "left" and left.effect != found.effect


def test_edits_of_one_row_are_one(smollm2):
    encoding = smollm2.encode(TEXT)
    first, second, third = edits_of(smollm2, encoding, CUTS, "left")
    assert [first.head, second.head, third.head] == [HeadId(3, 1), HeadId(9, 4), HeadId(9, 4)]
    assert (first.way, second.way, second.keys, third.keys) == ("uniform", "left", {2}, {2})
    [one] = edits_of(smollm2, encoding, ["L9H4:cabinet>keys", "L9H4:cabinet>to"], "renormalised")
    assert one.keys == {2, 3}
    every = edits_of(smollm2, encoding, ["L9H4:*>keys"], "renormalised")
    assert [edit.query for edit in every] == list(range(2, len(encoding)))  # those before cannot see it
    assert len(edits_of(smollm2, encoding, ["L9H4:*>*"], "left")) == len(encoding)


@pytest.mark.parametrize(
    "cuts",
    [
        [],
        ["says>chef"],
        ["L9H4:cabinet"],
        ["L9H4:cabinet>mouse"],
        ["L9H4:the>keys"],
        ["L9H4:keys>cabinet"],
        ["L9H4:keys=twice"],
        ["L9H99:cabinet>keys"],
        ["L9H4:cabinet>keys", "L9H4:cabinet=self"],
        [("L9H4", "cabinet", "keys")],
        [f"L9H4:{k}>keys" for k in range(MOST + 1)],
    ],
    ids=lambda cuts: "; ".join(map(str, cuts[:2])) or "none",
)
def test_what_is_no_edit_is_refused(cuts, smollm2, refuses):
    with refuses(UserError):
        edit(smollm2, TEXT, cuts)


@pytest.mark.parametrize("how", [{"row": "kept"}, {"answer": "are", "rival": "are"}])
def test_an_unknown_row_and_a_rival_that_is_the_answer_are_refused(how, smollm2, refuses):
    with refuses(UserError):
        edit(smollm2, TEXT, CUTS[:1], **how)


def test_a_continuation_that_the_text_begins_already_is_refused(smollm2, refuses):
    with refuses(UserError, "“is”"):  # “· is”, after the space that stands there, is one token with it
        edit(smollm2, f"{TEXT} ", ["L9H4:cabinet>keys"], rival="is")


@pytest.mark.parametrize("kind", ["gpt2", "t5"])
def test_a_causal_model_without_a_head_has_shifts(kind, tmp_path, refuses_alike):
    tiny.make(kind, tmp_path)
    model = open_model(str(tmp_path))
    if kind == "t5":
        model = of_part(model, "decoder", "The old bridge.")
    letter = "D" if kind == "t5" else "L"
    found = edit(model, "The chef says ramen.", [f"{letter}1H2:says>chef"])
    assert found.measure == "shift" and found.effect > 0 and not len(found.next)
    assert edit_finding(found)
    with refuses_alike(UserError, model.title):
        edit(model, "The chef says ramen.", [f"{letter}1H2:says>chef"], rival="food")


def test_the_most_probable_token_as_the_rival_leads_the_answer_after_it(smollm2):
    usual = edit(smollm2, TEXT, CUTS[:1])
    first, second = usual.next["token"][:2]
    found = edit(smollm2, TEXT, CUTS[:1], rival=first.replace("·", " "))
    assert found.next["token"].tolist()[:2] == [second, first]
    assert found.logit_difference[0] == pytest.approx(-usual.logit_difference[0])


@pytest.mark.parametrize(
    ("text", "answer", "token"),
    [
        (TEXT, "are", "·are"),
        (TEXT, " are", "·are"),
        (TEXT, ".", "."),
        (TEXT, "'s", "'s"),
        (TEXT, "(", "·("),
        ("我喜欢吃苹果，他", "不", None),
        (f"{TEXT}<|endoftext|>", "Are", "·Are"),
    ],
)
def test_a_continuation_is_joined_as_its_script_writes_it(text, answer, token, smollm2):
    found = edit(smollm2, text, ["L9H4:*>*"], row="left", answer=answer)
    first = found.next.iloc[0]
    n = len(smollm2.encode(text))
    whole = text + answer if token is None or "·" not in token or answer[0] == " " else f"{text} {answer}"
    assert first["id"] == smollm2.encode(whole).ids[n]
    assert token is None or first["token"] == token


def test_a_text_that_is_cut_off_has_no_continuation(smollm2, refuses):
    with refuses(UserError):
        edit(smollm2, TEXT, ["L9H4:keys>0"], answer="are", limit=5)


def test_a_token_that_the_tokenizer_appends_is_not_the_end_of_the_text(tmp_path):
    tiny.make("llama", tmp_path)
    model = open_model(str(tmp_path))
    encoding = model.encode("The chef says")
    behind = replace(
        encoding,
        **{
            name: (*getattr(encoding, name), more)
            for name, more in {
                "ids": 2,
                "pieces": "</s>",
                "labels": "</s>",
                "spans": (len(encoding.text),) * 2,
                "special": True,
                "unknown": False,
            }.items()
        },
    )
    assert last_of(behind) == last_of(encoding) == len(encoding) - 1


def test_a_special_token_with_an_arrow_in_its_name(tmp_path):
    tiny.make("llama", tmp_path)
    model = open_model(str(tmp_path))
    encoding = model.encode("The chef says")
    start = encoding.drawn[0]
    assert start == "<s>"
    [one] = edits_of(model, encoding, ["L1H2:chef><s>"], "left")
    assert one.keys == {0}
    [one] = edits_of(model, encoding, ["L1H2:<s>-><s>"], "left")
    assert (one.query, one.keys) == (0, {0})


def test_all_special_tokens_of_one_name_are_meant(minilm):
    encoding = minilm.encode("The chef.", pair="He says.")
    [one] = edits_of(minilm, encoding, ["L1H2:chef>[SEP]"], "left")
    assert one.keys == {k for k, name in enumerate(encoding.drawn) if name == "[SEP]"} and len(one.keys) == 2


@pytest.mark.parametrize(("typed", "key"), [("5>=", "="), ("x=>=", "="), ("y→=", "="), ("=→x", "x")])
def test_words_that_look_like_arrows(typed, key, minilm):
    encoding = minilm.encode("x = 5 and y")
    [one] = edits_of(minilm, encoding, [f"L1H2:{typed}"], "left")
    assert [encoding.drawn[k] for k in one.keys] == [key]


def test_every_row_but_the_first_becomes_the_previous_position(smollm2):
    encoding = smollm2.encode(TEXT)
    assert len(edits_of(smollm2, encoding, ["L9H4:*=previous"], "left")) == len(encoding) - 1
    assert edit(smollm2, TEXT, ["L9H4:*=previous"]).changed


def test_a_row_of_cross_attention_has_no_place_of_its_own(tmp_path, refuses):
    tiny.make("t5", tmp_path)
    model = of_part(open_model(str(tmp_path)), "cross", "The old bridge.")
    with refuses(UserError, "self"):
        edit(model, "The chef says.", ["X1H2:chef=self"])
    assert edit(model, "The chef says.", ["X1H2:chef=uniform", "X0H1:says>bridge"]).changed


def test_two_tables_need_two_files(tmp_path, capsys):
    file = str(tmp_path / "edit.csv")
    assert main(["edit", TEXT, "--model", "smollm2", "--cut", CUTS[0], "--out", file, "--next", file]) == 2
    assert "--next" in capsys.readouterr().err and not (tmp_path / "edit.csv").exists()


def test_one_head_is_listed_once(smollm2):
    found = edit(smollm2, TEXT, ["l9h4:cabinet>keys", "L9H4:hall>keys"])
    assert found.table.attrs["provenance"]["heads"] == ["L9H4"]


def test_an_encoder_continues_no_text(minilm, refuses):
    with refuses(UserError, "MiniLM"):
        edit(minilm, TEXT, ["L2H0:cabinet>keys"], rival="is")


def test_what_has_run_once_gives_the_same(smollm2):
    held = Held(smollm2, smollm2.encode(TEXT))
    for cuts in (CUTS, CUTS[:1]):
        again, once = edit(smollm2, TEXT, cuts, held=held), edit(smollm2, TEXT, cuts)
        assert np.allclose(again.table["loss_edited"], once.table["loss_edited"], atol=1e-5)


def test_sentences(smollm2, minilm, snapshot):
    some = edit(smollm2, TEXT, CUTS, answer="are", rival="is")
    nothing = edit(smollm2, TEXT, ["L9H4:*>cabinet"], row="left")
    other = edit(minilm, "The chef says ramen is food.", ["L2H0:says>chef"])
    assert [[edit_finding(one), *edit_remarks(one)] for one in (some, nothing, other)] == snapshot


def test_the_command_writes_the_same_tables(tmp_path, smollm2, capsys):
    import pandas as pd

    out, following = tmp_path / "edit.csv", tmp_path / "next.csv"
    cuts = [part for cut in CUTS for part in ("--cut", cut)]
    asked = ["edit", TEXT, "--model", "smollm2", *cuts, "--row", "left", "--rival", "is"]
    assert main([*asked, "--out", str(out), "--next", str(following)]) == 0
    found = edit(smollm2, TEXT, CUTS, row="left", rival="is")
    assert edit_finding(found) in capsys.readouterr().out
    for file, table in ((out, found.table), (following, found.next)):
        pd.testing.assert_frame_equal(pd.read_csv(file, keep_default_na=False), table, check_exact=False)


def test_the_lines_in_a_file_make_its_table_again(smollm2, tmp_path):
    found = edit(smollm2, TEXT, CUTS, rival="is")
    for table in (found.table, found.next):
        made = {}
        exec(table.attrs["provenance"]["recipe"], made)
        assert made["thing"].equals(table)
