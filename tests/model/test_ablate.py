"""Ablating a head is zeroing, or averaging, its slice of what the model's own output projection is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM

from dashboard.capture import head_weights, open_model, resume, tap
from dashboard.capture.ablate import ablate, mean_outputs
from dashboard.capture.blocks import NEVER
from dashboard.capture.language import language_head
from dashboard.errors import UserError
from dashboard.heads.ablation import measure
from dashboard.heads.effect import effect_table
from dashboard.models import find

CHEF = "The chef who trained in Osaka says ramen is her favourite food, and the chef knows all the food in Osaka."
SHORT = "Two birds sang."
SMALL = {
    "vocab_size": 30522, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4,
    "intermediate_size": 48, "max_position_embeddings": 64, "pad_token_id": 0,
}  # fmt: skip
# kind → settings, the language model it is saved from (None: the base model alone), its output projections
KINDS = {
    "bert": (SMALL, AutoModelForMaskedLM, "encoder.layer.{}.attention.output.dense"),
    "albert": (SMALL | {"embedding_size": 16}, None, "encoder.albert_layer_groups.0.albert_layers.0.attention.dense"),
    "gpt2": (SMALL | {"n_inner": 48}, AutoModelForCausalLM, "h.{}.attn.c_proj"),
    "llama": (SMALL | {"num_key_value_heads": 2}, AutoModelForCausalLM, "layers.{}.self_attn.o_proj"),
    "opt": (SMALL | {"ffn_dim": 48, "word_embed_proj_dim": 16}, AutoModelForCausalLM, "decoder.layers.{}.self_attn.out_proj"),
    "gpt_neox": (SMALL, AutoModelForCausalLM, "layers.{}.attention.dense"),
    "gemma2": (
        SMALL | {"num_key_value_heads": 2, "head_dim": 8, "attn_logit_softcapping": 8.0, "sliding_window": 8,
                 "query_pre_attn_scalar": 2, "final_logit_softcapping": 3.0},
        AutoModelForCausalLM, "layers.{}.self_attn.o_proj",
    ),
}  # fmt: skip
REAL = {"minilm": "encoder.layer.{}.attention.output.dense", "smollm2": "layers.{}.self_attn.o_proj"}
QUERIES_AND_KEYS = ("query", "key", "q_proj", "k_proj", "q_lin", "k_lin", "c_attn", "query_key_value", ".q.", ".k.")


def peaked(model):
    """Query and key projections so large that attention is sharp, all others so that what a head says counts."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                sharp = any(part in name for part in QUERIES_AND_KEYS)
                parameter.normal_(0, (3.0 if sharp else 1.0) * parameter.shape[-1] ** -0.5)
    return model


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small model of that kind, opened once."""
    made = {}

    def of(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            settings, language, _ = KINDS[kind]
            torch.manual_seed(1)
            peaked((language or AutoModel).from_config(AutoConfig.for_model(kind, **settings))).save_pretrained(folder)
            for file in Path(find("minilm").folder).glob("*token*"):
                (folder / file.name).write_bytes(file.read_bytes())
            made[kind] = open_model(str(folder))
        return made[kind]

    return of


@pytest.fixture
def opened(small, request):
    """The model of that name or kind, and its output projections, layer by layer."""

    def of(kind):
        model = request.getfixturevalue(kind) if kind in REAL else small(kind)
        return model, REAL[kind] if kind in REAL else KINDS[kind][2]

    return of


def by_hook(model, base, path, ids, layer, head, heads, by="zero"):
    """What `model`, whose base is `base`, gives when a hook replaces the head's slice of what W_O takes."""
    calls = 0

    def replaced(_module, args):
        nonlocal calls
        calls += 1
        if shared and calls != layer + 1:
            return None
        x = args[0].clone()
        part = x[..., head * x.shape[-1] // heads : (head + 1) * x.shape[-1] // heads]
        part[...] = part.mean(1, keepdim=True) if isinstance(by, str) and by == "mean" else 0.0 if by == "zero" else by
        return (x, *args[1:])

    shared = "{}" not in path  # one module is all layers
    handle = dict(base.named_modules())[path.format(layer)].register_forward_pre_hook(replaced)
    try:
        with torch.inference_mode():
            return model(ids)
    finally:
        handle.remove()


def some_heads(model):
    last = model.layers - 1
    return [(0, 0), (0, model.heads - 1), (last // 2, 1), (last, 0), (last, 2)]


def ablated(model, encodings, heads, **how):
    """Last vectors as they are, and (layer, head) → those without it, padding cut away."""
    vectors, runs = ablate(model, encodings, heads, **how)
    found = {}
    for run in runs:
        for head, each in zip(run.heads, run.vectors, strict=True):
            found[head] = [one[: len(encoding)] for one, encoding in zip(each, encodings, strict=True)]
    return vectors, found


def close(a, b, tolerance=1e-5):
    """Within 1e-5 of numbers of the size of 1; of larger ones, of their size."""
    return float((a - b).abs().max()) <= tolerance * max(1.0, float(b.abs().max()))


@pytest.mark.parametrize("by", ["zero", "mean"])
@pytest.mark.parametrize("kind", [*REAL, *KINDS])
def test_equal_to_a_hook_before_the_models_own_output_projection(kind, by, opened):
    model, path = opened(kind)
    encodings = [model.encode(CHEF), model.encode(SHORT)]
    means = None
    if by == "mean" and model.causal:
        means = mean_outputs(model, [model.encode("Nobody in the village remembered the old bridge.")])
    heads = some_heads(model)
    if kind in KINDS:
        every = np.stack(head_weights(model, encodings[0], [(layer, 1) for layer in range(model.layers)]))
        assert np.median(every.max(-1)) > 0.5, "the weights of this test are to be peaked"
    intact, found = ablated(model, encodings, heads, by=by, means=means)
    assert sorted(found) == sorted(heads)
    for layer, head in heads:
        for text, encoding in enumerate(encodings):
            ids = torch.tensor([encoding.ids])
            value = by if means is None else means[layer][head]
            expected = by_hook(model.loaded.model, model.loaded.model, path, ids, layer, head, model.heads, value)
            expected = expected.last_hidden_state[0]
            assert close(found[layer, head][text], expected), (layer, head, text)
            assert not close(intact[text, : len(encoding)], expected, 1e-3), "this head is to matter"
