"""A figure that is no number does not pass for a figure that agrees."""

from dataclasses import replace

import pytest

from dashboard import verify
from dashboard.analyses.inside.api import differs
from dashboard.analyses.inside.verify import Check
from dashboard.capture import open_model
from tests.helpers import tiny

TEXT = " ".join(tiny.SENTENCES[:2])


def test_what_cannot_be_compared_does_not_pass():
    nan = float("nan")
    sound = Check(0, "x", 0.0, 1e-7, 3.0)
    assert sound.holds and replace(sound, output=nan, size=nan).holds  # no output projection to be seen
    assert not replace(sound, weights=nan).holds
    assert not replace(sound, output=nan).holds
    assert not replace(sound, output=float("inf"), size=nan).holds


@pytest.mark.parametrize("where", ["weights", "output"])
def test_verify_counts_what_is_no_number(where, tiny_model):
    model = open_model(str(tiny_model("llama")))
    table = verify(model, TEXT)
    assert not differs(table)
    assert differs(table.assign(**{where: [0.0, float("nan"), 0.0]}))


def test_a_model_that_computes_no_number_differs(tiny_model):
    model = open_model(str(tiny_model("llama")))
    model.loaded.model.layers[2].self_attn.o_proj.weight[0, 0] = float("nan")
    assert differs(verify(model, TEXT))
