"""Queries, keys, values, scores and additions of models whose attention is their own, against their own modules."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashboard.analyses.inside import api as inside
from dashboard.capture import open_model
from dashboard.capture.head_weights import qkv
from dashboard.capture.layer_trace import layer_run, watch_layers
from dashboard.capture.maps.dots import Dots
from dashboard.capture.residual_stream import follow
from dashboard.capture.visit import visit
from dashboard.errors import UserError
from tests.helpers import tiny

# kind → settings, and what we begin with
KINDS = {
    "big_bird": ({}, "x"),
    "bloom": ({}, "x"),
    "convbert": ({}, "x"),
    "deberta": ({"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}, "x"),
    "deberta-v2": ({"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}, "x"),
    "falcon": ({}, "x"),
    "gpt_neo": (None, "x"),
    "ibert": ({}, "x"),
    "megatron-bert": ({}, "x"),
    "mpnet": ({}, "x"),
    "mpt": ({}, "x"),
    "openai-gpt": ({}, "x"),
    "roformer": ({}, "q, k, v"),
    "squeezebert": (None, "q, k, v"),
    "xglm": ({}, "x"),
    "xlm": (None, "x"),
    "xlnet": (None, "q, k, v"),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A tiny model of this kind, opened once."""
    made = {}

    def of(kind, **settings):
        key = kind, str(settings)
        if key not in made:
            folder = tmp_path_factory.mktemp("own") / kind
            folder.mkdir()
            tiny.make(kind, folder, **(settings or KINDS.get(kind, ({}, ""))[0] or {}))
            made[key] = open_model(str(folder))
        return made[key]

    return of


def hooked(model, path, text):
    """What this module gives for a text, (n, …)."""
    taken = []
    module = dict(model.loaded.model.named_modules())[path]
    handle = module.register_forward_hook(lambda *args: taken.append(first(args[2])))
    with torch.inference_mode():
        model.loaded.model(torch.tensor([text.ids]))
    handle.remove()
    return taken[0].reshape(len(text), -1)


def first(output):
    return (output[0] if isinstance(output, tuple | list) else output).clone()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tokens", [None, 8])  # 8: as many as a head has numbers
def test_our_attention_is_the_models_own(own, kind, tokens):
    model = own(kind)
    assert model.route == "eager"
    text = model.encode(tiny.SENTENCES[0], limit=tokens)
    expected = model.loaded.model(torch.tensor([text.ids]), output_attentions=True).attentions
    runs = []
    watch_layers(model, text, runs.append)
    assert [run.number for run in runs] == list(model.numbers)
    for run, weights in zip(runs, expected, strict=True):
        ours = run.attend(run.parts()).weights
        shares = weights[0].softmax(-1) if kind == "squeezebert" else weights[0]
        assert torch.allclose(ours, shares.detach(), atol=1e-5)
    table = inside.verify(model, text)
    assert set(table["begins"]) == {KINDS[kind][1]}
    assert not inside.differs(table)


# kind → the modules of queries, keys and values, and the factor on the scores
PROJECTIONS = {
    "gpt_neo": ("h.1.attn.attention.{}_proj", "qkv", 1.0),
    "megatron-bert": ("encoder.layer.1.attention.self.{}", ("query", "key", "value"), 8**-0.5),
    "mpnet": ("encoder.layer.1.attention.attn.{}", "qkv", 8**-0.5),
    "deberta-v2": ("encoder.layer.1.attention.self.{}_proj", ("query", "key", "value"), 24**-0.5),
    "xglm": ("layers.1.self_attn.{}_proj", "qkv", 8**-0.5),
}


