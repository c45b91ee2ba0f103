"""What a model needs of its heads, as it ships: against the profile that ships, and against ablation."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import ablate_in, builtin_corpus
from dashboard.analyses.profile.library import SHIPPED, read_profile
from dashboard.analyses.profile.needs.api import SENTENCES
from dashboard.analyses.profile.needs_job import MEASUREMENT, Request

ENDS = "", "_low", "_high"


def table(model):
    """A row per head, as it ships."""
    return MEASUREMENT.find(Request.of(model)).table.set_index(["layer", "head"])


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_the_bits_are_those_of_the_profile_that_ships(request, name):
    held = table(request.getfixturevalue(name))
    heads = read_profile(SHIPPED / f"{name}-sentences-built-in").heads.set_index(["layer", "head"])
    assert held.index.equals(heads.index) and (held["queries"] == heads["queries"]).all()
    for group in ("total", "position", "syntax", "context"):
        for end in ENDS:
            assert np.allclose(held[f"bits_{group}{end}"], heads[f"bits_{group}{end}"], atol=1e-6)
    assert np.allclose(held["bits_total"] - held["bits_all"], heads["bits_unexplained"], atol=1e-6)


def test_the_effect_is_that_of_ablation_by_zero(minilm):
    again = ablate_in(minilm, builtin_corpus(), ["L5H3", "L5H1"], by="zero", sentences=SENTENCES).table
    again = again.set_index(["layer", "head"])
    assert np.allclose(table(minilm).loc[again.index, again.columns], again, atol=1e-6)


@pytest.mark.parametrize("name, measure", [("minilm", "shift"), ("smollm2", "loss_change")])
def test_a_head_has_figures_where_its_effect_is_told_from_0(request, name, measure):
    held = table(request.getfixturevalue(name))
    told = (held[f"{measure}_low"] > 0) | (held[f"{measure}_high"] < 0)
    for figure in ("even", "position", "position_syntax", "position_context", "all", "syntax", "context"):
        assert (held[f"kept_{figure}"].notna() == told).all()
    for part, with_it in (("syntax", "position_context"), ("context", "position_syntax")):
        assert np.allclose(held[f"kept_{part}"], held["kept_all"] - held[f"kept_{with_it}"], atol=1e-9, equal_nan=True)
