"""Attributions of language models, against autograd on the library's own eager model and a plain Riemann sum."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForMaskedLM

from dashboard import UserError, attention, attribute
from dashboard.analyses.attribution import measure
from dashboard.analyses.attribution.first_text import ANSWER, RIVAL, TEXT, first_text
from dashboard.analyses.attribution.measure import Enough
from dashboard.cli import main
from dashboard.heads.head_id import HeadId
from tests.helpers import tiny
from tests.helpers.attributed import by_hand
from tests.helpers.sentences import heads_in

SENTENCE = tiny.SENTENCES[0]


@pytest.mark.parametrize("kind", ["gpt2", "llama", "gemma2", "gpt_oss"])
def test_both_are_those_of_autograd_on_the_librarys_eager_model(kind, predicting, monkeypatch):
    monkeypatch.setattr(measure, "TOLERANCE", 0.01)
    model, eager = predicting(kind)
    found = attribute(model, SENTENCE, steps=8 if kind == "gpt_oss" else 4000)
    figure, x, baseline = by_hand(eager, model, SENTENCE, found.answer.place)
    vectors = x.clone().requires_grad_()
    value = figure(vectors)
    [gradient] = torch.autograd.grad(value, vectors)
    assert found.value == pytest.approx(float(value.detach()), abs=1e-5)
    assert found.table["gradient"].to_numpy() == pytest.approx((gradient * x)[0].sum(-1).numpy(), abs=1e-4)
    if kind == "gpt_oss":  # which experts a token goes to jumps along the path, so that F does: no gradient tells that
        return
    # a Riemann sum of the middles of 2,000 equal pieces
    total, points = torch.zeros_like(x), (torch.arange(2000) + 0.5) / 2000
    for some in points.split(100):
        path = (baseline + some[:, None, None] * (x - baseline)).requires_grad_()
        total += torch.autograd.grad(figure(path).sum(), path)[0].sum(0)
    riemann = (total / 2000 * (x - baseline))[0].sum(-1).numpy()
    own = ~found.table["special"].to_numpy()
    rise = float((value - figure(baseline)).detach())
    assert abs(riemann.sum() - rise) < 0.02 * abs(rise)
    assert found.table["integrated"][own].to_numpy() == pytest.approx(riemann[own], abs=0.02 * abs(rise))
    assert found.table["integrated"][~own].isna().all()
    # completeness: the error that is shown is what is missing
    assert found.error == pytest.approx(found.table["integrated"].sum() - rise, abs=1e-4)
    assert abs(found.error) <= 0.01 * abs(rise) and found.points <= 4000


def test_what_is_stopped_early_is_what_so_many_points_give(predicting, monkeypatch):
    monkeypatch.setattr(measure, "TOLERANCE", 1e-6)
    model, _ = predicting("llama")
    told = []

    def progress(fraction, sentence):
        told.append(sentence)
        if len(told) == 4:
            raise Enough

    found = attribute(model, SENTENCE, steps=2000, progress=progress)
    assert 0 < found.points == found.steps < 2000 and str(found.points) in told[-1] and "2000" in told[-1]
    again = attribute(model, SENTENCE, steps=found.steps)
    pd.testing.assert_frame_equal(found.table, again.table, atol=1e-6, rtol=0)
    assert found.table.attrs["provenance"] == again.table.attrs["provenance"]
    first = attribute(model, SENTENCE, steps=2000, progress=lambda *_: (_ for _ in ()).throw(Enough))
    assert 0 < first.points == first.steps  # never none at all
    pd.testing.assert_frame_equal(first.table, attribute(model, SENTENCE, steps=first.steps).table, atol=1e-6, rtol=0)


def test_a_rival_and_what_words_are(predicting):
    model, eager = predicting("llama")
    found = attribute(model, SENTENCE, answer="chef", rival="ramen", steps=8)
    figure, x, _ = by_hand(eager, model, SENTENCE, found.answer.place, found.rival.place)
    assert found.value == pytest.approx(float(figure(x)), abs=1e-5)
    with torch.no_grad():
        p = eager(inputs_embeds=x).logits[0, -1].double().softmax(-1)
    assert [found.answer.p, found.rival.p] == pytest.approx(p[[found.answer.place, found.rival.place]].tolist())
    words = found.of_words("gradient")
    for place, members in enumerate(found.axis.members):
        if found.axis.special[place]:
            assert np.isnan(words[place])
        else:
            assert words[place] == pytest.approx(found.table["gradient"][list(members)].sum())
    assert np.nansum(found.of_words()) == pytest.approx(found.table["integrated"].sum())


def test_the_rows_of_heads_are_their_attention_from_the_last_token(predicting):
    model, _ = predicting("llama")
    found = attribute(model, SENTENCE, steps=8)
    assert found.places == (len(found.encoding) - 1,) and len(found.heads) == len(model.all_heads)
    for head in (HeadId(0, 1), HeadId(2, 3)):
        row = attention(model, SENTENCE, head).weights[-1]
        own = [row[list(members)].sum() for members in found.axis.members]
        assert found.attention(head) == pytest.approx(own, abs=1e-6)
        shown = found.heads[(found.heads["layer"] == head.layer) & (found.heads["head"] == head.head)].iloc[0]
        assert shown["special"] == pytest.approx(row[list(found.encoding.special)].sum(), abs=1e-6)
    ranked = found.ranked("gradient")
    assert ranked["score"].is_monotonic_decreasing and set(ranked["baseline"]) == {found.order["gradient"]}
    with pytest.raises(UserError, match="L9H0"):
        found.attention("L9H0")


def test_a_masked_word(small):
    model = small("bert")
    found = attribute(model, "The chef says [MASK] is her food.", answer="ramen", steps=8)
    place = found.encoding.labels.index("[MASK]")
    assert (found.kind, found.places) == ("masked", (place,))
    assert found.answer.place == model.encode("The chef says ramen is her food.").ids[place]
    eager = AutoModelForMaskedLM.from_pretrained(model.source.folder, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = eager(torch.tensor([found.encoding.ids])).logits[0, place].double()
    assert found.answer.p == pytest.approx(float(logits.softmax(-1)[found.answer.place]), abs=1e-6)
    assert found.value == pytest.approx(float(logits[found.answer.place] - logits.mean()), abs=1e-4)
    for text, named in (("The chef says", "none"), ("[MASK] says [MASK]", "2")):
        with pytest.raises(UserError, match=named):
            attribute(model, text)


@pytest.mark.parametrize(
    ("text", "how", "named"),
    [
        (SENTENCE * 30, {}, ["128"]),
        (SENTENCE, {"answer": "chef", "rival": "chef"}, ["chef"]),
        (SENTENCE, {"steps": 1}, ["10,000", "1"]),
        ("", {}, []),
    ],
)
def test_what_cannot_be_attributed_is_told(text, how, named, predicting, refuses):
    model, _ = predicting("llama")
    with refuses(UserError, *named):
        attribute(model, text, **how)


def test_a_model_that_predicts_nothing_is_told(minilm, refuses):
    with refuses(UserError, "MiniLM", "smollm2"):
        attribute(minilm, SENTENCE)


def test_one_word_has_an_attribution_and_no_order(predicting):
    model, _ = predicting("gpt2")
    found = attribute(model, "chef", steps=8)
    assert len(found.own) == 1 and found.heads["agreement"].isna().all() and found.heads["q"].isna().all()


def test_the_command_writes_both_tables(predicting, tmp_path, capsys):
    model, _ = predicting("llama")
    out, heads = tmp_path / "words.csv", tmp_path / "heads.csv"
    asked = [SENTENCE, "--model", model.name, "--steps", "8", "--out", str(out), "--heads", str(heads)]
    assert main(["attribute", *asked]) == 0
    said = capsys.readouterr().out
    assert "logits" in said and len(heads_in(said)) == 1
    assert list(pd.read_csv(out)) == ["position", "token", "special", "gradient", "integrated"]
    assert len(pd.read_csv(heads)) == len(model.all_heads)
    assert main(["attribute", *asked[:-1], str(out)]) == 2


def test_what_ships_is_what_is_measured(smollm2):
    shipped = first_text()
    found = attribute(smollm2, TEXT, answer=ANSWER, rival=RIVAL, steps=8)
    assert (shipped.text, shipped.typed, shipped.revision) == (TEXT, (ANSWER, RIVAL), found.revision)
    assert shipped.encoding == found.encoding and (shipped.answer.label, shipped.rival.label) == ("·Mary", "·John")
    assert (shipped.value, shipped.at_baseline) == pytest.approx((found.value, found.at_baseline), abs=1e-3)
    assert shipped.table["gradient"].tolist() == pytest.approx(found.table["gradient"].tolist(), abs=1e-2)
    assert shipped.rows == pytest.approx(found.rows, abs=1e-4)
    assert abs(shipped.error) < 0.05 * abs(shipped.value - shipped.at_baseline)
