"""Does the tap see all of a model's attention? Found out by trying, not by a list of names.

Many architectures never call the registered function and raise nothing, some call it for a part of their layers or
twice a layer, and some hand it something we do not know about. So a model is run on a few tokens through the tap and
by the library's own eager attention, and the two must give the same weights; and once more on more tokens than every
window and budget that its configuration names, as far as that takes seconds.

Why ours: transformers' flag for it (`_supports_attention_backend`) is what a class claims, and says nothing of a layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import torch

from dashboard.capture import tap
from dashboard.capture.attention_call import Call, Heads
from dashboard.capture.budgets import budgets
from dashboard.capture.limits import positions
from dashboard.capture.maps import handed_out, is_of_patches, learn, why_none
from dashboard.capture.numbering import Numbering, named_numbers
from dashboard.models.foreign import reason

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TOKENS = 24
BEYOND = 9  # tokens more than a window or budget has
TOLERANCE = 1e-4
# What a longer probe may cost: weights of the layers × tokens (some 5 s on two cores), and weights of attention held.
WORK, CELLS = 3 * 10**10, 2**25
NOT_SQUARE = "its attention maps are not one row and one column per token"
NOT_COMMON = "none of its layers uses the library's common attention"

Maps = list[torch.Tensor]  # a layer each: (heads, n, n)


@dataclass(frozen=True)
class Shape:
    """What a probe found.

    Attributes
    ----------
    layers: how many layers the model has, those without attention counted
    numbers: which of them have attention, in order
    heads: how many heads each of these has; the most, where layers have different numbers
    fewer: the layers that have fewer, and how many
    causal: whether a position sees only what stands before it
    hidden: whether its last vectors are handed out among its hidden states only
    untried: the smallest window or budget of its configuration beyond which the two were not compared, None where
        there is none
    square: the window or budget beyond which it hands out no maps of one row and one column for each token (route
        "eager"), None where there is none
    pooled: the layers that attend over fewer tokens than the text has, and hand out maps of these
    """

    layers: int
    numbers: tuple[int, ...]
    heads: int
    causal: bool
    hidden: bool = False
    untried: int | None = None
    square: int | None = None
    pooled: tuple[int, ...] = ()
    fewer: Mapping[int, int] = field(default_factory=dict)


class Unfit(Exception):
    """Why attention cannot be read in the way that was tried: the end of a sentence."""


class Unreadable(Unfit):
    """Why it cannot be read in any way."""


def probe_tap(model: PreTrainedModel) -> Shape:
    """The model's shape, where its weights can be read through the tap. Raises Unfit where they cannot."""
    numbering = Numbering(model)
    ids = probe_ids(model)
    with numbering.watching():
        seen, output = _through_tap(model, ids, numbering)
    layers, numbers = numbering.numbers()
    expected = _through_eager(model, ids)
    if expected is None:
        config = model.config.get_text_config()
        if named_numbers(config, len(seen)) != (layers, numbers):
            whole = getattr(config, "num_hidden_layers", None)
            raise Unfit(f"{len(seen)} of its {whole} layers use the library's common attention")
        expected = seen
    compare(seen, expected)
    shape = shape_of(seen, layers, numbers, output)
    length, untried = _longer(model, shape)
    if length:
        ids = probe_ids(model, length)
        expected = _through_eager(model, ids)
        seen, _ = _through_tap(model, ids)
        if expected is None:
            untried = min(n for n in budgets(model.config) if n + BEYOND > TOKENS)
        else:
            compare(seen, expected)
    return replace(shape, untried=untried)


