"""Where a model of route "eager" mixes values by its weights: the products of a pass in which a head says something.

Such a model has an attention of its own, but somewhere it multiplies the weights that it hands out (n × n, a row for
each query; n × m of cross attention, where the source has m tokens) with the values, and the result is what its heads
say. Which products these are is found by running the model: their first factor is the very map of a layer. In another
pass they are known by their place among all products with such a factor, those of a decoder and of its cross attention
together.

Why ours: transformers has no place of its own for a head's output before it is projected.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from dashboard.capture.attention_call import Row
from dashboard.capture.maps.handed_out import CROSS, handed_out
from dashboard.errors import UserError
from dashboard.heads.head_id import Part

if TYPE_CHECKING:
    from dashboard.capture.model import AttentionModel
    from dashboard.capture.tap import Reweigh

Mix = tuple[int, Part] | None  # the layer of a product of this kind and the part it belongs to, None where it is none's
Mixes = tuple[Mix, ...]  # in the order of a pass
Edit = Callable[[int, Tensor], Tensor]
Receive = Callable[[Tensor, Tensor, Tensor], None]

EQUAL = 1e-6  # a map that is handed out is the factor itself
SHARES = 1e-3  # what rounding does to a row of shares
_PRODUCTS = (torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.bmm, Tensor.bmm)

_found: WeakKeyDictionary[torch.nn.Module, Mixes | None] = WeakKeyDictionary()
_lock = threading.Lock()


def own_mixes(model: AttentionModel) -> Mixes | None:
    """The products of weights and values in a pass of a model of route "eager", found once for a model by a short pass.

    None of any other route, and where a layer has none that can be told, or several (DiffLlama mixes two halves of its
    values one after the other).
    """
    root = model.loaded.model
    if model.route != "eager":
        return None
    with _lock:
        if root not in _found:
            _found[root] = _find(model)
        return _found[root]


@torch.inference_mode()
def _find(model: AttentionModel) -> Mixes | None:
    from dashboard.capture.probe import probe_ids

    ids = probe_ids(model.loaded.model)
    n = ids.shape[1]
    seen: list[Tensor] = []
    with Products(model, n, lambda weights, said, values: seen.append(weights.clone())):
        output = model.run(input_ids=ids, output_attentions=True)
    left: dict[Part, list[tuple[int, Tensor]]] = {}
    for part, name in parts_of(model).items():
        given = handed_out(model.loaded.model, output, n, name)
        maps = [one for number, one in enumerate(given) if one is not None and number not in model.pooled]
        if len(maps) != len(model.numbers):
            return None
        left[part] = list(zip(model.numbers, maps, strict=True))
    found: list[Mix] = []
    last: dict[Part, Tensor] = {}
    for weights in seen:
        part: Part | None = next((one for one in left if left[one] and same_map(weights, left[one][0][1])), None)
        if part is not None:
            number, last[part] = left[part].pop(0)
            found.append((number, part))
        elif any(same_map(weights, one) for one in last.values()):
            return None
        else:
            found.append(None)
    return None if any(left.values()) else tuple(found)


def parts_of(model: AttentionModel) -> dict[Part, str]:
    """The parts that run in one pass, and under which name each hands out its maps: a decoder's and its cross
    attention, else only the model's own."""
    if model.part in ("decoder", "cross"):
        return {"decoder": "attentions", "cross": CROSS}
    return {model.part: "attentions"}


def same_map(a: Tensor, b: Tensor) -> bool:
    """Whether two maps are the same but for rounding."""
    return a.shape == b.shape and bool((a - b).abs().max() <= EQUAL)


