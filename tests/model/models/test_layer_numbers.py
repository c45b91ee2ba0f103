"""Layers are named by the numbers that the model has for them."""

import pytest
import torch

from dashboard import ablate, attention, profile, scores, verify
from dashboard.analyses.explore.api import attentions
from dashboard.analyses.profile.library import read_profile
from dashboard.capture import open_model
from dashboard.cli import main
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, heads_of
from tests.helpers import tiny
from tests.helpers.eager import by_the_library
from tests.helpers.sentences import numbers

TEXT = " ".join(tiny.SENTENCES[:2])


@pytest.fixture
def hybrid(tiny_model):
    return open_model(
        str(
            tiny_model(
                "lfm2", layer_types=["conv", "conv", "full_attention", "conv", "full_attention"], num_hidden_layers=5
            )
        )
    )


def test_layers_are_named_by_the_models_own_numbers(hybrid, refuses):
    assert (hybrid.layers, hybrid.numbers, hybrid.extent) == (5, (2, 4), "attention in 2 of 5 layers")
    assert numbers(hybrid.note) == [2, 5, 2, 4]
    encoding = hybrid.encode(TEXT)
    first, last = by_the_library(hybrid.source.folder, encoding.ids)
    views = attentions(hybrid, encoding, ["L4H3", "L2H0"])
    assert abs(views[0].weights - last[3]).max() < 1e-5 and abs(views[1].weights - first[0]).max() < 1e-5
    for wrong in ("L0H0", "L3H1"):
        with refuses(UserError, f"ayer {wrong[1]}", "2 and 4"):
            attention(hybrid, TEXT, wrong)
    assert sorted(set(scores(hybrid, encoding)["layer"])) == [2, 4]
    assert list(verify(hybrid, encoding)["layer"]) == [2, 4]


def test_an_ablated_head_is_that_of_the_layer_named(hybrid):
    """Against the same model with the rows of this head's output projection set to 0."""
    encoding = hybrid.encode(TEXT)
    effect = ablate(hybrid, encoding.text, ["L2H1", "L4H2"])
    assert [(int(row.layer), int(row.head)) for row in effect.table.itertuples()] == [(2, 1), (4, 2)]
    from dashboard.capture.ablate import ablate as without

    ids = torch.tensor([encoding.ids])
    _, runs = without(hybrid, [encoding], [[HeadId(4, 2)]])
    found = next(iter(runs)).vectors[0, 0]
    projection = hybrid.loaded.model.layers[4].self_attn.out_proj.weight
    kept = projection.detach().clone()
    projection[:, 16:24] = 0
    expected = hybrid.loaded.model(ids).last_hidden_state[0]
    projection.copy_(kept)
    assert abs(found - expected).max() < 1e-5
    assert abs(found - hybrid.loaded.model(ids).last_hidden_state[0]).max() > 1e-3


def test_a_profile_of_some_layers_is_read_back_with_their_numbers(hybrid, treebank, tmp_path):
    made = profile(hybrid, treebank, tmp_path / "profile", limit=8)
    back = read_profile(tmp_path / "profile")
    for table in (made.heads, made.dependencies, made.best, back.heads, back.dependencies, back.moments):
        assert set(table["layer"]) <= {2, 4}
    assert heads_of(back.heads) == list(hybrid.all_heads)


def test_the_command_line_speaks_of_the_same_layers(hybrid, tmp_path, capsys):
    folder, out = str(hybrid.source.folder), tmp_path / "x.csv"
    assert main(["attention", TEXT, "--model", folder, "--layer", "4", "--head", "0", "--out", str(out)]) == 0
    assert hybrid.extent in capsys.readouterr().err
    assert main(["attention", TEXT, "--model", folder, "--layer", "0", "--head", "0", "--out", str(out)]) == 2
    assert "Layer 0 of" in capsys.readouterr().err


def test_no_head_is_named_that_is_not_there(tiny_model, refuses):
    model = open_model(str(tiny_model("gpt2")))
    with refuses(UserError, "L3H0"):
        attention(model, TEXT, HeadId(3, 0))
