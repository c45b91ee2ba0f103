"""What the layers of a model of route "eager" mix, and what they do with it: their weights, values, scores and W_O."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dashboard.capture.attention_call import Call
from dashboard.capture.maps.dots import Dots
from dashboard.capture.maps.mixes import Mixes, Products, own_mixes
from dashboard.capture.model import AttentionModel
from dashboard.capture.projections import Product, equal, product_of
from dashboard.capture.weight_file import check_tap
from dashboard.text.encoding import Encoding


@dataclass(frozen=True, eq=False)
class MixedLayer:
    """One layer over one text of n tokens; m is n, or of cross attention the number of the source's tokens.

    Attributes
    ----------
    number: which layer, from 0
    weights, values, said: of its heads (h, n, m), (h, m, d'), and what they make of both (n, h, d')
    call: as the tap has it of other models; None where the scores are not followed, or cannot be
    products: what was multiplied with weights of the model before
    w_o, b_o: the output projection (h·d', D) and its bias (D) or 0; w_o None where there is none to be seen
    output: what comes out of it (n, D), None where w_o is
    """

    number: int
    weights: Tensor
    values: Tensor
    said: Tensor
    call: Call | None = None
    products: tuple[Product, ...] = ()
    w_o: Tensor | None = None
    b_o: Tensor | float = 0.0
    output: Tensor | None = None


@torch.inference_mode()
def watch_mixes(
    model: AttentionModel,
    encoding: Encoding,
    receive: Callable[[MixedLayer], None],
    layers: Collection[int],
    otherwise: str = "the values of its heads cannot be read",
    *,
    scores: bool = False,
) -> None:
    """One forward pass over a text; `receive` gets each of these layers. As `layer_trace.watch_layers` for a model of
    route "eager". Raises UserError where the products of its heads cannot be told, which ends in `otherwise`, and for
    a text that is too long.

    scores: whether they are followed as well, for `MixedLayer.call`
    """
    for layer in layers:
        model.check_layer(layer)
    model.check_length(len(encoding))
    mixes = own_mixes(model)
    if mixes is None:
        check_tap(model, otherwise)
        return
    watch = _Watch(model, len(encoding), mixes, layers, receive, scores)
    with watch:
        model.run(torch.tensor([encoding.ids], device=next(model.loaded.model.parameters()).device))
    watch.hand_over()


class _Watch(Products):
    def __init__(
        self,
        model: AttentionModel,
        n: int,
        mixes: Mixes,
        layers: Collection[int],
        receive: Callable[[MixedLayer], None],
        scores: bool,
    ):
        super().__init__(model, n, self._mix)
        self.left, self.give = list(mixes), receive
        self.wanted = {(layer, model.part) for layer in layers}
        keys = self.source if model.part == "cross" and self.source else n
        self.dots, self.products = Dots(model.heads, n, keys) if scores else None, list[Product]()
        self.layer: MixedLayer | None = None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        output = super().__torch_function__(func, types, args, kwargs)
        if self.layer is None and (not self.left or self.left[0] not in self.wanted):
            return output
        kwargs = kwargs or {}
        product = product_of(func, args, kwargs, output, self.n)
        if product is not None and self.layer is not None:
            self._output(self.layer, product)
        if product is not None:
            self.products.append(product)
        elif self.dots is not None:
            self.dots.note(func, args, kwargs, output)
        return output

    def _output(self, layer: MixedLayer, product: Product) -> None:
        """Is this the output projection: the first product whose input is what the heads have joined?"""
        if equal(product.x, layer.said.flatten(1)):
            self.layer = replace(layer, w_o=product.weights, b_o=product.bias, output=product.y)
            self.hand_over()

    def _mix(self, weights: Tensor, said: Tensor, values: Tensor) -> None:
        self.hand_over()
        mix = self.left.pop(0) if self.left else None
        if mix is not None and mix in self.wanted:
            weights, values, said = (one.clone() for one in (weights, values, said))
            call, products = None if self.dots is None else self.dots.call(weights, values), tuple(self.products)
            self.layer = MixedLayer(mix[0], weights[0], values[0], said[0], call, products)
        if self.dots is not None:
            self.dots.clear()
        self.products.clear()

    def hand_over(self) -> None:
        """The layer that has run is complete, with an output projection or without."""
        layer, self.layer = self.layer, None
        if layer is not None:
            self.give(layer)
