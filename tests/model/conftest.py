"""A small treebank and the profile of it that every way to make one must give; small models of many kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM

from dashboard import profile
from dashboard.capture import open_model
from dashboard.models import find
from dashboard.text import parse
from tests.helpers.small import SMALL

WHO = ("chef", "waiter", "critic", "baker", "farmer", "guest")
DOES = ("praises", "cooks", "tastes", "remembers", "sells")
WHAT = ("the ramen", "a small fish", "her favourite bread", "what he made", "two old pots", "nothing")
WHERE = ("in Osaka", "at home", "every day", "with great care", "")


# kind → settings, the language model it is saved from (None: the base model alone), its output projections
KINDS = {
    "bert": (SMALL, AutoModelForMaskedLM, "encoder.layer.{}.attention.output.dense"),
    "albert": (SMALL | {"embedding_size": 16}, None, "encoder.albert_layer_groups.0.albert_layers.0.attention.dense"),
    "gpt2": (SMALL | {"n_inner": 48}, AutoModelForCausalLM, "h.{}.attn.c_proj"),
    "llama": (SMALL | {"num_key_value_heads": 2}, AutoModelForCausalLM, "layers.{}.self_attn.o_proj"),
    "opt": (
        SMALL | {"ffn_dim": 48, "word_embed_proj_dim": 16},
        AutoModelForCausalLM,
        "decoder.layers.{}.self_attn.out_proj",
    ),
    "gpt_neox": (SMALL, AutoModelForCausalLM, "layers.{}.attention.dense"),
    "gemma2": (
        SMALL
        | {
            "num_key_value_heads": 2,
            "head_dim": 8,
            "attn_logit_softcapping": 8.0,
            "sliding_window": 8,
            "query_pre_attn_scalar": 2,
            "final_logit_softcapping": 3.0,
        },
        AutoModelForCausalLM,
        "layers.{}.self_attn.o_proj",
    ),
}
QUERIES_AND_KEYS = ("query", "key", "q_proj", "k_proj", "q_lin", "k_lin", "c_attn", "query_key_value", ".q.", ".k.")


def peaked(model):
    """Query and key projections so large that attention is sharp, all others so that what a head says counts."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                sharp = any(part in name for part in QUERIES_AND_KEYS)
                parameter.normal_(0, (3.0 if sharp else 1.0) * parameter.shape[-1] ** -0.5)
    return model


def by_hook(model, base, path, ids, layer, head, heads, by="zero", shared=None):
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

    shared = "{}" not in path if shared is None else shared  # one module is all layers
    handle = dict(base.named_modules())[path.format(layer)].register_forward_pre_hook(replaced)
    try:
        with torch.inference_mode():
            return model(ids)
    finally:
        handle.remove()


@pytest.fixture(autouse=True, scope="session")
def our_models_opened_once(opened_once):
    pass


@pytest.fixture(scope="session")
def treebank(tmp_path_factory):
    """140 short sentences with their parses, two chunks of a profile, and two that are left out."""
    rng = np.random.default_rng(0)
    lines = []
    for _ in range(140):
        who, does, what, where = (str(rng.choice(part)) for part in (WHO, DOES, WHAT, WHERE))
        lines.append(f"The {who} {does} {what} {where}".strip() + ".")
    rows = []
    for one in parse("\n\n".join(lines)):
        for i, word in enumerate(one.words):
            head, relation = one.heads[i] + 1, one.relations[i]
            rows.append(f"{i + 1}\t{word}\t{one.lemmas[i]}\t{one.upos[i]}\t_\t_\t{head}\t{relation}\t_\t_")
        rows.append("")
    rows[0:0] = ["1\tno\t_\tX\t_\t_\t_\t_\t_\t_", "", "1\t\x01\t_\tX\t_\t_\t0\troot\t_\t_", ""]
    path = tmp_path_factory.mktemp("bank") / "small.conllu"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="session")
def whole(minilm, treebank, tmp_path_factory):
    """The folder of its profile by this process alone, and the profile."""
    out = tmp_path_factory.mktemp("whole")
    return out, profile(minilm, treebank, out)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A small model of that kind, opened once."""
    made = {}

    def of(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp("small") / kind  # its title, whatever was made before it
            folder.mkdir()
            settings, language, _ = KINDS[kind]
            torch.manual_seed(1)
            peaked((language or AutoModel).from_config(AutoConfig.for_model(kind, **settings))).save_pretrained(folder)
            for file in Path(find("minilm").folder).glob("*token*"):
                (folder / file.name).write_bytes(file.read_bytes())
            made[kind] = open_model(str(folder))
        return made[kind]

    return of


@pytest.fixture(scope="session")
def peaked_weights():
    """What gives a model sharp attention."""
    return peaked


@pytest.fixture(scope="session")
def output_projection():
    """The path of the output projections of that kind of model, with {} for the layer."""
    return lambda kind: KINDS[{"minilm": "bert", "smollm2": "llama"}.get(kind, kind)][2]


@pytest.fixture(scope="session")
def ablate_on_text():
    return by_hook