@pytest.mark.parametrize("kind", PROJECTIONS)
def test_queries_keys_and_values_are_those_of_its_projections(own, kind):
    model = own(kind)
    text, (path, names, scale) = model.encode(tiny.SENTENCES[0]), PROJECTIONS[kind]
    run = layer_run(model, text, 1)
    for ours, name in zip(run.parts(), names, strict=True):
        given = hooked(model, path.format(name), text).unflatten(1, (model.heads, -1)).transpose(0, 1)
        assert torch.allclose(ours, given, atol=1e-5)
    assert run.scale == pytest.approx(scale)
    q, k, v = qkv(model, text, 1)
    scores = run.call.scaling * q @ k.transpose(0, 2, 1)
    scores = scores if run.call.bias is None else scores + run.call.bias[0].numpy()
    seen = np.ones(scores.shape[1:], bool) if run.call.mask is None else run.call.mask[0, 0].numpy()
    shares = np.exp(np.where(seen, scores, -np.inf))
    with torch.inference_mode():
        weights = model.loaded.model(torch.tensor([text.ids]), output_attentions=True).attentions[1][0]
    assert np.allclose(shares / shares.sum(-1, keepdims=True), weights, atol=1e-5)
    assert v.shape == q.shape


def test_what_is_added_to_scores_is_the_models_own_bias(own):
    """ALiBi: a slope for each head, times the key's place. MPNet: a table over distances."""
    bloom, mpt, mpnet = (own(kind) for kind in ("bloom", "mpt", "mpnet"))
    for model in (bloom, mpt):
        text = model.encode(tiny.SENTENCES[0])
        n, call = len(text), layer_run(model, text, 0).call
        slopes = 2.0 ** -(8.0 / model.heads * torch.arange(1, model.heads + 1))
        places = torch.arange(n).float() - (n - 1 if model is mpt else 0)
        seen = torch.ones(n, n, dtype=torch.bool).tril()
        assert torch.equal(call.mask[0, 0], seen)
        expected = (slopes[:, None, None] * places).expand(model.heads, n, n)
        assert torch.allclose(call.bias[0][:, seen], expected[:, seen], atol=1e-5)
    text = mpnet.encode(tiny.SENTENCES[0])
    with torch.inference_mode():
        table = mpnet.loaded.model.encoder.compute_position_bias(torch.zeros(1, len(text), 1))
    assert torch.allclose(layer_run(mpnet, text, 0).call.bias, table, atol=1e-5)


def test_heads_that_share_keys_are_told(own):
    model = own("falcon", multi_query=True)
    text = model.encode(tiny.SENTENCES[0])
    run = layer_run(model, text, 1)
    assert run.call.k.shape[1] == run.call.v.shape[1] == 1 and run.call.q.shape[1] == model.heads
    assert inside.check(run).holds


def test_a_falcon_with_alibi_has_a_bias_and_no_turn(own):
    model = own("falcon", alibi=True, new_decoder_architecture=False, multi_query=False, num_kv_heads=4)
    run = layer_run(model, model.encode(tiny.SENTENCES[0]), 1)
    assert run.call.bias is not None and run.layer is not None and run.layer.rotate is None
    assert inside.check(run).holds


def test_several_texts_are_read_one_by_one_with_their_queries(own):
    class Keep:
        wants_qkv = True

        def __init__(self):
            self.seen = {}

        def block(self, block):
            self.seen[block.text, block.layer] = block.q, block.k, block.v, block.weights, block.allowed

    model = own("xglm")
    texts = [model.encode(one) for one in tiny.SENTENCES[:3]]
    keep = Keep()
    visit(model, texts, keep, layers=[0, 2])
    assert set(keep.seen) == {(text, layer) for text in range(3) for layer in (0, 2)}
    for number, text in enumerate(texts):
        for layer in (0, 2):
            *parts, weights, allowed = keep.seen[number, layer]
            for mine, alone in zip(parts, qkv(model, text, layer), strict=True):
                assert np.allclose(mine, alone)
            assert torch.allclose(weights.sum(-1), torch.ones(()), atol=1e-5)
            assert torch.equal(allowed, torch.ones(len(text), len(text), dtype=torch.bool).tril())


