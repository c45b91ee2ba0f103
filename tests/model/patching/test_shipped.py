"""The sets that come with the dashboard are those that are offered, and what the library's own model gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashboard.analyses.patching.set_api import set_of
from dashboard.analyses.patching.set_job import MEASUREMENT, Request
from dashboard.analyses.patching.sets import pair_sets, set_named
from dashboard.analyses.patching.text import set_finding
from dashboard.heads.continuation import tokens_of
from tests.helpers import patched
from tests.helpers.sentences import plain

SETS = sorted(file.stem.partition("-")[2] for file in MEASUREMENT.shipped.glob("smollm2-*.npz"))


def test_every_set_ships():
    assert sorted(pair_sets()) == SETS


@torch.inference_mode()
@pytest.mark.parametrize("name", SETS)
def test_what_ships_is_what_hooks_of_the_library_give(name, opened):
    model = opened("smollm2")
    request = Request.of(model, name)
    found = MEASUREMENT.read(MEASUREMENT.shipped_file(request), request)
    assert found is not None, "measure it again: make pairs"
    assert found.heads == model.all_heads and found.total == len(set_named(name).pairs)
    assert len(found.places) + len(found.left_out) == found.total and len(found.places) >= 30
    root = patched.librarys(model)
    modules = patched.projections(root)
    row = len(found.places) // 2
    pair = set_named(name).pairs[found.places[row]]
    a, b = model.encode(pair.a), model.encode(pair.b)
    answer, rival = (tokens_of(model, a, word)[0] for word in (pair.answer, pair.rival))

    def difference(ids):
        logits = patched.logits(root, ids)
        return float(logits[answer] - logits[rival])

    m_a, m_b = difference(a.ids), difference(b.ids)
    assert found.m[row] == pytest.approx((m_a, m_b), abs=1e-3)
    donor = patched.taken(root, a.ids, modules)
    best = np.argsort(-abs(found.recovered[row]))[:3]
    for place in best:
        head = found.heads[place]
        with patched.inputs_changed(
            {modules[head.layer]: patched.with_head(donor[head.layer], head.head, model.heads)}
        ):
            recovered = (difference(b.ids) - m_b) / (m_a - m_b)
        assert found.recovered[row, place] == pytest.approx(recovered, abs=1e-3), head
    said = plain(set_finding(set_of(model, found), model.title))
    assert f"{len(found.places)} pairs" in said and "95 % interval" in said
