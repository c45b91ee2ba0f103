"""Views made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.heads.head_id import HeadId
from dashboard.heads.map_axis import MapAxis
from dashboard.heads.view import HeadView


def head_view(
    head: HeadId,
    weights: np.ndarray,
    labels: Sequence[str],
    special: Sequence[bool],
    spans: Sequence[tuple[int, int] | None],
    *rest: object,
    unknown: Sequence[int] = (),
    segments: Sequence[int] = (),
    stretches: Sequence[str] = (),
    **more: object,
) -> HeadView:
    """A view whose rows and columns are the same positions."""
    axis = MapAxis(tuple(labels), tuple(special), tuple(spans), tuple(unknown), tuple(segments), tuple(stretches))
    return HeadView(head, weights, axis, axis, *rest, **more)


def changed(view: HeadView, **axis: object) -> HeadView:
    """The same with something else along both axes, as `labels=`."""
    now = {name: getattr(view.queries, name) for name in view.queries.__dataclass_fields__} | axis
    return view.over(MapAxis(**now))


def view_of(weights, labels=None, special=None, causal=False, unit="words", head="L2H9"):
    """A head of MiniLM with these weights, over words w0, w1, … unless they have other labels."""
    weights = np.asarray(weights, np.float32)
    n = len(weights)
    labels = tuple(labels or (f"w{i}" for i in range(n)))
    special = tuple(special or (False,) * n)
    return head_view(
        HeadId.parse(head), weights, labels, special, (None,) * n, unit, "show", causal, " ".join(labels), "MiniLM"
    )


def attention(n, seed=0, causal=False):
    """Rows at random, the same for a seed, each of sum 1."""
    weights = np.random.default_rng(seed).random((n, n)) ** 4
    if causal:
        weights = np.tril(weights)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def words_view(
    words: str, weights=None, *, causal: bool = False, special=(), text: str | None = None, model="one"
) -> HeadView:
    """A head over these words, as they stand in a text; without weights it looks at all alike."""
    labels, spans, at = tuple(words.split()), [], 0
    for label in labels:
        spans.append((at, at + len(label)))
        at += len(label) + 1
    m = len(labels)
    even = np.tri(m) if causal else np.ones((m, m))
    weights = even / even.sum(1, keepdims=True) if weights is None else np.array(weights, float)
    flags = tuple(k in special for k in range(m))
    return head_view(
        HeadId(0, 0),
        weights.astype(np.float32),
        labels,
        flags,
        tuple(spans),
        "words",
        "show",
        causal,
        text or words,
        model,
    )
