"""A circuit that is known by construction: two heads make induction, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import open_model, patch, patch_path
from dashboard.builtin import known_truth
from dashboard.heads.head_id import heads_of

SEEDS = range(3)


@pytest.fixture(scope="module", params=SEEDS)
def circuit(request, tmp_path_factory):
    """The model, its two heads, and a pair of texts with their answers."""
    known = known_truth.build("induction", seed=request.param)
    folder = known_truth.write(tmp_path_factory.mktemp("induction"), seed=request.param)
    [first], [second] = known.doing("previous"), known.doing("induction")
    return open_model(str(folder)), first, second, known_truth.induction_pair(known, request.param)


def test_the_two_heads_come_out_first_and_random_ones_carry_little(circuit):
    model, first, second, (a, b, *answers) = circuit
    found = patch(model, a, b, answers=answers, direct=True)
    assert found.m_a > 3 and found.m_b < -3
    order = found.table.sort_values("recovered", ascending=False, ignore_index=True)
    assert set(heads_of(order[:2])) == {first, second}
    assert order["recovered"][:2].min() > 0.7 and order["recovered"][2:].abs().max() < 0.15
    direct = dict(zip(heads_of(found.table), found.table["direct"], strict=True))
    assert direct[second] > 0.7 and abs(direct[first]) < 0.05  # the first head writes for the second alone


def test_the_path_between_them_carries_it_by_the_keys(circuit):
    model, first, second, (a, b, *answers) = circuit
    found = patch_path(model, a, b, first, second, answers=answers).table.set_index("into")["recovered"]
    assert found["all"] > 0.7 and found["keys"] == pytest.approx(found["all"], abs=0.05)
    assert np.abs(found[["queries", "values"]]).max() < 0.05
    others = [head for head in model.all_heads if head.layer == first.layer and head != first]
    for head in others:
        assert abs(patch_path(model, a, b, head, second, answers=answers).table["recovered"]).max() < 0.1
    for head in [head for head in model.all_heads if head.layer == second.layer and head != second]:
        assert abs(patch_path(model, a, b, first, head, answers=answers).table["recovered"]).max() < 0.1


def test_the_first_head_carries_it_where_the_words_stand_that_change_places(circuit):
    model, first, _, (a, b, *answers) = circuit
    found = patch(model, a, b, answers=answers, heads=[first], position="each").table
    assert set(found.nlargest(2, "recovered")["position"]) == {2, 4}  # b and c, after <s> and x or y
