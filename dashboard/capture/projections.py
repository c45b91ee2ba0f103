"""Which of a model's matrices are W_Q, W_K and W_V: found by what they compute, not by their names.

While a layer runs, every product of vectors with a matrix of weights is noted. Those whose results are the queries,
keys and values that enter the dot product, as they are or after rotary positions, are the projections; the one that
takes the heads' joined results is W_O. A matrix that makes all three at once is cut where its parts match.

Why ours: peft lists such names for the kinds of model that it knows, not which is which, nor how one matrix is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dashboard.builtin.attention import Layer
from dashboard.builtin.grouped_heads import split_heads
from dashboard.builtin.rotary import rotary
from dashboard.capture.attention_call import Call

# Relative to the largest number: far above what rounding does to a rotary position, far below any other difference.
TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class Product:
    """y = x · weights + bias for the n tokens of a text: x (n, D), weights (D, M), bias (M) or 0, y (n, M)."""

    x: Tensor
    weights: Tensor
    bias: Tensor | float
    y: Tensor

    def part(self, columns: Tensor | slice) -> Product:
        bias = self.bias[columns] if isinstance(self.bias, Tensor) else self.bias
        return Product(self.x, self.weights[:, columns], bias, self.y[:, columns])


def product_of(func: object, args: Sequence[Any], kwargs: Mapping[str, Any], output: Any, n: int) -> Product | None:
    """What torch was just asked to do, if that was a product of n vectors with weights of the model; of more vectors
    of one text (ProphetNet's n-gram streams stand behind its main one) the first n."""
    if func is torch.nn.functional.linear:
        x, weights, bias = _linear(*args, **kwargs)
        weights = weights.T
    elif func is torch.addmm:
        bias, x, weights = args[:3]
    elif func in (torch.matmul, Tensor.matmul, Tensor.__matmul__) and len(args) == 2 and _is_of_model(args[1]):
        x, weights, bias = *args, None
    else:
        return None
    if not isinstance(weights, Tensor) or weights.dim() != 2 or x.numel() % (n * weights.shape[0]):
        return None
    bias = 0.0 if bias is None else bias.detach()
    x, y = (one.reshape(-1, one.shape[-1])[:n] for one in (x, output))
    return Product(x, weights.detach(), bias, y)


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
    """The arguments of torch's own function, by the names it has for them."""
    return input, weight, bias


def _is_of_model(weights: Any) -> bool:
    """Whether this is a parameter, or one of its views: Falcon multiplies with its transposed weights."""
    return any(isinstance(one, torch.nn.Parameter) for one in (weights, getattr(weights, "_base", None)))


def find_layer(call: Call, products: Sequence[Product], turns: Sequence[Tensor]) -> tuple[Tensor, Layer] | None:
    """The input of the layer (n, D) and its W_Q, W_K, W_V as a `Layer` whose W_O is still missing (h·d, 0).

    products: in the order in which they were computed; turns: the rotary frequencies that the model has. None where
    no products give exactly these queries, keys and values from one input.
    """
    q, k, v = call.q[0], call.k[0], call.v[0]
    for first in dict.fromkeys(product.x.data_ptr() for product in reversed(products)):
        same_input = [product for product in products if product.x.data_ptr() == first]
        values = next((p for p in _candidates(same_input, v, q, k, 2) if equal(split_heads(p.y, len(v)), v)), None)
        if values is None:
            continue
        for rotate in (*(partial(rotary, turn=turn) for turn in turns), None):
            keys, by_key = _matching(_candidates(same_input, k, q, k, 1), k, rotate)
            queries, by_query = _matching(_candidates(same_input, q, q, k, 0), q, rotate)
            if keys is not None and queries is not None:
                return queries.x, _layer(queries, keys, values, call, rotate, by_key * by_query)
    return None


def _layer(q: Product, k: Product, v: Product, call: Call, rotate: partial | None, factor: float) -> Layer:
    heads, groups = call.q.shape[1], call.k.shape[1]
    joined = heads * call.v.shape[-1]
    return Layer(
        q.weights,
        k.weights,
        v.weights,
        v.weights.new_empty(joined, 0),
        heads,
        None if groups == heads else groups,
        b_q=q.bias,
        b_k=k.bias,
        b_v=v.bias,
        rotate=rotate,
        scale=call.scaling * factor,
    )


def _candidates(products: Sequence[Product], part: Tensor, q: Tensor, k: Tensor, which: int) -> Iterator[Product]:
    """Products that have as many columns as this part, alone or as one of three made at once."""
    width = part.shape[0] * part.shape[-1]
    for product in products:
        columns = product.y.shape[1]
        if columns == width:
            yield product
        if columns == (len(q) + 2 * len(k)) * q.shape[-1]:
            for cut in _cuts(len(q), len(k), q.shape[-1]):
                yield product.part(cut[which])


def _matching(products: Iterator[Product], part: Tensor, rotate: partial | None) -> tuple[Product | None, float]:
    """The first product that is this part after turning, and the factor between them."""
    for product in products:
        factor = _factor(_heads(product, len(part), rotate), part)
        if factor is not None:
            return product, factor
    return None, 1.0


def _cuts(heads: int, groups: int, d: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """The columns of q, k and v in a matrix that makes all three: one after the other, or by turns for each group."""
    columns = torch.arange((heads + 2 * groups) * d)
    q, k, v = columns.split([heads * d, groups * d, groups * d])
    yield q, k, v
    by_group = columns.view(groups, heads // groups + 2, d)
    yield by_group[:, :-2].flatten(), by_group[:, -2].flatten(), by_group[:, -1].flatten()


def _heads(product: Product, heads: int, rotate: partial | None) -> Tensor:
    split = split_heads(product.y, heads)
    return split if rotate is None else rotate(split)


def equal(a: Tensor, b: Tensor) -> bool:
    """Whether two results differ by no more than rounding, relative to the second one's largest number."""
    return a.shape == b.shape and bool((a - b).abs().max() <= TOLERANCE * b.abs().max())


def _factor(a: Tensor, b: Tensor) -> float | None:
    """What a must be multiplied with to be b, 1 where they are equal; None where no number does it.

    Some models scale their queries (OPT), or queries and keys (YaRN), instead of the scores: it is the same product.
    """
    if a.shape != b.shape:
        return None
    if equal(a, b):
        return 1.0
    factor = float((a * b).sum() / (a * a).sum().clamp(min=1e-30))
    return factor if factor > 0 and equal(a * factor, b) else None


def turns_of(model: torch.nn.Module) -> list[Tensor]:
    """The rotary frequencies of a model, each kind once."""
    found: list[Tensor] = []
    for name, buffer in model.named_buffers():
        if name.endswith("inv_freq") and not any(torch.equal(buffer, other) for other in found):
            found.append(buffer)
    return found
