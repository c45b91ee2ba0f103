"""Does the tap see all of a model's attention? Found out by trying, not by a list of names.

Many architectures never call the registered function and raise nothing, some call it for a part of their layers or
twice a layer, and some hand it something we do not know about. So a model is run once on a few tokens through the
tap and once by the library's own eager attention, and the two must give the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from dashboard.capture import tap
from dashboard.capture.call import Call, Heads

TOKENS = 24
TOLERANCE = 1e-4
NOT_COMMON = "none of its layers uses the library's common attention"

Maps = list[torch.Tensor]  # a layer each: (heads, n, n)


@dataclass(frozen=True)
class Shape:
    """What a probe found: how many layers and heads, and whether a position sees only what stands before it."""

    layers: int
    heads: int
    causal: bool


class Unfit(Exception):
    """Why attention cannot be read in the way that was tried: the end of a sentence."""


def probe_tap(model: torch.nn.Module) -> Shape:
    """The model's shape, where its weights can be read through the tap. Raises Unfit where they cannot."""
    ids = _ids(model)
    seen = _through_tap(model, ids)
    expected = _through_eager(model, ids)
    if expected is None:
        expected = seen
        layers = getattr(model.config.get_text_config(), "num_hidden_layers", None)
        if len(seen) != layers:
            raise Unfit(f"{len(seen)} of its {layers} layers use the library's common attention")
    difference = largest_difference(seen, expected)
    if difference > TOLERANCE:
        raise Unfit("its layers do more than the library's common attention")
    return _shape(seen)


def probe_eager(model: torch.nn.Module) -> Shape:
    """The same for a model that was loaded with eager attention and hands out whole maps."""
    ids = _ids(model)
    try:
        with torch.inference_mode():
            maps = getattr(model(ids, output_attentions=True), "attentions", None)
    except Exception as error:
        raise Unfit(f"it cannot be run on a short text ({type(error).__name__})") from error
    if not maps or any(layer is None for layer in maps):
        raise Unfit("it hands out no attention weights")
    return _shape([layer[0] for layer in maps])


def largest_difference(seen: Maps, expected: Maps) -> float:
    """The largest |a - b| over all weights of all layers; infinite where numbers of layers or shapes differ."""
    if len(seen) != len(expected) or any(a.shape != b.shape for a, b in zip(seen, expected, strict=True)):
        return float("inf")
    largest = max(float((a - b).abs().max()) for a, b in zip(seen, expected, strict=True))
    return largest if largest == largest else float("inf")


def _ids(model: torch.nn.Module) -> torch.Tensor:
    """A few different token ids spread over the vocabulary, none of them padding: (1, n)."""
    config = model.config.get_text_config()
    try:
        table = model.get_input_embeddings()
        size = table.num_embeddings
    except (AttributeError, NotImplementedError) as error:
        raise Unfit("it does not read tokens of a text") from error
    n = max(2, min(TOKENS, (getattr(config, "max_position_embeddings", None) or TOKENS) - 4))
    ids = torch.linspace(size // 4, size - 1, n).long()
    pad = getattr(config, "pad_token_id", None)
    ids[ids == pad] = size // 8
    return ids[None].to(table.weight.device)


def _through_tap(model: torch.nn.Module, ids: torch.Tensor) -> Maps:
    maps: Maps = []
    n = ids.shape[1]

    def receive(layer: int, heads: Heads, rows: slice, weights: torch.Tensor, call: Call) -> None:
        if weights.shape[2:] != (n, n):
            raise Unfit("its queries and keys are not the tokens of the text")
        maps.append(weights[0].clone())

    # More layers than any model has: the pass must run to its end, so that every call is counted.
    request = tap.Request(dict.fromkeys(range(100_000)), receive, rows=n)
    try:
        with torch.inference_mode(), tap.listening(request):
            model(ids)
    except Unfit:
        raise
    except Exception as error:
        raise Unfit(f"it cannot be run on a short text ({type(error).__name__})") from error
    if not maps:
        raise Unfit(NOT_COMMON)
    return maps


def _through_eager(model: torch.nn.Module, ids: torch.Tensor) -> Maps | None:
    """The same weights by the library's own attention, None where it hands out none.

    The one moment in which a model is switched: it is not yet anybody's.
    """
    before = model.config._attn_implementation
    try:
        model.set_attn_implementation("eager")
        with torch.inference_mode():
            maps = getattr(model(ids, output_attentions=True), "attentions", None)
    except Exception:
        return None
    finally:
        model.set_attn_implementation(before)
    maps = [layer[0] for layer in maps or () if layer is not None]
    return maps or None


def _shape(maps: Maps) -> Shape:
    heads, n = maps[0].shape[0], maps[0].shape[-1]
    if any(layer.shape[1:] != (n, n) for layer in maps):
        raise Unfit("its attention maps are not one row and one column per token")
    if any(layer.shape[0] != heads for layer in maps):
        raise Unfit("its layers have different numbers of heads")
    every = torch.stack(maps)
    sums = every.sum(-1)
    if not torch.isfinite(every).all() or every.min() < -TOLERANCE or sums.max() > 1 + TOLERANCE:
        raise Unfit("what it hands out are not shares of attention")
    return Shape(len(maps), heads, causal=bool((every.triu(1) == 0).all()))
