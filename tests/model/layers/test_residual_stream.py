"""What the layers do to words: known answers on made-up vectors, and a second way on real ones."""

import numpy as np
import pandas as pd
import pytest
import torch

from dashboard.analyses.layers import api as depth
from dashboard.analyses.layers.residual_stream import MEASURES, NEAREST, Streaming, residual_stream
from dashboard.capture.residual_stream import Step
from dashboard.errors import UserError

TEXT = "The chef who trained in Osaka says ramen is her favourite food."


def test_a_step_worked_out_by_hand():
    """Two tokens of one word, a special token: the word goes from (3, 4) to (3, 9), 3 of 5 by attention."""
    before = torch.tensor([[2.0, 4.0], [4.0, 4.0], [1.0, 0.0]])
    attention = torch.tensor([[1.0, 3.0], [-1.0, 3.0], [0.0, 0.0]])
    forward = torch.tensor([[0.0, 2.0], [0.0, 2.0], [0.0, 0.0]])
    found = Streaming(torch.tensor([0, 0, 1]), torch.tensor([2.0, 1.0]).double(), torch.tensor([0]))
    found.step(Step(0, before, attention, forward, torch.zeros(3, 2), before + attention + forward))
    [row] = found.rows
    assert row["moved"][0] == pytest.approx(5 / 5)
    assert row["turned"][0] == pytest.approx(1 - (3 * 3 + 4 * 9) / (5 * 90**0.5), abs=1e-6)
    assert row["attention"][0] == pytest.approx(3 / 5) and row["attention_share"][0] == pytest.approx(3 / 5)
    assert row["feed_forward"][0] == pytest.approx(2 / 5) and row["feed_forward_share"][0] == pytest.approx(2 / 5)
    assert row["moved"][1] == 0 and np.isnan(row["attention_share"][1])  # nothing moved, so nobody has a share
    assert not found.normalises and found.near[0][0].shape == (1, 0)  # one word is near to nobody


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
@pytest.mark.parametrize("unit", ["words", "tokens"])
def test_movement_and_nearness_equal_those_from_the_models_own_hidden_states(name, unit, request):
    model = request.getfixturevalue(name)
    encoding = model.encode(TEXT)
    with torch.no_grad():
        states = model.loaded.model(torch.tensor([encoding.ids]), output_hidden_states=True).hidden_states
    if model.causal:
        states = states[:-1]  # the last one is normalised once more
    axis = encoding.axis(unit)
    shown = [k for k in range(len(axis.labels)) if not axis.special[k]]
    vectors = np.array([[state[0].numpy()[list(axis.members[k])].mean(0) for k in shown] for state in states], float)
    found = residual_stream(model, encoding, unit=unit)
    length = np.linalg.norm(vectors, axis=-1)
    moved = np.linalg.norm(np.diff(vectors, axis=0), axis=-1) / length[:-1]
    cosine = (vectors[1:] * vectors[:-1]).sum(-1) / (length[1:] * length[:-1])
    layers = len(moved)
    assert np.allclose(found.numbers["moved"][:layers], moved, rtol=1e-3)
    assert np.allclose(found.numbers["turned"][:layers], 1 - cosine, atol=1e-3)
    total = sum(found.numbers[f"{part}_share"] for part in ("attention", "feed_forward", "normalisation"))
    assert np.allclose(total, 1, atol=1e-4)
    for stage, state in enumerate(vectors):
        own = state - state.mean(0)
        own /= np.linalg.norm(own, axis=-1, keepdims=True)
        near = own @ own.T - 3 * np.eye(len(own))
        assert np.allclose(np.sort(near, 1)[:, ::-1][:, :NEAREST], found.cosine[stage], atol=1e-3)
        here = np.take_along_axis(near, found.near[stage], 1)
        assert np.allclose(here, found.cosine[stage], atol=1e-3)


def test_only_a_model_that_normalises_the_stream_has_a_third_part(minilm, smollm2):
    assert residual_stream(minilm, minilm.encode(TEXT)).normalises
    found = residual_stream(smollm2, smollm2.encode(TEXT))
    assert not found.normalises
    assert set(found.parts(3)["part"]) == {"attention", "feed_forward"}


def test_special_positions_are_listed_when_shown_and_never_counted(minilm):
    encoding = minilm.encode(TEXT)
    hidden, shown = residual_stream(minilm, encoding), residual_stream(minilm, encoding, special="show")
    assert shown.labels[0] == "[CLS]" and len(shown) == len(hidden) + 2
    assert np.allclose(hidden.mean("moved"), shown.mean("moved"))
    assert np.array_equal(hidden.near, shown.near)
    assert shown.known(int(shown.words[7])) == hidden.known(7) == "ramen"
    assert hidden.neighbours(7)["text"].tolist() == shown.neighbours(8)["text"].tolist()
    assert shown.neighbours(0).empty


def test_tables_say_the_same_numbers(minilm):
    found = residual_stream(minilm, minilm.encode(TEXT + " The chef says so."))
    rows = found.table()
    assert len(rows) == found.layers * len(found)
    one = rows[(rows["layer"] == 3) & (rows["position"] == 7)].iloc[0]
    assert one["text"] == "ramen" and one["moved"] == found.numbers["moved"][3, 7]
    assert found.known(0) == "The (1)"  # it stands there twice
    near = found.neighbours(7)
    assert near["stage"].max() == found.layers and near["rank"].tolist()[:5] == [1, 2, 3, 4, 5]
    assert (near.groupby("stage")["cosine"].diff().dropna() <= 1e-6).all()
    window = found.window(3, 8)
    assert window.labels == found.labels[3:8] and window.whole == len(found)
    pd.testing.assert_frame_equal(
        window.table().reset_index(drop=True), rows[rows["position"].between(3, 7)].reset_index(drop=True)
    )


@pytest.mark.parametrize("text", ["a", "Hi there", "🍜", "مرحبا", "e\u0301 \x00 x", "word " * 300])
def test_any_text_is_followed_and_drawn(minilm, text):
    found = depth.residual_stream(minilm, text, special="show")
    for measure in [*found.measures, "journey"]:
        drawn = depth.draw_residual_stream(found, measure, word=0, width=600)
        assert drawn.description.endswith(".")


def test_a_measure_or_a_word_that_is_not_there_is_told(minilm, refuses):
    found = depth.residual_stream(minilm, "Birds sing.")
    assert set(MEASURES) - set(found.measures) == {"cross_attention_share"}  # it has no source
    with refuses(UserError):
        depth.draw_residual_stream(found, "nothing")
    with refuses(UserError, "0 to 2"):
        depth.draw_residual_stream(found, "journey", word=3)
