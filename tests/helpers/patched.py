"""A second way to patch: hooks on the library's own model."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace

import torch
from transformers import AutoModelForCausalLM

from dashboard.heads.continuation import last_of
from tests.helpers import tiny

ENDS = ("self_attn.o_proj", "attn.c_proj", "attention.out_proj", "self_attention.dense")
MLPS = ("mlp",)
PAIR = (
    "When Mary and John went to the store, John gave a drink to",
    "When Mary and John went to the store, Mary gave a drink to",
)


def two_texts(model):
    """Two texts of as many tokens; of a tiny model with other tokens in their middle, whatever these are."""
    if model.name == "smollm2":
        return tuple(model.encode(text) for text in PAIR)
    a = model.encode(tiny.SENTENCES[0])
    b = replace(a, ids=(*a.ids[:4], a.ids[4] + 7, *a.ids[5:7], a.ids[7] + 3, *a.ids[8:]))
    assert last_of(a) == len(a) - 1 > 9
    return a, b


def librarys(model):
    """The library's own causal model of the same weights, with eager attention."""
    root = AutoModelForCausalLM.from_pretrained(model.source.folder, dtype=torch.float32, attn_implementation="eager")
    return root.eval()


def projections(root):
    """The output projections, a layer each."""
    return [module for name, module in root.named_modules() if name.endswith(ENDS)]


def mlps(root):
    """The feed-forward parts, a layer each."""
    return [module for name, module in root.named_modules() if name.endswith(MLPS)]


@contextmanager
def inputs_changed(changes):
    """Within it, each module's first argument (1, n, D) is what its function makes of it. changes: by module"""
    with ExitStack() as stack:
        for module, change in changes.items():
            hook = module.register_forward_pre_hook(lambda _, args, change=change: (change(args[0].clone()), *args[1:]))
            stack.callback(hook.remove)
        yield


@contextmanager
def outputs_changed(changes):
    """Within it, each module's result (1, n, D) is what its function makes of it; None leaves it. changes: by module"""
    with ExitStack() as stack:
        for module, change in changes.items():

            def after(_, __, output, change=change):
                first = output[0] if isinstance(output, tuple) else output
                new = change(first.clone())
                return None if new is None else (new, *output[1:]) if isinstance(output, tuple) else new

            stack.callback(module.register_forward_hook(after).remove)
        yield


@torch.inference_mode()
def taken(root, ids, modules, *, outputs=False):
    """What each module is given, or gives, over a text: a list of (n, D)."""
    found = {}

    def keep(module):
        def one(vectors):
            found[module] = vectors[0].clone()
            return vectors

        return one

    hooked = outputs_changed if outputs else inputs_changed
    with hooked({module: keep(module) for module in modules}):
        root(torch.tensor([ids]))
    return [found[module] for module in modules]


@torch.inference_mode()
def logits(root, ids):
    """Of the next token (V), float64."""
    return root(torch.tensor([ids])).logits[0, -1].double()


def columns(head, width, heads):
    """The columns of a head among the joined outputs."""
    size = width // heads
    return slice(head * size, (head + 1) * size)


def with_head(donor, head, heads, places=slice(None)):
    """A change of an output projection's input: a head's columns at some tokens from the donor's (n, h·d')."""

    def change(given):
        own = columns(head, given.shape[-1], heads)
        given[0, places, own] = donor[places, own]
        return given

    return change
