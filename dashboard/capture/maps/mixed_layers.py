"""What the layers of a model of route "eager" mix, and what they do with it: their weights, values and W_O."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dashboard.capture.maps.mixes import Mixes, Products
from dashboard.capture.model import AttentionModel
from dashboard.capture.partial_forward import own_mixes
from dashboard.capture.projections import equal, product_of
from dashboard.capture.weight_file import check_tap
from dashboard.text.encoding import Encoding


@dataclass(frozen=True, eq=False)
class MixedLayer:
    """One layer over one text of n tokens.

    Attributes
    ----------
    number: which layer, from 0
    weights, values: of its heads (h, n, n) and (h, n, d')
    w_o: the output projection (h·d', D); None where there is none to be seen
    """

    number: int
    weights: Tensor
    values: Tensor
    w_o: Tensor | None = None


@torch.inference_mode()
def watch_mixes(
    model: AttentionModel, encoding: Encoding, receive: Callable[[MixedLayer], None], layers: Collection[int]
) -> None:
    """One forward pass over a text; `receive` gets each of these layers. As `layer_trace.watch_layers` for a model of
    route "eager". Raises UserError where the products of its heads cannot be told, and for a text that is too long."""
    for layer in layers:
        model.check_layer(layer)
    model.check_length(len(encoding))
    mixes = own_mixes(model)
    if mixes is None:
        check_tap(model, "the values of its heads cannot be read")
        return
    watch = _Watch(model.heads, len(encoding), mixes, layers, receive)
    with watch:
        model.run(torch.tensor([encoding.ids], device=next(model.loaded.model.parameters()).device))
    watch.hand_over()


class _Watch(Products):
    def __init__(
        self, heads: int, n: int, mixes: Mixes, layers: Collection[int], receive: Callable[[MixedLayer], None]
    ):
        super().__init__(heads, n, self._mix)
        self.left, self.layers, self.give = list(mixes), layers, receive
        self.layer: MixedLayer | None = None
        self.last_row: Tensor | None = None  # what its heads have joined for the last token

    def __torch_function__(self, func, types, args=(), kwargs=None):
        output = super().__torch_function__(func, types, args, kwargs)
        if self.layer is not None and self.last_row is not None:
            product = product_of(func, args, output, self.n)
            if product is not None and equal(product.x[-1], self.last_row):
                self.layer = replace(self.layer, w_o=product.weights)
                self.hand_over()
        return output

    def _mix(self, weights: Tensor, said: Tensor, values: Tensor) -> None:
        self.hand_over()
        number = self.left.pop(0) if self.left else None
        if number in self.layers and number is not None:
            self.layer = MixedLayer(number, weights[0].clone(), values[0].clone())
            self.last_row = said[0, -1].flatten().clone()

    def hand_over(self) -> None:
        """The layer that has run is complete, with an output projection or without."""
        layer, self.layer = self.layer, None
        if layer is not None:
            self.give(layer)
