"""Ablating one head of a text after another: what has run is not run again, and the figures are the same."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analyses.ablation.at_word import at_word
from dashboard.analyses.ablation.draw import ablate_on_text
from dashboard.analyses.ablation.draw_at_word import predictions_without
from dashboard.capture import ablate as capture
from dashboard.capture import open_model, partial_forward
from dashboard.capture.ablate import RUNS, Held

TEXT = "The keys to the cabinet in the old house were on the table."


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
@pytest.mark.parametrize("by", ["zero", "mean"])
def test_the_figures_are_those_of_a_run_anew(name, by):
    model = open_model(name)
    encoding = model.encode(TEXT)
    held = Held(model, encoding)
    for heads in (["L3H1"], ["L1H0"], ["L3H1", "L5H2"], ["L3H1"]):
        anew = ablate_on_text(model, encoding, heads, by=by).effect
        again = ablate_on_text(model, encoding, heads, by=by, held=held).effect
        for one, other in ((anew.table, again.table), (anew.tokens, again.tokens)):
            measured = one.select_dtypes("number")
            np.testing.assert_allclose(other[measured.columns], measured, atol=2e-6)
        assert len(anew.changed) == len(again.changed)


def test_one_pass_for_the_text_and_one_for_each_set_of_heads(monkeypatch):
    model = open_model("smollm2")
    encoding = model.encode(TEXT)
    partial_forward.resumable(model, encoding, model.numbers)  # tried once for a model, by passes of its own
    held, run = Held(model, encoding), []
    for module, name in ((capture, "whole_pass"), (partial_forward, "resumed_pass")):
        own = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *given, own=own, name=name, **more: run.append(name) or own(*given, **more)
        )
    ablate_on_text(model, encoding, "L9H1", held=held)
    assert run == ["whole_pass", "resumed_pass"]
    found = at_word(predictions_without(model, encoding, ["L9H1"], held=held), 5)
    ablate_on_text(model, encoding, "L2H3", held=held)
    assert run == ["whole_pass", "resumed_pass", "resumed_pass"]
    expected = at_word(predictions_without(model, encoding, ["L9H1"]), 5)
    np.testing.assert_allclose(found.table[["p", "p_ablated"]], expected.table[["p", "p_ablated"]], atol=2e-6)


def test_another_text_is_not_taken_for_it_and_few_runs_are_kept():
    model = open_model("minilm")
    held, other = Held(model, model.encode(TEXT)), model.encode("Another text.")
    alone = ablate_on_text(model, other, "L2H1").effect.table
    assert ablate_on_text(model, other, "L2H1", held=held).effect.table.equals(alone)
    for head in range(RUNS + 3):
        ablate_on_text(model, model.encode(TEXT), f"L2H{head}", held=held)
    assert len(held._runs) == RUNS


def test_a_text_that_takes_too_much_room_runs_anew(monkeypatch):
    monkeypatch.setattr(capture, "MOST_HELD", 1000)
    model = open_model("minilm")
    encoding = model.encode(TEXT)
    held = Held(model, encoding)
    for head in ("L2H1", "L4H1"):
        anew = ablate_on_text(model, encoding, head).effect.table
        again = ablate_on_text(model, encoding, head, held=held).effect.table
        assert again["shift"].tolist() == pytest.approx(anew["shift"].tolist(), abs=1e-6)
    assert held._whole is None and not held._runs
