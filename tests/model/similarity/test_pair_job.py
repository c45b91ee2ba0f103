"""Distances between two models that are kept: in both directions, and only ever used for what they are of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.analyses.similarity import pair_job
from dashboard.analyses.similarity.api import distances_between, similar_heads_elsewhere
from dashboard.analyses.similarity.embedding import elsewhere_finding
from dashboard.errors import UserError
from dashboard.heads.view import HeadId
from tests.helpers.sentences import heads_in, numbers, wording


@pytest.fixture(scope="module")
def made(minilm, smollm2):
    return distances_between(minilm, smollm2, limit=3)


@pytest.fixture
def kept(minilm, smollm2, made, tmp_path, monkeypatch):
    """The pair as a person's own, with none that comes along."""
    monkeypatch.setattr(pair_job, "SHIPPED", tmp_path / "none")
    monkeypatch.setattr(pair_job, "cache_dir", lambda: tmp_path)
    asked = pair_job.Asked.of(minilm.source, smollm2.source)
    return asked, pair_job.keep_pair(made, asked, pair_job.folder_for(asked) / pair_job.FILE)


def test_one_file_serves_both_directions(minilm, smollm2, made, kept, snapshot):
    there = pair_job.find_pair(minilm.source, smollm2.source)
    back = pair_job.find_pair(smollm2.source, minilm.source)
    assert np.abs(there.values - made.values).max() < 1e-6 and np.array_equal(there.rows, made.rows)
    assert np.array_equal(back.values, there.values.T) and back.per_layer == (9, 12) and there.used == made.used == 3
    assert pair_job.Asked.of(smollm2.source, minilm.source) == kept[0]
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
    assert pair_job.read_pair(file, asked) is not None
    assert pair_job.read_pair(file, replace(asked, **other)) is None
    assert pair_job.read_pair(file.with_name("none.npz"), asked) is None


@pytest.mark.parametrize("damage", ["cut", "text", "beyond"])
def test_a_broken_pair_is_told(made, kept, damage):
    asked, file = kept
    whole = file.read_bytes()
    if damage == "beyond":
        pair_job.keep_pair(replace(made, values=made.values + 1), asked, file)
    else:
        file.write_bytes({"cut": whole[: len(whole) // 2], "text": b"no distances at all"}[damage])
    with pytest.raises(UserError, match=r"broken and cannot be read\. Measure the two models again"):
        pair_job.read_pair(file, asked)


def test_the_pair_that_comes_along_is_of_these_models_and_sentences(minilm, smollm2, made):
    found = pair_job.find_pair(minilm.source, smollm2.source)
    assert found.values.shape == (72, 270) and found.used > 300
    assert np.corrcoef(found.values.ravel(), made.values.ravel())[0, 1] > 0.9