def probe_eager(model: PreTrainedModel) -> Shape:
    """The same for a model that was loaded with eager attention and hands out whole maps."""
    ids = probe_ids(model)
    try:
        with torch.inference_mode():
            model(ids)  # BigBird changes over to full attention in its first short pass, and hands out none in that one
            output = learn(model, ids)
    except Exception as error:
        raise not_run(model, error) from error
    maps = handed_out(model, output, ids.shape[1])
    pooled = tuple(number for number, layer in enumerate(maps) if layer is not None and _is_pooled(layer, ids.shape[1]))
    held = [(number, one[0]) for number, one in enumerate(maps) if one is not None and number not in pooled]
    square = bool(held) and all(layer.shape[-2:] == (ids.shape[1],) * 2 for _, layer in held)
    if (is_of_patches(model) or not square) and (why := why_none(model, ids)):
        raise Unreadable(why)
    if not square:
        raise Unfit(NOT_SQUARE if held else "it hands out no attention weights")
    layers, numbers = len(maps), tuple(number for number, _ in held)
    if len(held) == len(maps):
        named = named_numbers(model.config.get_text_config(), len(maps))
        if named is None and isinstance(getattr(model.config.get_text_config(), "num_hidden_layers", None), int):
            raise Unfit(f"it hands out attention for {len(maps)} layers, and which of its layers these are is not said")
        layers, numbers = named or (layers, numbers)
    check_even(maps := [layer for _, layer in held])
    shape = replace(shape_of(maps, layers, numbers, output), pooled=pooled)
    return replace(shape, square=_square_up_to(model, shape))


def _is_pooled(maps: torch.Tensor, n: int) -> bool:
    """Whether a layer attends over fewer than n tokens: maps (1, h, at most n, at most n), and not n × n."""
    rows, columns = maps.shape[-2:]
    return maps.dim() == 4 and rows <= n and columns <= n and rows * columns < n * n


def _square_up_to(model: PreTrainedModel, shape: Shape) -> int | None:
    """The window or budget of its configuration beyond which it hands out no square maps; None where there is none."""
    most = positions(model)
    for budget in budgets(model.config):
        n = budget + BEYOND
        if n <= TOKENS or (most is not None and n + 4 > most) or len(shape.numbers) * shape.heads * n * n > CELLS:
            continue
        ids = probe_ids(model, n)
        try:
            with torch.inference_mode():
                maps = handed_out(model, model(ids, output_attentions=True), n)
        except Exception:
            return budget
        held = (one for number, one in enumerate(maps) if one is not None and number not in shape.pooled)
        if any(one.shape[-2:] != (n, n) for one in held):
            return budget
    return None


def largest_difference(seen: Maps, expected: Maps) -> float:
    """The largest |a - b| over all weights of all layers; infinite where numbers of layers or shapes differ."""
    if len(seen) != len(expected) or any(a.shape != b.shape for a, b in zip(seen, expected, strict=True)):
        return float("inf")
    largest = max(float((a - b).abs().max()) for a, b in zip(seen, expected, strict=True))
    return largest if largest == largest else float("inf")


def compare(seen: Maps, expected: Maps) -> None:
    if largest_difference(seen, expected) > TOLERANCE:
        raise Unfit("its layers do more than the library's common attention")


def _longer(model: PreTrainedModel, shape: Shape) -> tuple[int, int | None]:
    """How many tokens a longer probe has, 0 for none; and the first window or budget that is too long to be tried."""
    most, layers = positions(model), len(shape.numbers)
    beyond = [n for n in budgets(model.config) if n + BEYOND > TOKENS and (most is None or n + BEYOND < most)]
    table = _embeddings(model).weight.numel()
    weights = sum(one.numel() for one in model.parameters()) - table
    tried, untried = 0, None
    for n in beyond:
        length = n + BEYOND
        if weights * length <= WORK and layers * shape.heads * length * length <= CELLS:
            tried = length
        elif untried is None:
            untried = n
    return tried, untried


def _embeddings(model: PreTrainedModel) -> torch.nn.Embedding:
    return cast(torch.nn.Embedding, model.get_input_embeddings())


