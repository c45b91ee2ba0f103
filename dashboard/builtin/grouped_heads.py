"""Heads out of one matrix and back, and key/value heads that several heads share.

A layer's projections are one matrix each: head i owns columns i·d … (i + 1)·d of it. In grouped-query attention there
are fewer key/value heads than heads, and each serves h / g neighbouring heads. Source: Ainslie et al. 2023, "GQA".
"""

from __future__ import annotations

from torch import Tensor


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(…, n, h·d) → (…, h, n, d). Raises RuntimeError when h does not divide the last axis."""
    return x.unflatten(-1, (heads, -1)).transpose(-3, -2)  # (n, h·d) → (n, h, d) → (h, n, d)


def join_heads(x: Tensor) -> Tensor:
    """(…, h, n, d) → (…, n, h·d), the heads next to each other: the article's "concat"."""
    return x.transpose(-3, -2).flatten(-2)  # (h, n, d) → (n, h, d) → (n, h·d)


def share_heads(x: Tensor, heads: int) -> Tensor:
    """(…, g, n, d) → (…, h, n, d): head i gets key/value head i // (h / g). Raises ValueError unless g divides h."""
    groups = x.shape[-3]
    if heads % groups:
        raise ValueError(f"{groups} key/value heads cannot be shared evenly by {heads} heads")
    return x if heads == groups else x.repeat_interleave(heads // groups, -3)
