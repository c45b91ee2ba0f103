"""Weights held as bfloat16: half the memory, the same numbers as the rounded weights give, and said on every figure."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from dashboard import ablate, draw, scores, verify
from dashboard.analyses.explore.api import attentions
from dashboard.capture import open_model
from dashboard.export import figure_bytes
from dashboard.models import bfloat16

TEXT = "The chef waits by the old bridge."


@pytest.fixture
def little_memory(monkeypatch, small):
    """32-bit floats do not fit. The models that other tests use too are open before."""
    for kind in ("bert", "llama", "gpt2", "albert"):
        small(kind)
    for name in ("load", "fits"):
        monkeypatch.setattr(import_module(f"dashboard.models.{name}"), "check_fits", lambda *_: "bfloat16")


@pytest.fixture(scope="module")
def folders(small, tmp_path_factory):
    """Of each kind: a model's folder with weights as they were, the same rounded but stored as float32, and stored as
    bfloat16."""

    def of(kind):
        made = tmp_path_factory.mktemp(kind)
        source = small(kind).source.folder
        weights = load_file(source / "model.safetensors")
        rounded = {name: one.to(torch.bfloat16) for name, one in weights.items()}
        stored = {"as_was": weights, "rounded": {k: v.float() for k, v in rounded.items()}, "halved": rounded}
        for name, tensors in stored.items():
            (made / name).mkdir()
            for file in source.iterdir():
                (made / name / file.name).write_bytes(file.read_bytes())
            save_file(tensors, made / name / "model.safetensors", metadata={"format": "pt"})
        return made

    return of


@pytest.mark.parametrize("kind", ["bert", "llama", "gpt2", "albert"])
def test_the_numbers_are_those_of_the_rounded_weights(folders, little_memory, kind, monkeypatch):
    made = folders(kind)
    held = open_model(str(made / "as_was"))
    halved = open_model(str(made / "halved"))
    monkeypatch.undo()
    expected = open_model(str(made / "rounded"))
    assert held.loaded.dtype == halved.loaded.dtype == "bfloat16" and expected.loaded.dtype == "float32"
    large = [one for one in held.loaded.model.parameters() if one.numel() > 32]
    assert large and {one.dtype for one in large} == {torch.bfloat16}
    for model in (held, halved):
        pd.testing.assert_frame_equal(scores(model, TEXT), scores(expected, TEXT), atol=1e-5, rtol=0)


def test_what_else_a_page_asks_for_works(folders, little_memory, monkeypatch):
    made = folders("llama")
    held = open_model(str(made / "as_was"))
    monkeypatch.undo()
    expected = open_model(str(made / "rounded"))
    one, other = (ablate(model, TEXT, ["L1H2"]).table for model in (held, expected))
    np.testing.assert_allclose(one["loss_change"], other["loss_change"], atol=1e-4)
    assert verify(held, TEXT)[["weights", "output"]].max(axis=None) < 1e-4


def test_every_figure_says_it_and_the_revision_where_it_rounds(folders, little_memory):
    made = folders("bert")
    rounded, lossless = (open_model(str(made / name)) for name in ("as_was", "halved"))
    for model in (rounded, lossless):
        assert model.title.endswith("(bfloat16)") and "held as bfloat16" in model.note
        drawn = draw(attentions(model, TEXT, ["L0H1"])[0], "heatmap")
        assert "(bfloat16)" in figure_bytes(drawn, "svg", drawn.provenance).decode()
        assert drawn.provenance.title == model.title
    assert rounded.revision.endswith(bfloat16.SUFFIX) and "1 part in 256" in rounded.note
    assert not lossless.revision.endswith(bfloat16.SUFFIX) and "nothing is lost" in lossless.note
