"""What the layers of a decoder add, and its rollout into the source: against hooks, and a second way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashboard import draw, draw_residual_stream, of_part, open_model, residual_stream, rollout
from dashboard.analyses.contribution.rollout import rollout_from_source
from dashboard.analyses.explore.api import provenance
from dashboard.analyses.explore.text import finding
from dashboard.analyses.layers.text import word_finding
from dashboard.capture.residual_stream import follow
from dashboard.errors import UserError
from tests.helpers.snippets import thing_of
from tests.helpers.two_stacks import SOURCE, TARGET, by_the_library, write, write_copier


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Tiny models by kind, as `open_model` gives them."""
    made = {}

    def get(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp("layers") / kind
            (write_copier if kind == "copier" else lambda one: write(kind, one))(folder)
            made[kind] = open_model(str(folder))
        return made[kind]

    return get


class Steps:
    def __init__(self):
        self.steps = []

    def step(self, step):
        self.steps.append(step)


# kind → the modules of layer {} that compute self attention, cross attention and feed-forward
MODULES = {
    "bart": (
        "model.decoder.layers.{}.self_attn",
        "model.decoder.layers.{}.encoder_attn",
        "model.decoder.layers.{}.fc2",
    ),
    "t5": (
        "decoder.block.{}.layer.0.SelfAttention",
        "decoder.block.{}.layer.1.EncDecAttention",
        "decoder.block.{}.layer.2.DenseReluDense",
    ),
}


@pytest.mark.parametrize("kind", MODULES)
def test_the_parts_of_a_layer_are_what_its_modules_give(opened, kind):
    model = opened(kind)
    decoder = of_part(model, "decoder", SOURCE)
    found = Steps()
    follow(decoder, decoder.encode(TARGET), found)
    library, taken = by_the_library(model.source.folder), {}
    modules = dict(library.named_modules())
    hooks = [
        modules[path.format(layer)].register_forward_hook(
            lambda _m, _a, output, key=(layer, place): taken.update(
                {key: (output[0] if isinstance(output, tuple) else output)[0].detach()}
            )
        )
        for layer in range(decoder.layers)
        for place, path in enumerate(MODULES[kind])
    ]
    with torch.inference_mode():
        library(
            input_ids=torch.tensor([model.encode(SOURCE).ids]),
            decoder_input_ids=torch.tensor([decoder.encode(TARGET).ids]),
        )
    for hook in hooks:
        hook.remove()
    assert len(found.steps) == decoder.layers
    for layer, step in enumerate(found.steps):
        for place, name in enumerate(("attention", "cross_attention", "feed_forward")):
            assert torch.allclose(getattr(step, name), taken[layer, place], atol=1e-4), (layer, name)
    assert (kind == "bart") == (float(found.steps[0].normalisation.norm()) > 1e-2)


def test_the_shares_of_all_parts_sum_to_one_and_the_lines_open_the_decoder(opened, tmp_path, monkeypatch):
    model = opened("bart")
    found = residual_stream(of_part(model, "decoder", SOURCE), TARGET)
    assert found.made_of == ["attention", "cross_attention", "feed_forward", "normalisation"]
    total = sum(found.numbers[f"{part}_share"] for part in found.made_of)
    assert np.allclose(total, 1, atol=1e-4) and set(found.parts()["part"]) == set(found.made_of)
    assert "cross attention" in word_finding(found, 1) and word_finding(found, 1).startswith("Layer D")
    beside = residual_stream(of_part(model, "cross", SOURCE), TARGET)
    assert all(np.array_equal(beside.numbers[name], values) for name, values in found.numbers.items())
    for measure in ("cross_attention_share", "journey"):
        chart = draw_residual_stream(found, measure, word=1)
        assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()
    of_encoder = residual_stream(model, SOURCE)
    assert "cross_attention" not in of_encoder.numbers
    with pytest.raises(UserError, match="no cross attention"):
        draw_residual_stream(of_encoder, "cross_attention_share")


def traced(model, decoder, encoding, layers) -> np.ndarray:
    """The rollout as walks: where a walk that goes back from a token ends, one addition at a time, token by token."""
    with torch.inference_mode():
        output = by_the_library(model.source.folder)(
            input_ids=torch.tensor([decoder.given.source.ids]),
            decoder_input_ids=torch.tensor([encoding.ids]),
            output_attentions=True,
        )
    of_encoder, own, cross = (
        [layer[0].double().mean(0).numpy() for layer in maps]
        for maps in (output.encoder_attentions, output.decoder_attentions, output.cross_attentions)
    )
    m, n = len(decoder.given.source), len(encoding)
    found = np.zeros((n, m + n))

    def in_source(token: int) -> np.ndarray:
        at = np.eye(m)[token]
        for weights in reversed(of_encoder):
            at = np.array([at[j] / 2 + sum(at[i] * weights[i, j] for i in range(m)) / 2 for j in range(m)])
        return at

    ends = [in_source(token) for token in range(m)]
    for token in range(n):
        at = np.eye(n)[token]
        for layer in reversed(layers):
            for i in range(n):  # half of what is here crosses over
                for k in range(m):
                    found[token, :m] += at[i] / 2 * cross[layer][i, k] * ends[k]
            at = at / 2
            at = np.array([at[j] / 2 + sum(at[i] * own[layer][i, j] for i in range(n)) / 2 for j in range(n)])
        found[token, m:] = at
    return found


@pytest.mark.parametrize("kind", ["bart", "t5"])
@pytest.mark.parametrize("layers", [None, (1, 1)])
def test_rollout_is_where_walks_back_from_a_token_end(opened, kind, layers):
    model = opened(kind)
    decoder = of_part(model, "decoder", SOURCE)
    encoding = decoder.encode(TARGET)
    view = rollout(decoder, TARGET, layers)
    m, n = len(decoder.given.source), len(encoding)
    assert view.weights.shape == (n, m + n) and np.allclose(view.weights.sum(1), 1, atol=1e-5)
    expected = traced(model, decoder, encoding, range(decoder.layers) if layers is None else [1])
    assert np.allclose(view.weights, expected, atol=1e-5)
    assert np.array_equal(rollout(of_part(model, "cross", SOURCE), TARGET, layers).weights, view.weights)
    assert view.keys.labels[m:] == view.queries.labels and not view.weights[:, m:][~np.tri(n, dtype=bool)].any()
    hidden = rollout(decoder, TARGET, layers, special="hide")
    assert np.allclose(hidden.weights.sum(1), 1, atol=1e-5) and not any(hidden.keys.special)


def test_a_copier_worked_out_by_hand(opened):
    """One layer each: half of a token comes from its own place in the source, half of that from its encoder's layer."""
    model = opened("copier")
    decoder = of_part(model, "decoder", TARGET)
    encoding, source = decoder.encode(TARGET), decoder.given.source
    found = rollout_from_source(decoder, encoding, range(1))
    view = rollout(decoder, TARGET)
    first = len(source)
    assert np.allclose(found[:, :first].sum(1), 0.5, atol=1e-6) and "50" in finding(view)
    token = next(t for t in range(1, len(encoding)) if source.ids.count(encoding.ids[t]) == 1)
    own = source.ids.index(encoding.ids[token])
    assert found[token, own] == found[token, :first].max() and found[token, own] > 0.25 - 1e-3
    assert found[token, first + token] >= 0.25


def test_the_lines_of_a_rollout_make_it_again(opened, tmp_path, monkeypatch):
    model = opened("bart")
    decoder = of_part(model, "decoder", SOURCE)
    view = rollout(decoder, TARGET, (0, 1))
    assert "back to the source" in finding(view) and str(view.head) == "Rollout D0 to D1"
    again = thing_of(provenance(decoder, [view], "matrix"), tmp_path, monkeypatch)
    assert np.array_equal(again.weights, view.weights) and again.keys == view.keys
    chart = draw(view, "heatmap")
    assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()
