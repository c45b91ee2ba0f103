"""The bits of the untrained twin beside those of a profile, and what of twins comes with the dashboard."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dashboard.analyses.ablation import results
from dashboard.analyses.ablation.draw import effects_with_twin
from dashboard.analyses.ablation.rank_chart import effect_ranking
from dashboard.analyses.profile.api import draw_budget, draw_scatter
from dashboard.analyses.profile.library import profile_library, read_profile
from dashboard.analyses.profile.text import twin_remark
from dashboard.analyses.profile.twin import MEASUREMENT, Request, profile_with_twin, twin_bits, with_twin
from dashboard.analyses.scores.twin import MEASUREMENT as scores_of_twins
from dashboard.charts.look import Look
from dashboard.errors import UserError
from dashboard.export.snippet import snippet
from dashboard.jobs.results import AllHeads, twin_request, unpack
from dashboard.models import find
from tests.helpers.charts import svg_of
from tests.helpers.sentences import numbers
from tests.helpers.shipped import effects, profile

AGAIN = "The twin of this version of transformers is another one: run `make twins`."


def shipped(name: str):
    """Every profile of a model that comes with the dashboard whose twin's bits do too."""
    every = [read_profile(one.folder) for one in profile_library() if one.shipped and one.model == name]
    return [one for one in every if MEASUREMENT.shipped_file(Request.of_profile(find(name), one)).exists()]


def test_the_bits_of_minilms_twin_come_with_both_of_its_profiles():
    assert len(shipped("minilm")) == 2, AGAIN
    for one in shipped("minilm"):
        found = twin_bits(find("minilm"), one)
        assert found is not None and len(found) == len(one.heads), AGAIN
        assert (found["bits_context"] < 0.02).all() and one.heads["bits_context"].max() > 0.2
        shares = found.filter(like="budget_").sum(axis=1)
        np.testing.assert_allclose(shares, 1, atol=1e-5)


@pytest.mark.parametrize("by", ["zero", "mean"])
def test_the_effects_of_minilms_twin_come_with_it(by):
    own = results.Request("minilm", find("minilm").revision, 6, 12, True, by=by, numbers=tuple(range(6)))
    assert results.MEASUREMENT.find(own) is not None
    found = results.MEASUREMENT.find(twin_request(own, find("minilm")))
    assert found is not None, AGAIN
    assert found.provenance.model == "untrained:minilm" and found.table["shift"].max() < 0.01
    both = effects_with_twin(results.MEASUREMENT.find(own), found)
    assert both.table["shift"].equals(results.MEASUREMENT.find(own).table["shift"])
    assert np.array_equal(both.table["untrained_shift"], found.table["shift"])


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_scores_over_a_text_come_with_both_models(name):
    """Which text, and what they are, a page and a model say: tests/page/explore and tests/model/scores."""
    of_twin = twin_request(AllHeads(name, find(name).revision, 0, 0, True), find(name))
    files = scores_of_twins.shipped.glob(f"untrained-{name}-*.npz")
    held = [unpack(file.read_bytes())[0]["of"] for file in files]
    assert [(one["model"], one["revision"]) for one in held] == [(of_twin.model, of_twin.revision)], AGAIN


def test_a_profile_with_its_twin_is_drawn_and_made_again():
    own = shipped("minilm")[0]
    both = profile_with_twin(own)
    assert own.heads.equals(both.heads[list(own.heads)]) and profile_with_twin(both) is both
    one, two = draw_scatter(own), draw_scatter(both)
    assert "twin_x" in str(two.spec) and "twin_x" not in str(one.spec)
    assert "profile_with_twin(" in snippet(two.provenance) and "profile_with_twin" not in snippet(one.provenance)
    assert "untrained twin" in str(draw_budget(both, "L2H0").spec)
    assert "untrained" not in str(draw_budget(own, "L2H0").spec)


@pytest.mark.parametrize("width", [358, 600])
def test_a_budget_with_its_twin_is_as_wide_as_it_is_asked_to_be(width):
    svg = svg_of(draw_budget(profile_with_twin(shipped("minilm")[0]), "L3H1", width=width))
    [found] = re.findall(r'<svg[^>]* width="([\d.]+)"', svg)
    assert float(found) <= width + 3  # whole pixels


def test_the_remark_has_the_twins_numbers():
    known = {"total": 0.5, "position": 0.25, "syntax": 0.125, "context": -0.001}
    row = {f"untrained_bits_{name}": value for name, value in known.items()}
    assert numbers(twin_remark(row)) == [0.5, 0.25, 0.125, -0.001]
    assert twin_remark({"bits_total": 1.0}) == ""


def test_a_twins_bits_with_other_heads_are_refused(refuses):
    with refuses(UserError):
        with_twin(profile(), profile().heads.iloc[1:])


def test_the_ranking_has_a_tick_for_each_head_of_the_twin():
    table = effects().assign(untrained_shift=0.03)
    how = {"title": "", "subtitle": [], "description": ""}
    one, two = (effect_ranking(some, Look(), **how) for some in (effects(), table))
    assert str(two.spec).count("'twin': 0.03") == len(table) and "'twin'" not in str(one.spec)
    assert "untrained twin 0.03" in str(two.spec)
