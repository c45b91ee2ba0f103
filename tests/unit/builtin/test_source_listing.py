"""The code that is shown is the code that ran, and the marks stand on the right lines."""

from __future__ import annotations

import inspect

import pytest
import torch

from dashboard.builtin.attention import attend, multi_head, project, single_head
from dashboard.builtin.source_listing import STEPS, listing

FUNCTIONS = ((single_head, attend), (project, attend, multi_head), (attend,))


def test_the_steps_are_the_fields_in_the_order_of_the_arithmetic():
    assert STEPS == (
        "x",
        "q",
        "k",
        "v",
        "scores",
        "scaled",
        "masked",
        "weights",
        "mixed",
        "joined",
        "output",
    )


@pytest.mark.parametrize("functions", FUNCTIONS)
@pytest.mark.parametrize("docstrings", [True, False])
def test_every_marked_line_computes_its_step(functions, docstrings):
    shown = listing(*functions, docstrings=docstrings)
    code = shown.code.splitlines()
    for step, line in shown.lines.items():
        text = code[line - 1]
        assert text.lstrip().startswith(f"{step} = ") or f"{step}: Tensor" in text


def test_every_step_of_a_layer_is_marked_and_only_what_is_given_is_a_parameter():
    shown = listing(project, attend, multi_head)
    assert set(shown.lines) == set(STEPS)
    code = shown.code.splitlines()
    computed = [step for step in STEPS if code[shown.lines[step] - 1].lstrip().startswith(f"{step} = ")]
    assert computed == list(STEPS[1:])


def test_of_one_head_all_but_what_belongs_to_several():
    assert set(listing(single_head, attend).lines) == set(STEPS) - {"joined", "output"}
    assert set(listing(attend).lines) == {"q", "k", "v", "scores", "scaled", "masked", "weights", "mixed"}


def test_with_docstrings_it_is_the_source_to_the_letter():
    shown = listing(single_head, attend, docstrings=True)
    assert shown.code == inspect.getsource(single_head) + "\n\n" + inspect.getsource(attend).rstrip("\n")


def test_without_docstrings_only_these_are_missing_and_it_still_runs():
    shown = listing(attend)
    assert '"""' not in shown.code
    whole = inspect.getsource(attend).splitlines()
    assert [line for line in whole if line in shown.code.splitlines()] == shown.code.splitlines()
    q, k, v = torch.randn(3, 4, 2)
    space = dict(attend.__globals__)
    exec(compile(shown.code, "shown", "exec"), space)
    assert torch.equal(space["attend"](q, k, v).mixed, attend(q, k, v).mixed)


def test_a_screen_holds_it():
    for functions in FUNCTIONS:
        code = listing(*functions).code.splitlines()
        assert len(code) <= 40
        assert max(map(len, code)) <= 120
