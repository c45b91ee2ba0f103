"""One attention layer of a model as it really ran: its input, its weights, its mask, and its own results.

Our attention is run on the first three and compared with the last, so a page that shows ours shows the model's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from dashboard.builtin.attention import Layer, Steps, attend, project
from dashboard.builtin.grouped_heads import share_heads
from dashboard.builtin.masks import additive, causal, rows_of, softcap, with_sink
from dashboard.capture import tap
from dashboard.capture.attention_call import Call, Heads
from dashboard.capture.model import AttentionModel
from dashboard.capture.projections import Product, find_layer, product_of, turns_of
from dashboard.capture.weight_file import check_tap
from dashboard.text.encoding import Encoding

CELLS = 2**20  # weights of a block, all heads together: 4 MB, a few times over
UNREAD = "its queries, keys and values cannot be read"
NEVER = 10**6  # more layers than any model has: the tap itself never ends the pass


@dataclass(frozen=True, eq=False)
class LayerRun:
    """One layer over one text: n tokens, D numbers each, h heads, g key/value heads, d numbers in a head.

    Attributes
    ----------
    number: which layer, from 0
    x: what the layer reads (n, D), after any norm before it; None where its projections cannot be told apart
    layer: its weights, views of the model's own; None where x is None
    w_o, b_o: the output projection (h·d, D) and its bias (D) or 0; w_o None where there is none to be seen
    output: what the model itself has after the output projection (n, D), None where w_o is. This layer ran with the
        library's eager attention, so that it differs from ours by no more than rounding: SDPA sums up in another
        order, and where outputs reach 200 (SmolLM2 has such) that alone is 1e-4
    call: the model's own queries, keys and values, mask and scale, as they enter the dot product
    made: of a model of route "eager" its weights (h, n, n) and what its heads make of them (n, h, d); else None
    """

    number: int
    x: Tensor | None
    layer: Layer | None
    w_o: Tensor | None
    b_o: Tensor | float
    output: Tensor | None
    call: Call
    made: tuple[Tensor, Tensor] | None = None

    @property
    def scale(self) -> float:
        """The factor on the scores."""
        return self.call.scaling if self.layer is None or self.layer.scale is None else self.layer.scale

    @property
    def plain(self) -> bool:
        """Whether the layer is the article's, as `multi_head` has it, with nothing more to its scores than a mask."""
        return self.layer is not None and self.call.softcap is None and self.call.sink is None

    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of all heads, three of (h, n, d): from x by our own projection, rotary positions
        included, or the model's own where there is no x."""
        if self.layer is not None and self.x is not None:
            return project(self.x, self.layer)
        heads = self.call.q.shape[1]
        return self.call.q[0], share_heads(self.call.k[0], heads), share_heads(self.call.v[0], heads)

    def attend(
        self, parts: tuple[Tensor, Tensor, Tensor], rows: slice = slice(None), heads: slice = slice(None)
    ) -> Steps:
        """Our attention of some rows of some heads, on `parts` and under this layer's mask: `Steps` (heads, rows, n).

        Where the layer has learned sinks there is one more key at the end, (heads, rows, n + 1).
        """
        q, k, v = parts[0][heads, rows], parts[1][heads], parts[2][heads]
        mask = self.mask(rows, q, k, heads)
        if self.call.sink is not None:
            nothing = q.new_zeros(q.shape[-2], k.shape[-2])
            k, v, mask = with_sink(k, v, nothing if mask is None else mask, self.call.sink[heads])
        return attend(q, k, v, mask, self.scale)

    def mask(self, rows: slice, q: Tensor, k: Tensor, heads: slice = slice(None)) -> Tensor | None:
        """What these rows may see and what is added to their scores, for `attend`; None where nothing is.

        q (h, rows, d), k (h, n, d) of these heads: a softcap depends on them. Boolean, or numbers to add to the
        scaled scores, −∞ where a query may not look: broadcastable to (h, rows, n).
        """
        call, n = self.call, k.shape[-2]
        parts = []
        if call.causal:
            parts.append(causal(n, k.device)[rows])
        if call.mask is not None:
            parts.append(_allowed(_heads_of(rows_of(call.mask, rows), heads)))
        if call.bias is not None:
            parts.append(_heads_of(rows_of(call.bias, rows), heads))
        if call.softcap is not None:
            parts.append(softcap(q, k, self.scale, call.softcap))
        if not parts or all(part.dtype == torch.bool for part in parts):
            return parts[0] if parts else None
        first, *rest = (additive(part, k.dtype) for part in parts)
        return sum(rest, start=first)

    def own(self, rows: slice) -> tuple[Tensor, Tensor | None]:
        """The model's own weights of these rows (h, rows, n) and what its heads make of them (rows, h, d), by the
        library's eager attention: the function that the model's own file has for this.

        A model whose file has none gives the tap's weights, which were compared with its eager attention when it was
        opened, and None. One of route "eager" gives what it computed in this pass.
        """
        if self.made is not None:
            weights, mixed = self.made
            return weights[:, rows], mixed[rows]
        call, n = self.call, self.call.k.shape[2]
        eager = getattr(sys.modules.get(type(call.module).__module__), "eager_attention_forward", None)
        if eager is None:
            weights = call.weights(rows)[0].clone()
            return torch.nn.functional.pad(weights, (0, n - weights.shape[-1])), None
        mask = causal(n, call.k.device) if call.causal else call.mask
        if mask is not None:
            mask = rows_of(mask, rows)
            if mask.dtype == torch.bool:
                low = torch.finfo(call.q.dtype).min  # as the library's own masks have it
                mask = call.q.new_zeros(mask.shape).masked_fill_(~mask, low)
        if call.bias is not None:
            mask = rows_of(call.bias, rows) + (0.0 if mask is None else mask)
        more: dict[str, Any] = {} if call.softcap is None else {"softcap": call.softcap}
        mixed, weights = eager(call.module, call.q[:, :, rows], call.k, call.v, mask, scaling=call.scaling, **more)
        return weights[0], mixed[0]

    def blocks(self) -> Iterator[slice]:
        """The rows, cut so that a block of weights of all heads stays small."""
        _, heads, n, _ = self.call.q.shape
        step = max(1, min(n, CELLS // (heads * n)))
        return (slice(start, min(n, start + step)) for start in range(0, n, step))


def _heads_of(per_cell: Tensor, heads: slice) -> Tensor:
    """The part of (1, h or 1, rows, n) for some heads."""
    return per_cell[0, heads] if per_cell.shape[1] > 1 else per_cell[0]


def _allowed(mask: Tensor) -> Tensor:
    """A mask of the library: boolean as it is; numbers as a boolean mask where they only hide, −∞ in place of the
    lowest number there is where they say more."""
    if mask.dtype == torch.bool:
        return mask
    hidden = mask <= torch.finfo(mask.dtype).min / 2
    if bool((mask.masked_fill(hidden, 0.0) == 0).all()):
        return ~hidden
    return mask.masked_fill(hidden, -torch.inf)


@torch.inference_mode()
def watch_layers(
    model: AttentionModel,
    encoding: Encoding,
    receive: Callable[[LayerRun], None],
    layers: Collection[int] | None = None,
) -> None:
    """One forward pass over a text; `receive` gets each of these layers (None for all) as soon as it has run.

    The pass ends after the last of them. No more than one layer is held. Safe to call from several threads at once
    with one model. Raises UserError for a layer that the model does not have, a text that is too long, and a model of
    route "eager" whose queries and keys cannot be told.
    """
    wanted = set(model.numbers if layers is None else layers)
    for layer in wanted:
        model.check_layer(layer)
    model.check_length(len(encoding))
    if model.route == "eager":
        _watch_own(model, encoding, wanted, receive)
        return
    check_tap(model, UNREAD)
    watch = _Watch(len(encoding), wanted, turns_of(model.loaded.model), receive)
    # The layer after each one that is wanted is asked for as well: there a layer without an output projection ends.
    after = dict(zip(model.numbers, (*model.numbers[1:], NEVER), strict=True))
    requested = {layer: (0,) for each in wanted for layer in (each, after[each])}
    watch.request = tap.Request(requested | {NEVER: ()}, watch.attention, output=watch.eager, numbers=model.calls)
    ids = torch.tensor([encoding.ids], device=next(model.loaded.model.parameters()).device)
    with tap.listening(watch.request), watch:
        model.run(ids)
    watch.hand_over()


def layer_run(model: AttentionModel, encoding: Encoding, layer: int) -> LayerRun:
    """One layer (from 0) over a text, in a pass that ends after it. Raises as `watch_layers` does."""
    found: list[LayerRun] = []
    watch_layers(model, encoding, found.append, [layer])
    return found[0]


def _watch_own(
    model: AttentionModel, encoding: Encoding, wanted: Collection[int], receive: Callable[[LayerRun], None]
) -> None:
    """The same of a model whose attention does not go through the tap."""
    from dashboard.capture.maps.mixed_layers import MixedLayer, watch_mixes

    turns = turns_of(model.loaded.model)

    def each(mixed: MixedLayer) -> None:
        if mixed.call is None:
            check_tap(model, UNREAD)
            return
        x, layer = find_layer(mixed.call, mixed.products, turns) or (None, None)
        if layer is not None and mixed.w_o is not None:
            layer = replace(layer, w_o=mixed.w_o, b_o=mixed.b_o)
        made = mixed.weights, mixed.said
        receive(LayerRun(mixed.number, x, layer, mixed.w_o, mixed.b_o, mixed.output, mixed.call, made))

    watch_mixes(model, encoding, each, wanted, UNREAD, scores=True)


class _Watch(TorchFunctionMode):
    """Notes the products of the layers that are wanted. A mode belongs to the thread that entered it."""

    request: tap.Request

    def __init__(self, n: int, wanted: set[int], turns: list[Tensor], receive: Callable[[LayerRun], None]):
        super().__init__()
        self.n, self.wanted, self.turns, self.receive = n, wanted, turns, receive
        self.products: list[Product] = []
        self.run: LayerRun | None = None  # has run, but for its output projection
        self.last_row: Tensor | None = None  # what the heads have joined for the last token
        self.last_layer = -1

    def __torch_function__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        if self.run is not None or self.request.coming in self.wanted:
            product = product_of(func, args, kwargs or {}, output, self.n)
            if product is not None and self.run is not None:
                self._output(product)
            elif product is not None:
                self.products.append(product)
        return output

    def attention(self, layer: int, heads: Heads, rows: slice, weights: Tensor, call: Call) -> None:
        """The tap's news: a layer is at its dot product."""
        if layer == self.last_layer:  # its next block of rows
            return
        self.last_layer = layer
        self.hand_over()
        if not self.wanted:
            raise tap.Enough
        if layer not in self.wanted:
            return
        found = find_layer(call, self.products, self.turns)
        x, weights_of = found or (None, None)
        self.products.clear()
        self.run = LayerRun(layer, x, weights_of, None, 0.0, None, call)
        self.last_row = call.mix(call.weights(slice(self.n - 1, self.n)))[0, 0].flatten()

    def eager(self, call: Call) -> Tensor | None:
        """What the heads make of this layer by the library's eager attention (1, n, h, d)."""
        if self.run is None:
            return None
        mixed = [own for rows in self.run.blocks() if (own := self.run.own(rows)[1]) is not None]
        return torch.cat(mixed)[None] if mixed else None

    def _output(self, product: Product) -> None:
        """Is this the output projection: the first product whose input is what the heads have joined?"""
        given, expected, run = product.x[-1], self.last_row, self.run
        if (
            run is None
            or expected is None
            or given.shape != expected.shape
            or (given - expected).abs().max() > 1e-4 * expected.abs().max()
        ):
            return
        run = replace(run, w_o=product.weights, b_o=product.bias, output=product.y)
        if run.layer is not None:
            run = replace(run, layer=replace(run.layer, w_o=product.weights, b_o=product.bias))
        self.run = run
        self.hand_over()
        if not self.wanted:
            raise tap.Enough

    def hand_over(self) -> None:
        """The layer that has run is complete, with an output projection or without."""
        if self.run is None:
            return
        run, self.run = self.run, None
        self.wanted.remove(run.number)
        self.receive(run)
