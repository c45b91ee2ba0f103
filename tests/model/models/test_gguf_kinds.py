"""GGUF files of many architectures: the converted model is the one that the file was written from, or a sentence."""

import pytest
import torch

from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.models.gguf.convert import convert
from dashboard.models.resolve import find
from tests.helpers import ggufs, tiny

TEXT = " ".join(tiny.SENTENCES[:2])


@pytest.fixture
def made(tmp_path):
    """The model that a file is written from, and the folder that it is converted to."""

    def of(kind, **more):
        (tmp_path / "file").mkdir()
        model = ggufs.write(kind, tmp_path / "file" / f"{kind}.gguf", **more)
        convert(tmp_path / "file" / f"{kind}.gguf", tmp_path / "made")
        return model, tmp_path / "made"

    return of


@pytest.mark.parametrize("kind", [kind for kind in ggufs.KINDS if kind != "mamba"])
def test_it_is_the_model_that_it_was_written_from(kind, made):
    model, folder = made(kind)
    found = open_model(str(folder))
    ids = torch.tensor([found.encode(TEXT).ids])
    assert ids.shape[1] > 20
    with torch.inference_mode():
        ours = found.last_vectors(ids)
        theirs = model.base_model(ids).last_hidden_state
    assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()


@pytest.mark.parametrize("window", [0, -1])
@pytest.mark.parametrize("kind", ["phi3", "starcoder2", "gemma2"])
def test_a_window_of_none_is_no_window(kind, window, made):
    model, folder = made(kind, **{"attention.sliding_window": window})
    found = open_model(str(folder))
    ids = torch.tensor([found.encode(TEXT).ids])
    written = type(model.config).from_dict(model.config.to_dict() | {"sliding_window": 1000})
    open_to_all = type(model)(written).eval()
    open_to_all.load_state_dict(model.state_dict())
    with torch.inference_mode():
        ours = found.last_vectors(ids)
        theirs = open_to_all.base_model(ids).last_hidden_state
        assert (theirs - model.base_model(ids).last_hidden_state).abs().max() > 0.01, "a window of 8 would be seen"
    assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()


def test_what_another_version_converted_is_converted_again(tmp_path, monkeypatch):
    monkeypatch.setattr("dashboard.models.resolve.make", lambda key, *_: tmp_path / key)
    ggufs.write("llama", tmp_path / "llama.gguf")
    first = find(str(tmp_path / "llama.gguf")).folder
    assert find(str(tmp_path / "llama.gguf")).folder == first
    monkeypatch.setattr("dashboard.models.resolve.VERSION", 3)
    assert find(str(tmp_path / "llama.gguf")).folder != first


def test_an_architecture_without_attention_is_a_sentence(made, refuses):
    _, folder = made("mamba")
    with refuses(UserError):
        open_model(str(folder))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rope.scaling.type": "linear", "rope.scaling.factor": 8.0}, "rope.scaling.factor: 8"),
        ({"rope.scaling.type": "yarn", "rope.scaling.factor": 0.5}, "rope.scaling.factor: 0.5"),
        ({"rope.scaling.factor": 4.0}, "rope.scaling.factor: 4"),
        ({"rope.scale_linear": 4.0}, "rope.scale_linear: 4"),
        ({"rope.scale_linear": 1.0, "rope.scaling.factor": 2.0}, "rope.scaling.factor: 2"),
        ({"rope.scaling.type": "yarn"}, "rope.scaling.type: yarn"),
        ({"rope.scaling.factor": 1.0, "rope.scaling.attn_factor": 1.25}, "rope.scaling.attn_factor: 1.25"),
    ],
)
def test_rotary_positions_that_the_library_does_not_read_are_no_silence(settings, said, made, refuses):
    with refuses(UserError, f"({said})"):
        made("llama", **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"rope.scaling.type": "linear", "rope.scaling.factor": 1.0},
        {"rope.scaling.type": "yarn", "rope.scaling.factor": 1.0, "rope.scaling.attn_factor": 1.0},
        {"rope.scaling.type": "linear"},
        {"rope.scaling.type": "none", "rope.scaling.factor": 4.0},
        {"rope.scaling.factor": 1.0, "rope.scale_linear": 4.0},
        {"rope.scale_linear": 0.0},
    ],
)
def test_a_factor_that_changes_no_rotary_position_is_none(settings, made):
    model, folder = made("llama", **settings)
    found = open_model(str(folder))
    ids = torch.tensor([found.encode(TEXT).ids])
    with torch.inference_mode():
        assert (found.last_vectors(ids) - model.base_model(ids).last_hidden_state).abs().max() < 1e-4


def test_sizes_that_do_not_fit_the_weights_are_a_sentence(made, refuses):
    with refuses(UserError, "_proj.weight", "64"):
        made("qwen2", feed_forward_length=64)
