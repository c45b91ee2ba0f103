"""Which two heads show most on a sentence: one named by a relation of the parse, one that follows meaning."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.analyses.profile.names import HeadName
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView

LEAST_SPAN = 3  # words from one to the other: a shorter link a fixed distance would find as well
MOST_WORDS = 24  # of a longer text the first ones are drawn


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two heads over the words on show.

    Attributes
    ----------
    view: of the words, special tokens hidden, rows sum to 1; of a long text its first words
    name: what the head is called, and why
    """

    view: HeadView
    name: HeadName

    @property
    def head(self) -> HeadId:
        return self.view.head


def strongest(view: HeadView, least_span: int = LEAST_SPAN) -> tuple[int, int, float]:
    """The link (i, j) with the largest weight of those between words at least so far apart, and its weight. Of a
    shorter text all links between its ends; of a single word the one to itself. Punctuation counts only where there is
    nothing else: many heads rest on it."""
    n = len(view)
    away = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    far = away >= min(least_span, max(n - 1, 0))
    words = np.array([any(sign.isalnum() for sign in label) for label in view.labels])
    between = far & words[:, None] & words
    weights = np.where(between if between.any() else far, view.weights, -1.0)
    i, j = np.unravel_index(int(weights.argmax()), weights.shape)
    return int(i), int(j), float(view.weights[i, j])


def candidates(names: Mapping[HeadId, HeadName]) -> tuple[list[HeadId], list[HeadId]]:
    """The heads named by a relation or by syntax, and those named by context; of a model without one of these kinds all
    heads stand for it."""
    syntax = [head for head, name in names.items() if name.kind in ("relation", "syntax")]
    context = [head for head, name in names.items() if name.kind == "context"]
    every = list(names)
    return syntax or every, context or every


def most_telling(views: Sequence[HeadView], but: Collection[HeadId] = ()) -> HeadView | None:
    """Of these heads the one with the strongest link over at least `LEAST_SPAN` words; None where none is left."""
    left = [view for view in views if view.head not in but]
    return max(left, key=lambda view: strongest(view)[2], default=None)