def probe_ids(model: PreTrainedModel, tokens: int = TOKENS) -> torch.Tensor:
    """Different token ids spread over the vocabulary, none of them padding: (1, n)."""
    config = model.config.get_text_config()
    size = getattr(config, "num_hash_buckets", None)  # CANINE hashes any character
    try:
        size = size or _embeddings(model).weight.shape[0]
    except (AttributeError, NotImplementedError) as error:
        raise Unfit("it does not read tokens of a text") from error
    n = max(2, min(tokens, (positions(model) or tokens + 4) - 4))
    ids = torch.linspace(size // 4, size - 1, n).long()
    pad = getattr(config, "pad_token_id", None)
    ids[ids == pad] = size // 8
    return ids[None].to(next(model.parameters()).device)


def _through_tap(model: PreTrainedModel, ids: torch.Tensor, numbering: Numbering | None = None) -> tuple[Maps, object]:
    maps: Maps = []
    n = ids.shape[1]

    def receive(layer: int, heads: Heads, rows: slice, weights: torch.Tensor, call: Call) -> None:
        if weights.shape[2:] != (n, n):
            queries, keys = weights.shape[2:]
            raise Unfit(
                f"a layer has {queries} queries and {keys} keys for {n} tokens, so they are not those of the text"
            )
        if numbering is not None:
            numbering.note()
        maps.append(weights[0].clone())

    # More layers than any model has: the pass must run to its end, so that every call is counted.
    request = tap.Request(dict.fromkeys(range(100_000)), receive, rows=n)
    output = None
    try:
        with torch.inference_mode(), tap.listening(request):
            output = model(ids)
    except Unfit:
        raise
    except tap.Unknown as unknown:
        raise depends_on(unknown) from unknown
    except Exception as error:
        raise not_run(model, error) from error
    if not maps:
        raise Unfit(NOT_COMMON)
    return maps, output


def _through_eager(model: PreTrainedModel, ids: torch.Tensor) -> Maps | None:
    """The same weights by the library's own attention, None where it hands out none.

    The one moment in which a model is switched: it is not yet anybody's.
    """
    before = cast(str, model.config._attn_implementation)  # a loaded model has one
    try:
        model.set_attn_implementation("eager")
        with torch.inference_mode():
            maps = getattr(model(ids, output_attentions=True), "attentions", None)
    except Exception:
        return None
    finally:
        model.set_attn_implementation(before)
    # Layers of linear attention may hand out what is no map.
    n = ids.shape[1]
    maps = [layer[0] for layer in maps or () if layer is not None and layer.shape[-2:] == (n, n)]
    return maps or None


def depends_on(unknown: tap.Unknown) -> Unfit:
    quoted = ", ".join(f"“{name}”" for name in unknown.names)
    return Unfit(f"its attention also depends on {quoted}")


def not_run(model: PreTrainedModel, error: Exception) -> Unfit:
    if "bbox" in str(error).lower():
        return Unreadable("it also reads where each token stands on a page (bbox), which a text alone does not say")
    senses = getattr(model, "input_modalities", "text")
    senses = [senses] if isinstance(senses, str) else list(senses)
    if senses == ["text"]:
        return Unfit(f"it cannot be run on a short text ({reason(error).rstrip('.')})")
    unseen = isinstance(error, AttributeError) and "'NoneType'" in str(error)  # the image that is not there
    own = f" ({reason(error).rstrip('.')})" if isinstance(error, ValueError | AttributeError) and not unseen else ""
    return Unfit(f"it cannot be run on text alone, for it reads {' and '.join(senses)}{own}")


def shape_of(maps: Maps, layers: int, numbers: tuple[int, ...], output: object) -> Shape:
    if any(layer.dim() != 3 for layer in maps):
        raise Unfit(NOT_SQUARE)
    n = maps[0].shape[-1]
    if any(layer.shape[1:] != (n, n) for layer in maps):
        raise Unfit(NOT_SQUARE)
    check_shares(maps)
    heads = max(len(layer) for layer in maps)
    fewer = {number: len(layer) for number, layer in zip(numbers, maps, strict=True) if len(layer) < heads}
    hidden = getattr(output, "last_hidden_state", None) is None
    causal = all(bool((one.triu(1) == 0).all()) for one in maps)
    return Shape(layers, numbers, heads, causal, hidden, fewer=fewer)


def check_shares(maps: Maps) -> None:
    """Raises Unfit for maps (heads, queries, keys) that are no shares of attention."""
    for every in maps:
        if not torch.isfinite(every).all() or every.min() < -TOLERANCE or every.sum(-1).max() > 1 + TOLERANCE:
            raise Unfit("what it hands out are not shares of attention")


def check_even(maps: Maps) -> None:
    """Raises Unfit where layers have different numbers of heads."""
    if len({len(layer) for layer in maps}) > 1:
        raise Unfit("its layers have different numbers of heads")
