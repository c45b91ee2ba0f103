"""Ablation of models whose attention is their own, against hooks on the library's own output projections."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dashboard import contributions
from dashboard.capture import open_model
from dashboard.capture.ablate import ablate, mean_outputs
from dashboard.capture.maps import edited, own_mixes
from dashboard.capture.maps.mixed_layers import watch_mixes
from dashboard.capture.maps.mixes import Products
from dashboard.capture.partial_forward import whole_pass
from dashboard.capture.projections import product_of
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from tests.helpers import tiny

# The path of the output projections. Products by matmul, @, bmm and einsum; with the head before and after the batch.
PROJECTIONS = {
    "bloom": "h.{}.self_attention.dense",
    "deberta": "encoder.layer.{}.attention.output.dense",
    "deberta-v2": "encoder.layer.{}.attention.output.dense",
    "falcon": "h.{}.self_attention.dense",
    "gpt_neo": "h.{}.attn.attention.out_proj",
    "mpnet": "encoder.layer.{}.attention.attn.o",
    "mpt": "blocks.{}.attn.out_proj",
    "openai-gpt": "h.{}.attn.c_proj",
    "roformer": "encoder.layer.{}.attention.output.dense",
    "xglm": "layers.{}.self_attn.out_proj",
    "xlm": "attentions.{}.out_lin",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A tiny model of this kind, opened once."""
    made = {}

    def of(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp("own") / kind
            folder.mkdir()
            tiny.make(kind, folder)
            made[kind] = open_model(str(folder))
        return made[kind]

    return of


def ablated(model, encodings, sets, **how):
    """By set: the last vectors (b, n, D)."""
    _, runs = ablate(model, encodings, sets, **how)
    return {heads: run.vectors[k] for run in runs for k, heads in enumerate(run.sets)}


@pytest.mark.parametrize("kind", PROJECTIONS)
def test_a_head_is_taken_out_as_by_a_hook(own, kind, ablate_on_text):
    model = own(kind)
    assert model.route == "eager" and own_mixes(model) == tuple((layer, "") for layer in model.numbers)
    short, long = (model.encode(one) for one in (tiny.SENTENCES[4], tiny.SENTENCES[0]))
    heads = [HeadId(0, 1), HeadId(2, 3)]
    alone, together = (ablated(model, which, [[one] for one in heads]) for which in ([long], [short, long]))
    for head in heads:
        expected = ablate_on_text(
            model.loaded.model,
            model.loaded.model,
            PROJECTIONS[kind],
            torch.tensor([long.ids]),
            head.layer,
            head.head,
            model.heads,
            shared=False,
        ).last_hidden_state
        assert (alone[head,] - expected).abs().max() < 1e-4 * expected.abs().max()
        if not model.alone:
            padded = together[head,][1, : len(long)]
            assert (padded - expected[0]).abs().max() < 1e-4 * expected.abs().max()


def test_einsum_names_its_factors(own):
    """XLNet's output projection is a parameter: a head's part of it is set to 0."""
    model = own("xlnet")
    text, head = model.encode(tiny.SENTENCES[0]), HeadId(1, 2)
    [found] = ablated(model, [text], [[head]]).values()
    weights = model.loaded.model.layer[1].rel_attn.o
    with torch.inference_mode():
        before = weights[:, 2].clone()
        weights.data[:, 2] = 0
        expected = model.loaded.model(torch.tensor([text.ids])).last_hidden_state
        weights.data[:, 2] = before
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()


def test_means_over_other_texts_take_a_heads_place(own, ablate_on_text):
    model = own("gpt_neo")
    texts = [model.encode(one) for one in tiny.SENTENCES]
    means = mean_outputs(model, texts)
    taken = []
    handle = model.loaded.model.h[1].attn.attention.out_proj.register_forward_pre_hook(lambda _, x: taken.append(x[0]))
    with torch.inference_mode():
        for text in texts:
            model.loaded.model(torch.tensor([text.ids]))
    handle.remove()
    mean = torch.cat(taken, 1)[0].mean(0).unflatten(0, (model.heads, -1))
    assert torch.allclose(means[1], mean, atol=1e-5)
    [found] = ablated(model, texts[:1], [[HeadId(1, 2)]], by="mean", means=means).values()
    root, ids = model.loaded.model, torch.tensor([texts[0].ids])
    expected = ablate_on_text(root, root, PROJECTIONS["gpt_neo"], ids, 1, 2, model.heads, by=mean[2], shared=False)
    assert (found - expected.last_hidden_state).abs().max() < 1e-4 * found.abs().max()


@pytest.mark.parametrize("kind", ["diffllama", "longformer"])
def test_what_no_product_tells_is_refused(own, kind, refuses_alike):
    model = own(kind)
    assert model.route == "eager" and own_mixes(model) is None
    with refuses_alike(UserError, model.title):
        ablate(model, [model.encode(tiny.SENTENCES[0])], [[model.all_heads[0]]])


def test_a_pass_with_other_products_is_refused(own, refuses):
    model = own("falcon")
    inputs = {"input_ids": torch.tensor([model.encode(tiny.SENTENCES[0]).ids])}
    n = inputs["input_ids"].shape[1]
    with (
        torch.inference_mode(),
        refuses(UserError, model.title),
        edited(model, ((0, ""), (1, "")), n, lambda _, said: said),
    ):
        model.last_vectors(**inputs)
    assert whole_pass(model, inputs)[0].shape[1] == n


VALUES = {
    "gpt_neo": ("h.1.attn.attention.v_proj", "h.1.attn.attention.out_proj"),
    "mpnet": ("encoder.layer.1.attention.attn.v", "encoder.layer.1.attention.attn.o"),
    "roformer": ("encoder.layer.1.attention.self.value", "encoder.layer.1.attention.output.dense"),
    "xglm": ("layers.1.self_attn.v_proj", "layers.1.self_attn.out_proj"),
    "deberta-v2": ("encoder.layer.1.attention.self.value_proj", "encoder.layer.1.attention.output.dense"),
}


@pytest.mark.parametrize("kind", VALUES)
def test_contributions_are_the_norms_of_weighted_values(own, kind):
    model, text, head = own(kind), tiny.SENTENCES[0], HeadId(1, 2)
    root, taken = model.loaded.model, []
    value, projection = (dict(root.named_modules())[path] for path in VALUES[kind])
    handle = value.register_forward_hook(lambda *args: taken.append(args[2][0]))
    with torch.inference_mode():
        weights = root(torch.tensor([model.encode(text).ids]), output_attentions=True).attentions[1][0, 2]
    handle.remove()
    d = taken[0].shape[-1] // model.heads
    mine = slice(2 * d, 3 * d)
    carried = taken[0][:, mine] @ projection.weight[:, mine].T
    [found] = contributions(model, text, [head], unit="tokens")
    assert np.allclose(found.weights, (weights * carried.norm(dim=-1)).detach(), atol=1e-5)
    assert found.measure == "contribution"


@pytest.mark.parametrize("kind", ["bloom", "falcon", "mpt", "openai-gpt", "xlm"])
def test_contributions_of_other_layouts_sum_to_what_the_layer_adds(own, kind):
    model = own(kind)
    text, parts, given = model.encode(tiny.SENTENCES[0]), [], []
    root = model.loaded.model
    watch_mixes(model, text, parts.append, [1])
    projection = dict(root.named_modules())[PROJECTIONS[kind].format(1)]
    handle = projection.register_forward_hook(lambda _, args, output: given.append((args[0][0], output)))
    with torch.inference_mode():
        root(torch.tensor([text.ids]))
    handle.remove()
    [layer] = parts
    joined = (layer.weights @ layer.values).transpose(0, 1).flatten(1)
    assert torch.allclose(joined, given[0][0], atol=1e-5)
    bias = 0.0 if projection.bias is None else projection.bias
    assert torch.allclose(joined @ layer.w_o + bias, given[0][1].reshape(len(text), -1), atol=1e-4)


def test_a_model_that_shows_no_output_projection_says_so(own, refuses):
    with refuses(UserError, "xlnet"):
        contributions(own("xlnet"), tiny.SENTENCES[0], [HeadId(1, 2)])


def test_a_product_with_named_factors_is_passed_over():
    weights, seen = torch.eye(3).expand(1, 2, 3, 3), []
    with Products(SimpleNamespace(heads=2, given=None), 3, lambda *found: seen.append(found)):
        torch.matmul(weights, other=torch.ones(1, 2, 3, 4))
        torch.matmul(weights, torch.ones(1, 1, 3, 4))
    [(found, said, values)] = seen
    assert torch.equal(found, weights) and said.shape == (1, 3, 2, 4) and values.shape == (1, 2, 3, 4)
    assert product_of(torch.matmul, (weights,), {}, weights, 3) is None
