"""The dot products behind a map of a model of route "eager": queries and keys, and what the model does to q · k before
the softmax.

Such a model multiplies its queries and keys somewhere, and scales, masks and adds to the product in its own order.
The product is followed from one result to the next until a softmax whose result is the map. Factors are noted on the
way; whatever else goes into the scores (a position bias, a mask) is what they have beyond factor · q · kᵀ.

Why ours: transformers has no place of its own for a head's queries, keys and scores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dashboard.capture.attention_call import Call
from dashboard.capture.maps.mixes import same_map

HIDES = -1e3  # a score that much lower, where the weight is 0, hides a key: models write −10,000 or the lowest number
NOTHING = 1e-5  # of the largest score: what rounding leaves of factor · q · kᵀ
_PRODUCTS = {"matmul", "__matmul__", "bmm"}
_TIMES = {"mul", "mul_", "multiply", "__mul__", "__rmul__", "__imul__"}
_DIVIDED = {"div", "div_", "divide", "true_divide", "__truediv__", "__itruediv__", "__div__"}


@dataclass(frozen=True, eq=False)
class _Product:
    """factor · q · kᵀ, plus what was added, at some step. q (…, n, d), k (…, m, d) as they were multiplied."""

    q: Tensor
    k: Tensor
    factor: float

    def times(self, factor: float) -> _Product:
        return _Product(self.q, self.k, self.factor * factor)


class Dots:
    """Follows the products of queries and keys of one layer over n tokens with so many heads; keys: how many there are.

    There may be more queries behind those of the n tokens: a whole multiple of n.
    """

    def __init__(self, heads: int, n: int, keys: int):
        self.heads, self.n, self.keys = heads, n, keys
        self.clear()

    def clear(self) -> None:
        """The next layer begins."""
        self._known: dict[int, tuple[Tensor, _Product]] = {}  # a tensor is held, so that its id stays its own
        self._softmax: list[tuple[Tensor, Tensor, _Product]] = []  # scores, what the softmax gave, and the product

    def note(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], output: Any) -> None:
        """What torch was just asked to do."""
        if not isinstance(output, Tensor):
            return
        name = getattr(func, "__name__", "")
        product = self._product(func, name, args, kwargs)
        if product is not None and output.numel() % (self.heads * self.n * self.keys) == 0:
            self._known[id(output)] = output, product
            return
        every = (*args, *kwargs.values())
        # Of two products that are summed up, the first is of queries and keys (XLNet's and DeBERTa's others are of
        # positions).
        found = next((held for held in self._known.values() if any(held[0] is one for one in every)), None)
        if found is None or output.numel() != found[0].numel():
            return
        given, product = found
        if name == "softmax":
            self._softmax.append((given, output, product))
            return
        self._known[id(output)] = output, product.times(_factor(name, args, given))

    def _product(self, func: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> _Product | None:
        if func is torch.einsum and len(args) == 3 and isinstance(args[0], str):
            return self._of_einsum(args[0].replace(" ", ""), args[1], args[2])
        if name == "baddbmm":
            q, kt = [*args[1:], *(kwargs[one] for one in ("batch1", "batch2") if one in kwargs)][:2]
            factor = float(kwargs.get("alpha", 1.0))
        elif name in _PRODUCTS and len(args) == 2:
            (q, kt), factor = args, 1.0
        else:
            return None
        if not (isinstance(q, Tensor) and isinstance(kt, Tensor)):
            return None
        if q.dim() < 3 or q.dim() != kt.dim() or q.shape[-2] % self.n or kt.shape[-1] != self.keys:
            return None
        return _Product(q, kt.transpose(-1, -2), factor)

    def _of_einsum(self, equation: str, q: Any, k: Any) -> _Product | None:
        """As XLNet writes it: “ibnd,jbnd->bnij”. What only the factors have are the numbers of a head."""
        factors, _, after = equation.partition("->")
        first, _, second = factors.partition(",")
        inner = set(first) & set(second) - set(after)
        if len(after) != 4 or len(first) != 4 or len(second) != 4 or len(inner) != 1:
            return None
        [d] = inner
        query, key = after[2], after[3]
        if query not in first or query in second or key not in second or key in first:
            return None
        return _Product(
            q.permute([first.index(one) for one in (*after[:2], query, d)]),
            k.permute([second.index(one) for one in (*after[:2], key, d)]),
            1.0,
        )

    def call(self, weights: Tensor, values: Tensor) -> Call | None:
        """The layer's call, as the tap has it of other models: weights (1, h, n, m), values (1, h, m, d'). None where
        no softmax of a followed product gave these weights."""
        for scores, given, product in reversed(self._softmax):
            if same_map(self._of_text(given), weights):
                return self._call(self._of_text(scores), product, weights, values)
        return None

    def _of_text(self, scores: Tensor) -> Tensor:
        """The rows of the n tokens: (1, h, n, m)."""
        return scores.reshape(1, self.heads, -1, self.keys)[:, :, : self.n]

    def _call(self, scores: Tensor, product: _Product, weights: Tensor, values: Tensor) -> Call | None:
        q, k = (one.reshape(1, -1, *one.shape[-2:]) for one in (product.q, product.k))
        q = q[:, :, : self.n]
        if self.heads % k.shape[1] or q.shape[1] != self.heads:
            return None
        k = k.repeat_interleave(self.heads // k.shape[1], 1)
        added = scores - product.factor * q @ k.transpose(-1, -2)
        hidden = (added <= HIDES) & (weights == 0)
        added = added.masked_fill(hidden, 0.0)
        largest = float(scores.masked_fill(hidden, 0.0).abs().max())
        bias = added if float(added.abs().max()) > NOTHING * max(largest, 1.0) else None
        if bool((hidden == hidden[:, :1]).all()):
            hidden = hidden[:, :1]
        mask = ~hidden if bool(hidden.any()) else None
        groups = _groups(k, values)
        k, values = (one.unflatten(1, (groups, -1))[:, :, 0].clone() for one in (k, values))
        return Call(q.clone(), k, values, mask, False, product.factor, bias)


def _groups(k: Tensor, values: Tensor) -> int:
    """How many heads of keys and values there are that differ: fewer than the model's heads where heads share them."""
    heads = k.shape[1]
    for groups in range(1, heads):
        if heads % groups == 0 and all(
            bool((one.unflatten(1, (groups, -1)) == one.unflatten(1, (groups, -1))[:, :, :1]).all())
            for one in (k, values)
        ):
            return groups
    return heads


def _factor(name: str, args: Sequence[Any], given: Tensor) -> float:
    """What a step multiplies the product with: a number, or a tensor of one; 1 for any other step."""
    others = [one for one in args if one is not given]
    if len(others) != 1 or name not in _TIMES | _DIVIDED:
        return 1.0
    [other] = others
    if isinstance(other, Tensor):
        if other.numel() != 1:
            return 1.0
        other = other.item()
    if not isinstance(other, int | float) or not math.isfinite(other) or other == 0:
        return 1.0
    return 1.0 / other if name in _DIVIDED else float(other)
