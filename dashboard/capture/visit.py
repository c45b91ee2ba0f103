"""The one door: a forward pass with a visitor, which is handed every block of attention weights that it asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol

import torch

from dashboard.capture import tap
from dashboard.capture.attention_call import Call, Heads
from dashboard.capture.malloc import returned_at_once
from dashboard.capture.maps import handed_out
from dashboard.capture.model import AttentionModel
from dashboard.capture.weight_file import ReplayedModel, check_tap
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, Part
from dashboard.text.encoding import Encoding

# Tokens, padding included, from which on memory matters more than a few per cent of the time.
LONG = 1024


@dataclass(frozen=True, eq=False)
class Block:
    """The attention of some heads of one layer, from a block of queries of one text. Padding is already cut away.

    Attributes
    ----------
    text: which of the texts (0 when there is one)
    layer: which layer, by the model's own number, from 0
    heads: which heads, in the order of the first axis of `weights`
    rows: the query positions
    weights: float32 (heads, rows, keys), on the model's device. `keys` is all n positions, or fewer from the first
        on, where the rest is the future of a causal layer and 0. The memory is reused for the next block: copy what
        you keep, and change nothing.
    allowed: bool (rows, keys), what the layer's mask lets each query see (padding, a sliding window); None where
        that follows from the model alone: everything, or in a causal model what stands before
    q, k, v: (heads, n, d), for a visitor whose `wants_qkv` is true: queries and keys as they enter the dot product
        (after rotary positions), values, repeated for heads that share them; else None. Of cross attention k and v
        have a row for each token of the source
    scaling: the factor on the dot products; None of route "eager" for a visitor that wants no queries and keys
    part: which part of an encoder–decoder model, "" in any other
    call: the layer's call as a whole, of all texts; None where the model does not tell (route "eager")
    """

    text: int
    layer: int
    heads: tuple[int, ...]
    rows: slice
    weights: torch.Tensor
    allowed: torch.Tensor | None = None
    q: torch.Tensor | None = None
    k: torch.Tensor | None = None
    v: torch.Tensor | None = None
    scaling: float | None = None
    part: Part = ""
    call: Call | None = None

    @property
    def ids(self) -> tuple[HeadId, ...]:
        """The heads by name, in the order of `heads`."""
        return tuple(HeadId(self.layer, head, self.part) for head in self.heads)


class Visitor(Protocol):
    """What is handed the blocks: layer by layer, and in a layer the rows in order, every text's before the next rows.
    Of a model that is read one text at a time (`AttentionModel.alone`), all of a text come before the next text's.

    A visitor that also needs queries, keys and values has an attribute `wants_qkv = True`; one that knows that keys may
    be those of another text, `two_texts = True`.
    """

    def block(self, block: Block) -> None: ...


@torch.inference_mode()
def visit(
    model: AttentionModel,
    encodings: Encoding | Sequence[Encoding],
    visitor: Visitor,
    *,
    layers: Collection[int] | None = None,
    heads: Collection[HeadId] | None = None,
    rows: int | None = None,
) -> None:
    """One forward pass over a text (or several, padded to one batch); `visitor` sees the weights it asked for.

    A model that padding changes (`AttentionModel.alone`) reads texts of different lengths one after the other.

    Parameters
    ----------
    encodings: texts as this model sees them (`model.encode`)
    layers: all heads of these layers; None for all layers, unless `heads` says which
    heads: or these heads
    rows: query rows in a block; None chooses so that a block has about a million weights

    The pass ends after the last layer asked for. Layers that were not asked for run as they would without us. Extra
    memory does not grow with layers × heads × n², except in a model of route "eager". Safe to call from several
    threads at once with one model.

    Raises UserError for a layer or head that the model does not have, and a text longer than the model takes; of cross
    attention for a visitor that does not know of two texts.
    """
    if model.part == "cross" and not getattr(visitor, "two_texts", False):
        raise UserError(
            f"The cross attention of {model.title} leads from one text to another, so this cannot be measured of it. "
            "Choose the encoder's or the decoder's heads."
        )
    texts = [encodings] if isinstance(encodings, Encoding) else list(encodings)
    wanted = _wanted(model, layers, heads)
    if not wanted or not texts:
        return
    if isinstance(model, ReplayedModel):
        _replay(model, texts, visitor, wanted, rows)
        return
    lengths = [len(text) for text in texts]
    model.check_length(max(lengths))
    for places in _batches(model, lengths):
        _pass(model, [texts[place] for place in places], places, visitor, wanted, rows)


@torch.inference_mode()
def read_together(model: AttentionModel, texts: list[Encoding], visitor: Visitor) -> None:
    """All heads over these texts as one padded batch, whatever that does to them: see `changed_by_padding`."""
    _pass(model, texts, list(range(len(texts))), visitor, _wanted(model, None, None), None)


def _batches(model: AttentionModel, lengths: Sequence[int]) -> list[list[int]]:
    """Which texts run together: all of them, or each alone where padding would change what the model reads."""
    every = list(range(len(lengths)))
    return [[place] for place in every] if len(set(lengths)) > 1 and model.alone else [every]


def _pass(
    model: AttentionModel,
    texts: list[Encoding],
    places: list[int],
    visitor: Visitor,
    wanted: dict[int, tuple[int, ...]],
    rows: int | None,
) -> None:
    """One forward pass over some of the texts. places: the number of each for the visitor."""
    inputs, lengths = batch_inputs(model, texts), [len(text) for text in texts]
    wants_qkv, seen = getattr(visitor, "wants_qkv", False), model.source_text
    if model.route == "eager" and wants_qkv:
        for text, place in zip(texts, places, strict=True):
            _visit_layers(model, text, place, visitor, wanted)
        return
    if model.route == "eager":
        _visit_eager(model, inputs, lengths, places, visitor, wanted)
        return

    qkv: dict[int, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = {}

    def receive(layer: int, which: Heads, rows: slice, weights: torch.Tensor, call: Call) -> None:
        allowed = call.allowed(rows)
        if wants_qkv and layer not in qkv:
            qkv.clear()
            qkv[layer] = _per_head(call, which)
        for text, n in enumerate(lengths):
            cut, keys = slice(rows.start, min(rows.stop, n)), weights.shape[-1]
            keys = keys if seen is not None else min(keys, n)
            if cut.start >= cut.stop:
                continue
            count = cut.stop - cut.start
            q = k = v = None
            if wants_qkv:
                q, k, v = (part[text] for part in qkv[layer])
                q, k, v = q[:, :n], *((k, v) if seen is not None else (k[:, :n], v[:, :n]))
            visitor.block(
                Block(
                    places[text],
                    layer,
                    which,
                    cut,
                    weights[text, :, :count, :keys],
                    None if allowed is None else allowed[text, :count, :keys],
                    q,
                    k,
                    v,
                    call.scaling,
                    model.part,
                    call,
                )
            )

    frugal = returned_at_once() if inputs["input_ids"].numel() >= LONG else nullcontext()
    with frugal, tap.listening(tap.Request(wanted, receive, rows, numbers=model.calls)):
        model.run(**inputs)


def _replay(
    model: ReplayedModel, texts: list[Encoding], visitor: Visitor, wanted: dict[int, Heads], rows: int | None
) -> None:
    for text in texts:
        model.check_text(text)
    if getattr(visitor, "wants_qkv", False):
        check_tap(model, "its queries, keys and values cannot be read")
    for layer, heads in wanted.items():
        for block, weights in model.blocks(layer, heads, rows):
            for text in range(len(texts)):
                visitor.block(Block(text, layer, heads, block, weights))


def _visit_layers(
    model: AttentionModel, text: Encoding, place: int, visitor: Visitor, wanted: dict[int, Heads]
) -> None:
    """One text of a model of route "eager", with its queries, keys and values."""
    from dashboard.capture.layer_trace import LayerRun, watch_layers

    every = slice(0, len(text))

    def receive(run: LayerRun) -> None:
        which, allowed = wanted[run.number], run.call.allowed(every)
        weights = run.own(every)[0][list(which)]
        q, k, v = (part[0] for part in _per_head(run.call, which))
        allowed = None if allowed is None else allowed[0]
        c = run.call.scaling
        visitor.block(Block(place, run.number, which, every, weights, allowed, q, k, v, c, model.part))

    watch_layers(model, text, receive, wanted)


def _visit_eager(
    model: AttentionModel,
    inputs: dict,
    lengths: list[int],
    places: list[int],
    visitor: Visitor,
    wanted: dict[int, tuple[int, ...]],
) -> None:
    output = model.run(**inputs, output_attentions=True)
    name = "cross_attentions" if model.part == "cross" else "attentions"
    maps = handed_out(model.loaded.model, output, inputs["input_ids"].shape[1], name)
    every = [one for number, one in enumerate(maps) if one is not None and number not in model.pooled]
    for layer, heads in wanted.items():
        for text, n in enumerate(lengths):
            m = n if model.source_text is None else len(model.source_text)
            weights = every[model.numbers.index(layer)][text, list(heads), :n, :m]
            if weights.shape != (len(heads), n, m):
                raise UserError(
                    f"{model.title} attends in another way on a text of {n:,} tokens: its weights are not one row and "
                    "one column for each token. Use a shorter text or choose another model."
                )
            visitor.block(Block(places[text], layer, heads, slice(0, n), weights, part=model.part))


def _wanted(
    model: AttentionModel, layers: Collection[int] | None, heads: Collection[HeadId] | None
) -> dict[int, tuple[int, ...]]:
    """Layer → heads, both in order and checked."""
    if heads is None:
        some = model.numbers if layers is None else layers
        for layer in some:
            model.check_layer(layer)
        return {layer: tuple(range(model.heads_of(layer))) for layer in sorted(set(some))}
    wanted: dict[int, tuple[int, ...]] = {}
    for head in sorted(set(heads)):
        model.check_head(head)
        wanted[head.layer] = (*wanted.get(head.layer, ()), head.head)
    return wanted


def batch_inputs(model: AttentionModel, texts: list[Encoding]) -> dict[str, torch.Tensor]:
    """Ids padded on the right, the mask of what is text where there is padding, and token types where there are any."""
    longest, pad = max(map(len, texts)), getattr(model.loaded.model.config.get_text_config(), "pad_token_id", None)
    if not isinstance(pad, int) or not 0 <= pad < (model.loaded.rows or pad + 1):
        pad = 0  # whatever stands there is masked, but it must be a token that the model has
    device = next(model.loaded.model.parameters()).device
    ids = torch.full((len(texts), longest), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text.ids)
        mask[row, : len(text)] = 1
    inputs = {"input_ids": ids.to(device)}
    if not mask.all():
        inputs["attention_mask"] = mask.to(device)
    if any(text.types for text in texts):
        types = torch.zeros_like(ids)
        for row, text in enumerate(texts):
            types[row, : len(text.types)] = torch.tensor(text.types)
        inputs["token_type_ids"] = types.to(device)
    return inputs


def _per_head(call: Call, heads: Heads) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    group = call.q.shape[1] // call.k.shape[1]
    shared = [head // group for head in heads]
    return call.q[:, list(heads)], call.k[:, shared], call.v[:, shared]
