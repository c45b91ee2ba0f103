"""Distances between two models that are kept: in both directions, and only ever used for what they are of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.analyses.similarity.api import distances_between, similar_heads_elsewhere
from dashboard.analyses.similarity.pair_job import MEASUREMENT, Request
from dashboard.analyses.similarity.text import elsewhere_finding
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from tests.helpers.measurements import nothing_measured
from tests.helpers.sentences import heads_in, numbers, wording


@pytest.fixture(scope="module")
def made(minilm, smollm2):
    return distances_between(minilm, smollm2, limit=3)


@pytest.fixture
def kept(minilm, smollm2, made, tmp_path, monkeypatch):
    """The pair as a person's own, with none that comes along."""
    nothing_measured(monkeypatch, MEASUREMENT, tmp_path)
    asked = Request.of(minilm.source, smollm2.source)
    return asked, MEASUREMENT.keep(made, asked)


def test_one_file_serves_both_directions(minilm, smollm2, made, kept, snapshot):
    asked = Request.of(smollm2.source, minilm.source)
    there, back = (asked.rows_of(model.source, MEASUREMENT.find(asked)) for model in (minilm, smollm2))
    assert np.abs(there.values - made.values).max() < 1e-6 and np.array_equal(there.rows, made.rows)
    assert np.array_equal(back.values, there.values.T) and back.per_layer == (9, 12) and there.used == made.used == 3
    assert asked == kept[0]
    row = made.values[2 * 12 + 8]
    like = similar_heads_elsewhere(there, "L2H8", 1).iloc[0]
    assert like["distance"] == pytest.approx(row.min(), abs=1e-6)
    said, best = elsewhere_finding(there, HeadId(2, 8), "SmolLM2"), f"L{int(like['layer'])}H{int(like['head'])}"
    assert heads_in(said) == [best, "L2H8"]
    assert numbers(said) == pytest.approx([270, row.min(), sorted(row)[135]], abs=0.0006)
    assert wording(said).replace(best, "the head") == snapshot


@pytest.mark.parametrize("other", [{"first": ("minilm", "x")}, {"bos": False}, {"sha256": "0"}])
def test_a_pair_of_something_else_is_not_used(kept, other):
    asked, file = kept
    assert MEASUREMENT.read(file, asked) is not None
    assert MEASUREMENT.read(file, replace(asked, **other)) is None
    assert MEASUREMENT.read(file.with_name("none.npz"), asked) is None


@pytest.mark.parametrize("damage", ["cut", "text", "beyond"])
def test_a_broken_pair_is_told(made, kept, damage, refuses):
    asked, file = kept
    whole = file.read_bytes()
    if damage == "beyond":
        MEASUREMENT.keep(replace(made, values=made.values + 1), asked, file)
    else:
        file.write_bytes({"cut": whole[: len(whole) // 2], "text": b"no distances at all"}[damage])
    with refuses(UserError):
        MEASUREMENT.read(file, asked)


def test_the_pair_that_comes_along_is_of_these_models_and_sentences(minilm, smollm2, made):
    found = MEASUREMENT.find(Request.of(minilm.source, smollm2.source))
    assert found.values.shape == (72, 270) and found.used > 300
    assert np.corrcoef(found.values.ravel(), made.values.ravel())[0, 1] > 0.9
