"""Attention, the way the article has it: softmax(Q Kᵀ / √d) V, one step a line.

`attend` is the arithmetic from Q, K and V on. `single_head` makes Q, K and V from X first. `multi_head` runs several
heads side by side, puts their results next to each other and projects them back. Every one returns its `Steps`: all
that it computed on the way, so that a page can show the numbers of the code that ran.

n positions (words or tokens) that ask, m that answer (the same ones, unless a block of rows or another text asks),
D numbers per position in the model, d per position in a head, h heads. A leading … stands for any axes before them:
attention treats each entry by itself.

What real models add stands in small files next to this one: which positions may be seen in masks.py, rotary positions
in rotary.py, key and value heads that several heads share in grouped.py.

Why ours: `torch.nn.functional.scaled_dot_product_attention` gives the result alone, and no step on the way.

Source: Vaswani et al. 2017, "Attention is all you need", sections 3.2.1 and 3.2.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

from dashboard.builtin.grouped_heads import join_heads, share_heads, split_heads
from dashboard.builtin.masks import hide, softmax

# The shape comments stand in columns:
# fmt: off


@dataclass(frozen=True, eq=False)
class Steps:
    """All that one attention computed, in order. Of several heads at once, each but x, joined and output has an
    axis of heads before the last two.

    Attributes
    ----------
    x: the positions as they come in (…, n, D); None where the start was q, k and v
    q, k, v: what each position asks for, offers, and hands over (…, n, d), (…, m, d), (…, m, d)
    scores: q kᵀ (…, n, m)
    scaled: scores / √d (…, n, m)
    masked: scaled, −∞ where a position may not look (…, n, m)
    weights: each row of masked through softmax: in [0, 1], rows sum to 1 (…, n, m)
    mixed: weights · v (…, n, d)
    joined: the heads' mixed, side by side (…, n, h·d); None for a single head
    output: joined · W_O (…, n, D); None for a single head
    """

    x: Tensor | None
    q: Tensor
    k: Tensor
    v: Tensor
    scores: Tensor
    scaled: Tensor
    masked: Tensor
    weights: Tensor
    mixed: Tensor
    joined: Tensor | None = None
    output: Tensor | None = None

    def head(self, number: int) -> Steps:
        """One head of several, counted from 0. What belongs to all of them (x, joined, output) stays whole."""
        each = ("q", "k", "v", "scores", "scaled", "masked", "weights", "mixed")
        return replace(self, **{name: getattr(self, name).select(-3, number) for name in each})


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: float | None = None) -> Steps:
    """softmax(q kᵀ · scale, masked) v: where each position looks, and what it takes from there.

    q (…, n, d), k (…, m, d), v (…, m, d') → `Steps`, with x None. The scale is 1/√d unless given. mask (…, n, m):
    True where position i may look at j, or numbers to add to the scaled scores, see masks.py. A row that may look
    nowhere gets weights of 0. Raises RuntimeError when shapes do not fit.
    """
    if scale is None:
        scale = float(q.shape[-1] ** -0.5)
    scores = q @ k.mT            # (n, d)·(d, m) → (n, m)   how well what i asks for fits what j offers
    scaled = scores * scale      # (n, m)                   keeps their spread near 1, whatever d is
    masked = hide(scaled, mask)  # (n, m)                   −∞ where i may not look
    weights = softmax(masked)    # (n, m)                   each row becomes shares that sum to 1
    mixed = weights @ v          # (n, m)·(m, d) → (n, d)   the values, mixed by these shares
    return Steps(None, q, k, v, scores, scaled, masked, weights, mixed)


def single_head(
    x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, mask: Tensor | None = None, scale: float | None = None
) -> Steps:
    """One head: X is projected to Q, K and V, and every position attends to every position.

    x (…, n, D), w_q, w_k (D, d), w_v (D, d') → `Steps`. mask and scale as in `attend`.
    """
    q = x @ w_q  # (n, D)·(D, d) → (n, d)  what each position asks for
    k = x @ w_k  # (n, D)·(D, d) → (n, d)  what each position offers
    v = x @ w_v  # (n, D)·(D, d) → (n, d)  what each position hands over
    return replace(attend(q, k, v, mask, scale), x=x)


@dataclass(frozen=True, eq=False)
class Layer:
    """The weights of one attention layer with h heads and g key/value heads (g divides h; as a rule g = h).

    Attributes
    ----------
    w_q: (D, h·d); head i owns columns i·d … (i + 1)·d
    w_k, w_v: (D, g·d)
    w_o: (h·d, D)
    heads, groups: h, and g if it is not h
    b_q, b_k, b_v, b_o: biases (h·d), (g·d), (g·d), (D), or 0
    rotate: what turns queries and keys by their positions (…, n, d) → (…, n, d), see rotary.py, or None
    scale: the factor on the scores, None for 1/√d
    """

    w_q: Tensor
    w_k: Tensor
    w_v: Tensor
    w_o: Tensor
    heads: int
    groups: int | None = None
    b_q: Tensor | float = 0.0
    b_k: Tensor | float = 0.0
    b_v: Tensor | float = 0.0
    b_o: Tensor | float = 0.0
    rotate: Callable[[Tensor], Tensor] | None = None
    scale: float | None = None

    def head(self, number: int) -> Layer:
        """One head of it, counted from 0, as a layer: its columns of W_Q, W_K, W_V and its rows of W_O, without b_o.

        Its output is what this head adds to the layer's output.
        """
        groups = self.groups or self.heads

        def own(weights: Tensor | float, axis: int, of: int, place: int) -> Tensor | float:
            return weights.chunk(of, axis)[place] if isinstance(weights, Tensor) else weights

        shared = number // (self.heads // groups)  # the key/value head that this head uses
        return replace(
            self,
            w_q=own(self.w_q, -1, self.heads, number), b_q=own(self.b_q, -1, self.heads, number),
            w_k=own(self.w_k, -1, groups, shared), b_k=own(self.b_k, -1, groups, shared),
            w_v=own(self.w_v, -1, groups, shared), b_v=own(self.b_v, -1, groups, shared),
            w_o=own(self.w_o, -2, self.heads, number), b_o=0.0, heads=1, groups=1,
        )


def project(x: Tensor, layer: Layer) -> tuple[Tensor, Tensor, Tensor]:
    """The queries, keys and values of all heads: x (…, n, D) → three of (…, h, n, d)."""
    groups = layer.groups or layer.heads
    q = split_heads(x @ layer.w_q + layer.b_q, layer.heads)             # (n, D)·(D, h·d) → (n, h·d) → (h, n, d)
    k = split_heads(x @ layer.w_k + layer.b_k, groups)                  # (n, D)·(D, g·d) → (n, g·d) → (g, n, d)
    v = split_heads(x @ layer.w_v + layer.b_v, groups)                  # (n, D)·(D, g·d) → (n, g·d) → (g, n, d)
    if layer.rotate is not None:
        q, k = layer.rotate(q), layer.rotate(k)  # the same shapes, turned by position
    return q, share_heads(k, layer.heads), share_heads(v, layer.heads)  # (h, n, d) each


def multi_head(x: Tensor, layer: Layer, mask: Tensor | None = None) -> Steps:
    """Several heads side by side: concat(head_1 … head_h) · W_O.

    x (…, n, D) → `Steps` with an axis of heads; joined (…, n, h·d) and output (…, n, D) are of all heads together.
    mask as in `attend`, broadcast to (…, h, n, m). Raises RuntimeError when shapes do not fit.
    """
    q, k, v = project(x, layer)                 # (h, n, d) each
    steps = attend(q, k, v, mask, layer.scale)  # every head by itself, all at once
    joined = join_heads(steps.mixed)            # (h, n, d) → (n, h·d)
    output = joined @ layer.w_o + layer.b_o     # (n, h·d)·(h·d, D) → (n, D)
    return replace(steps, x=x, joined=joined, output=output)


def contributions(mixed: Tensor, w_o: Tensor) -> Tensor:
    """What each head adds to the layer's output: its slice of the concatenation through its rows of W_O.

    mixed (…, h, n, d), w_o (h·d, D) → (…, h, n, D). They sum over h to `Steps.output` less the bias.
    Source: Elhage et al. 2021, "A mathematical framework for transformer circuits".
    """
    per_head = w_o.unflatten(0, (mixed.shape[-3], mixed.shape[-1]))  # (h·d, D) → (h, d, D)
    return mixed @ per_head  # (h, n, d)·(h, d, D) → (h, n, D)
