"""GGUF files of many architectures: the converted model is the one that the file was written from, or a sentence."""

import pytest
import torch

from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.models.convert import convert
from tests.model import ggufs, tiny

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


def test_an_architecture_without_attention_is_a_sentence(made):
    _, folder = made("mamba")
    with pytest.raises(UserError, match="hands out no attention weights"):
        open_model(str(folder))


def test_rotary_positions_that_the_library_does_not_read_are_no_silence(made):
    with pytest.raises(UserError, match=r"changes its rotary positions \(rope\.scaling\.type: linear\)"):
        made("llama", **{"rope.scaling.type": "linear", "rope.scaling.factor": 8.0})


def test_sizes_that_do_not_fit_the_weights_are_a_sentence(made):
    with pytest.raises(UserError, match=r"mlp\.\w+_proj\.weight is .* and they ask for"):
        made("qwen2", feed_forward_length=64)
