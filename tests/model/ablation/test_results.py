"""All heads over our own sentences: what ships is what is measured, what is kept is used for nothing else, the job."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dashboard import UserError, ablate_in, builtin_corpus, head_effects
from dashboard.analyses.ablation.draw import ablate_on_text, draw_ablation, draw_effects, draw_ranking
from dashboard.analyses.ablation.draw_joint import ablate_jointly, draw_joint_ablation
from dashboard.analyses.ablation.results import MEASUREMENT, SENTENCES, HeadEffects, Request
from dashboard.export import snippet
from dashboard.jobs.job import find
from tests.helpers.measurements import nothing_measured

TEXT = "The chef who trained in Osaka says ramen is her favourite food."


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Nothing is kept yet but what comes along of zero."""
    shipped = MEASUREMENT.shipped / "minilm-zero.parquet"
    nothing_measured(monkeypatch, MEASUREMENT, tmp_path)
    MEASUREMENT.shipped.mkdir()
    shutil.copy(shipped, MEASUREMENT.shipped)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "by", "heads"),
    [
        ("minilm", "zero", ["L0H2", "L5H9"]),
        ("minilm", "mean", ["L0H2", "L5H9"]),
        ("smollm2", "zero", ["L29H8"]),
        ("smollm2", "mean", ["L29H8"]),
    ],
)
def test_what_ships_is_what_is_measured(request, name, by, heads):
    model = request.getfixturevalue(name)
    every = MEASUREMENT.find(Request.of(model, by))
    assert every is not None and every.provenance.options["sentences"] == SENTENCES
    again = ablate_in(model, builtin_corpus(), heads, by=by, sentences=SENTENCES).table.set_index(["layer", "head"])
    held = every.table.set_index(["layer", "head"])
    assert len(held) == model.layers * model.heads
    assert np.allclose(held.loc[again.index, again.columns], again, atol=2e-4)


def test_what_is_kept_is_used_for_the_same_and_nothing_else(minilm, cache):
    asked = Request.of(minilm, "mean")
    assert MEASUREMENT.find(asked) is None
    every = head_effects(minilm)
    file = MEASUREMENT.keep(every, asked)
    pd.testing.assert_frame_equal(MEASUREMENT.find(asked).table, every.table, check_dtype=False)
    for other in (
        replace(asked, revision="sha256:0"),
        replace(asked, by="zero", model="mine"),
        replace(asked, heads=11),
        replace(asked, bos=False),
        replace(asked, model="other"),
    ):
        own = MEASUREMENT.folder(other)
        assert own != MEASUREMENT.folder(asked)
        own.mkdir(parents=True)
        shutil.copy(file, own)  # what lies there is of something else
        assert MEASUREMENT.find(other) is None
    # It reads in both directions, and has start tokens of its own.
    assert Request.of(minilm, "mean", bos=False) == asked


@pytest.mark.parametrize("bytes_", [b"", b"PAR1", b"{" * 1000])
def test_a_broken_file_is_told_and_made_again(bytes_, minilm, cache, refuses):
    asked = Request.of(minilm, "mean")
    shipped, file = MEASUREMENT.files(asked)
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes_)
    with refuses(UserError):
        MEASUREMENT.find(asked)
    shutil.copy(shipped.with_name("minilm-zero.parquet"), file)
    assert MEASUREMENT.find(asked) is None


def test_a_table_without_its_columns_is_told(minilm, cache, refuses):
    asked = Request.of(minilm, "mean")
    every = head_effects(minilm)
    MEASUREMENT.keep(HeadEffects(every.table.drop(columns="shift_low"), every.provenance), asked)
    with refuses(UserError):
        MEASUREMENT.find(asked)


def test_all_heads_are_measured_in_the_background(small_model, cache, refuses):
    """A folder's model; what is found is what is measured here, and is used from then on."""

    def peaked(model):
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "norm" not in name:
                parameter.normal_(0, parameter.shape[-1] ** -0.5)

    model = small_model("distilbert", peaked)
    job = MEASUREMENT.begin(Request.of(model))
    with refuses(UserError):
        MEASUREMENT.begin(Request.of(model, bos=False))  # the same: the start token makes no difference to it
    end = time.monotonic() + 200
    while job.progress.state == "going" and time.monotonic() < end:
        time.sleep(0.1)
    assert job.progress.state == "done", job.progress
    assert find(job.out) == job and job.how == {"by": "zero", "bos": True}
    every = MEASUREMENT.find(Request.of(model))
    expected = ablate_in(model, builtin_corpus(), sentences=SENTENCES).table
    assert np.allclose(every.table, expected, atol=1e-5) and set(os.listdir(job.out)) >= {MEASUREMENT.file}
    assert head_effects(model).table.equals(every.table)


def test_what_is_drawn_says_what_makes_it_again(minilm, smollm2, tmp_path, monkeypatch, refuses):
    monkeypatch.chdir(tmp_path)
    found = ablate_on_text(minilm, TEXT, "L2H9", by="mean", limit=9)
    every = head_effects(minilm)
    for chart in (
        draw_ablation(found, unit="tokens", special="hide", width=500),
        draw_ablation(ablate_on_text(smollm2, TEXT, "L29H0", bos=False), theme="dark"),
        draw_ablation(ablate_on_text(smollm2, TEXT, ["L29H0", "L28H3"]), width=500),
        draw_joint_ablation(ablate_jointly(minilm, TEXT, ["L5H1", "L2H9"], by="mean", limit=9), width=500),
        draw_ranking(every, "L2H9", width=700),
        draw_effects(every, theme="dark"),
    ):
        names = {}
        exec(snippet(chart.provenance), names)
        assert names["thing"].to_dict() == chart.to_dict()
        [file] = tmp_path.glob("*.svg")
        file.unlink()
    with refuses(UserError, "L9H0"):
        draw_ranking(every, "L9H0")