# kind → the modules whose outputs are what attention and what the feed-forward part adds
PARTS = {
    "bloom": ("h.1.self_attention.dense", "h.1.mlp.dense_4h_to_h"),
    "deberta-v2": ("encoder.layer.1.attention.output.dense", "encoder.layer.1.output.dense"),
    "falcon": ("h.1.self_attention", "h.1.mlp"),
    "gpt_neo": ("h.1.attn.attention", "h.1.mlp"),
    "mpnet": ("encoder.layer.1.attention.attn", "encoder.layer.1.output.dense"),
    "openai-gpt": ("h.1.attn", "h.1.mlp"),
    "xglm": ("layers.1.self_attn", "layers.1.fc2"),
    "xlnet": (None, "layer.1.ff.layer_2"),
}


@pytest.mark.parametrize("kind", PARTS)
def test_what_a_layer_adds_is_what_its_modules_give(own, kind):
    model = own(kind)
    text, steps = model.encode(tiny.SENTENCES[0]), []

    class Steps:
        def step(self, step):
            steps.append(step)

    follow(model, text, Steps())
    assert [step.layer for step in steps] == list(model.numbers)
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        whole = step.before + step.attention + step.feed_forward + step.normalisation
        assert torch.allclose(whole, step.after, atol=1e-4)
        assert following is None or torch.equal(step.after, following.before)
    for path, ours in zip(PARTS[kind], (steps[1].attention, steps[1].feed_forward), strict=True):
        assert path is None or torch.allclose(ours, hooked(model, path, text), atol=1e-4)


@pytest.mark.parametrize("kind", ["longformer", "diffllama", "reformer"])
def test_what_cannot_be_followed_is_refused(own, kind, refuses):
    model = own(kind, **tiny.SETTINGS.get(kind, {}))
    with refuses(UserError, model.title):
        inside.verify(model, tiny.SENTENCES[0])


def test_a_map_that_no_followed_softmax_gave_is_not_explained():
    q, k = torch.randn(1, 2, 5, 4), torch.randn(1, 2, 5, 4)
    dots = Dots(2, 5, 5)
    scores = q @ k.transpose(-1, -2)
    dots.note(torch.matmul, (q, k.transpose(-1, -2)), {}, scores)
    halved = scores / 2
    dots.note(torch.div, (scores, 2), {}, halved)
    weights = halved.softmax(-1)
    dots.note(torch.softmax, (halved, -1), {}, weights)
    values = torch.randn(1, 2, 5, 4)
    call = dots.call(weights, values)
    assert call is not None and call.scaling == 0.5 and call.bias is None and call.mask is None
    assert torch.equal(call.q, q) and torch.equal(call.k, k)
    assert dots.call(scores.softmax(-1), values) is None
    dots.clear()
    assert dots.call(weights, values) is None


def test_of_two_products_the_first_is_of_queries_and_keys():
    """The other is of positions, in whichever order they are summed up."""
    q, k, positions, values = (torch.randn(1, 2, 5, 4) for _ in range(4))
    dots = Dots(2, 5, 5)
    scores, moved = q @ k.mT, q @ positions.mT
    dots.note(torch.matmul, (q, k.mT), {}, scores)
    dots.note(torch.matmul, (q, positions.mT), {}, moved)
    summed = moved + scores
    dots.note(torch.add, (moved, scores), {}, summed)
    scaled = summed * 0.5
    dots.note(torch.mul, (summed, 0.5), {}, scaled)
    weights = scaled.softmax(-1)
    dots.note(torch.softmax, (scaled, -1), {}, weights)
    call = dots.call(weights, values)
    assert call is not None and torch.equal(call.k, k) and call.scaling == 0.5
    assert call.bias is not None and torch.allclose(call.bias, 0.5 * moved, atol=1e-6)
    assert torch.allclose(call.weights(slice(0, 5)), weights, atol=1e-6)
