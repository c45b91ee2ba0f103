"""Maps that are kept: written, read again, and only ever used for what they are of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.analyses.similarity.api import draw_clusters, draw_map, map_heads
from dashboard.analyses.similarity.map_job import MEASUREMENT, Request
from dashboard.analyses.similarity.text import map_finding
from dashboard.errors import UserError
from dashboard.export import figure_bytes, file_stem, snippet
from dashboard.heads.head_id import HeadId


@pytest.fixture(scope="module")
def made(minilm):
    return map_heads(minilm, limit=4)


def test_a_kept_map_is_the_same_when_it_is_read_again(minilm, made, tmp_path):
    asked = Request.of(minilm)
    again = MEASUREMENT.read(MEASUREMENT.keep(made, asked, tmp_path / "deep" / "map.npz"), asked)
    assert np.abs(again.distances - made.distances).max() < 1e-6
    assert again.table["nearest"].tolist() == made.table["nearest"].tolist()
    assert again.table[["x", "y"]].to_numpy() == pytest.approx(made.table[["x", "y"]].to_numpy(), abs=1e-5)
    assert map_finding(again) == map_finding(made)
    assert again.table.attrs["provenance"]["recipe"] == made.table.attrs["provenance"]["recipe"]


@pytest.mark.parametrize("other", [{"revision": "x"}, {"bos": False}, {"sha256": "0"}, {"layers": 5}])
def test_a_map_of_something_else_is_not_used(minilm, made, tmp_path, other):
    asked = Request.of(minilm)
    file = MEASUREMENT.keep(made, asked, tmp_path / "map.npz")
    assert MEASUREMENT.read(file, replace(asked, **other)) is None
    assert MEASUREMENT.read(tmp_path / "none.npz", asked) is None


@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_a_broken_map_is_told(minilm, made, tmp_path, damage, refuses):
    asked = Request.of(minilm)
    file = MEASUREMENT.keep(made, asked, tmp_path / "map.npz")
    whole = file.read_bytes()
    file.write_bytes({"cut": whole[: len(whole) // 2], "text": b"no map at all", "empty": b""}[damage])
    with refuses(UserError):
        MEASUREMENT.read(file, asked)


def test_roles_by_name_are_drawn_as_the_lines_beside_a_map_write_them(made):
    roles = {HeadId(0, 0): "syntax", HeadId(2, 8): "context"}
    drawn = draw_map(made, roles=roles)
    assert drawn.to_dict() == draw_map(made, roles={str(head): role for head, role in roles.items()}).to_dict()
    assert drawn.to_dict() != draw_map(made, roles={}).to_dict()
    assert "roles={'L0H0': 'syntax', 'L2H8': 'context'}" in drawn.provenance.recipe


def test_the_lines_beside_the_clusters_draw_them_again(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drawn = draw_clusters(made, selected=HeadId(2, 8), width=500)
    exec(snippet(drawn.provenance), {})
    again = tmp_path / f"{file_stem(drawn.provenance)}.svg"
    assert "clusters" in again.name and again.read_bytes() == figure_bytes(drawn, "svg", drawn.provenance)


def test_the_maps_that_come_along_are_of_these_models_and_sentences(minilm, smollm2):
    for model in (minilm, smollm2):
        found = MEASUREMENT.find(Request.of(model))
        assert len(found.table) == model.layers * model.heads
        assert found.sentences > 300
    few = map_heads(minilm, limit=12)
    whole = MEASUREMENT.find(Request.of(minilm))
    upper = np.triu_indices(len(whole.distances), 1)
    assert np.corrcoef(whole.distances[upper], few.distances[upper])[0, 1] > 0.95