class Products(TorchFunctionMode):
    """Hands on each product of a pass whose first factor could be weights: `receive` gets these (b, h, n, m), the
    product as a view (b, n, h, d') and the values (b, h, m, d').

    m is n, or in a decoder also how many tokens the source has. Of rows behind the n of the text (ProphetNet's n-gram
    streams, which look at the source as well) nothing is handed on.
    """

    def __init__(self, model: AttentionModel, n: int, receive: Receive):
        super().__init__()
        self.heads, self.n, self.receive = model.heads, n, receive
        self.source = len(model.given.source) if model.given else None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        product = func(*args, **(kwargs or {}))
        found = self._parts(func, args, product)
        if found is not None and self._fits(found[0].shape) and _are_shares(found[0]):
            weights, said, values = found
            values = values.expand(*weights.shape[:2], *values.shape[2:])
            self.receive(weights[:, :, : self.n], said[:, : self.n], values)
        return product

    def _fits(self, shape: torch.Size) -> bool:
        rows, keys = shape[-2:]
        return (rows, keys) == (self.n, self.n) or (keys == self.source and rows % self.n == 0)

    def _parts(self, func: object, args: Sequence[Any], product: Any) -> tuple[Tensor, Tensor, Tensor] | None:
        if func is torch.einsum and len(args) == 3 and isinstance(args[0], str):
            return self._of_einsum(args[0].replace(" ", ""), args[1], args[2], product)
        if func not in _PRODUCTS or len(args) < 2 or args[0].dim() < 3 or not self._fits(args[0].shape):
            return None
        weights, values = args[:2]
        if weights.dim() == 3 and len(weights) % self.heads == 0:
            shape = (len(weights) // self.heads, self.heads)
            weights, values, product = (one.unflatten(0, shape) for one in (weights, values, product))
        if weights.dim() != 4 or weights.shape[1] != self.heads or product.dim() != 4 or values.dim() != 4:
            return None
        return weights, product.transpose(1, 2), values

    def _of_einsum(
        self, equation: str, weights: Any, values: Any, product: Tensor
    ) -> tuple[Tensor, Tensor, Tensor] | None:
        """As XLNet writes it: “bnij,jbnd->ibnd”. The key is what both factors have and the product has not."""
        factors, _, after = equation.partition("->")
        first, _, second = factors.partition(",")
        keys, new = set(first) & set(second) - set(after), set(second) - set(first)
        if not (isinstance(weights, Tensor) and len(first) == len(after) == len(second) == 4 and len(keys) == 1):
            return None
        query = next((one for one in first if one not in second), "")
        key, value = keys.pop(), next(iter(new), "")
        both = [one for one in first if one not in (query, key)]
        heads = [one for one in both if weights.shape[first.index(one)] == self.heads]
        if not query or len(both) != 2 or not heads or set(after) != {*both, query, value}:
            return None
        head = heads[-1]
        batch = both[0] if both[1] == head else both[1]
        return (
            weights.permute([first.index(one) for one in (batch, head, query, key)]),
            product.permute([after.index(one) for one in (batch, query, head, value)]),
            values.permute([second.index(one) for one in (batch, head, key, value)]),
        )


class said_by(Products):  # used like a function
    """Within it `receive` gets the number of each layer as it runs, what its heads say, and of which part these are:
    a view of the tensor (b, n, h, d') that the model itself goes on with."""

    def __init__(self, model: AttentionModel, mixes: Mixes, n: int, receive: Callable[[int, Tensor, Part], None]):
        super().__init__(model, n, self._mix)
        self.left, self.hand_on = list(mixes), receive

    def _mix(self, weights: Tensor, said: Tensor, values: Tensor) -> None:
        mix = self.left.pop(0) if self.left else None
        if mix is not None:
            self.hand_on(mix[0], said, mix[1])


class edited(Products):  # used like a function
    """Within it, what the model's heads say is edited in each layer before it is projected, as `tap.Request` does it.

    mixes: of `own_mixes`; edit, reweigh: as in `tap.Request`; start: the layer at which the pass begins, None for a
    whole one. Raises UserError at its end where the pass had other products than the one that they were found in.
    """

    def __init__(
        self,
        model: AttentionModel,
        mixes: Mixes,
        n: int,
        edit: Edit | None = None,
        reweigh: Reweigh | None = None,
        start: int | None = None,
    ):
        super().__init__(model, n, self._mix)
        self.title, self.part, self.mixes = model.title, model.part, mixes
        self.edit, self.reweigh = edit, reweigh
        self.causal = model.predicts_next and model.source_text is None
        layers = [None if mix is None else mix[0] for mix in mixes]
        self.place = 0 if start is None else layers.index(start)

    def _mix(self, weights: Tensor, said: Tensor, values: Tensor) -> None:
        mix = self.mixes[self.place] if self.place < len(self.mixes) else None
        self.place += 1
        if mix is None or mix[1] != self.part:
            return
        outputs = said.clone()
        if self.reweigh is not None:
            outputs = self.reweigh(mix[0], partial(_row, weights, values, self.causal), outputs)
        said.copy_(outputs if self.edit is None else self.edit(mix[0], outputs))

    def __exit__(self, kind, *rest):
        super().__exit__(kind, *rest)
        if kind is None and self.place != len(self.mixes):
            raise UserError(
                f"{self.title} attends in another way on this text than on a short one. So none of its heads can be "
                "ablated or cut. Use a shorter text or choose another model."
            )


def _row(weights: Tensor, values: Tensor, causal: bool, head: int, query: int) -> Row:
    """A row of such a product. What the mask hides is known where every key that comes before has a weight."""
    row = weights[:, head, query].clone()
    before = row[:, : query + 1] if causal else row
    return Row(row, values[:, head], row > 0, torch.zeros_like(row[:, :1]), told=bool((before > 0).all()))


def _are_shares(weights: Tensor) -> bool:
    """Whether the first and the last row of each map are shares of a whole."""
    rows = weights[:, :, [0, -1]]
    return bool((rows >= 0).all() and (rows.sum(-1) <= 1 + SHARES).all() and (rows.sum(-1) > 0).all())
