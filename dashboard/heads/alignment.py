"""Two views over what they share: the same words of two texts, or of one text as two models read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np

from dashboard.errors import UserError
from dashboard.heads.map_axis import MapAxis
from dashboard.heads.view import HeadView

LONGEST_CHANGE = 4  # words that stand for as many others between two words that are the same
JOINED = " / "  # between the two words of a place that changed

Places = tuple[Sequence[str], Sequence[bool]]


@dataclass(frozen=True, eq=False)
class Aligned:
    """Two views over places that belong together.

    Attributes
    ----------
    a, b: the parts of the two views that have a counterpart, with the same labels: a word that was changed reads
        “chef / pilot” in both. What a row gives to places without a counterpart is `outside`
    places: for each of them its place in the two whole views (k, 2)
    changed: which of them hold another word in b than in a (k)
    key_places, key_changed: the same of the columns, of cross attention; None where both axes are one
    reading: how the two were asked for, for the lines that make them again
    """

    a: HeadView
    b: HeadView
    places: np.ndarray
    changed: np.ndarray
    reading: dict[str, object] = field(default_factory=dict)
    key_places: np.ndarray | None = None
    key_changed: np.ndarray | None = None

    @property
    def own(self) -> tuple[HeadView, HeadView]:
        """The same two, each with the words of its own text."""
        return _own(self.a, 0), _own(self.b, -1)


def align_texts(a: HeadView, b: HeadView) -> Aligned:
    """The places of two texts that hold the same word, in order, and those where up to four words stand for as many
    others between two places that are the same. Of cross attention so along either axis. See `matching`; raises as it
    does, and where one of the two is cross attention and the other is not."""
    return _aligned(a, b, *(matching((x.labels, x.special), (y.labels, y.special)) for x, y in _axes(a, b)))


def matching(a: Places, b: Places) -> tuple[list[tuple[int, int]], list[bool]]:
    """The places of two texts that belong together, and which of them hold another word in the second.

    The longest runs of equal words are found first (Ratcliff and Obershelp's matching). Special tokens only meet their
    like. Raises UserError where the two texts share no word.

    Parameters
    ----------
    a, b: what stands at the places of each, and which of them are special
    """
    keys = [list(zip(*side, strict=True)) for side in (a, b)]
    if len(keys[0]) == len(keys[1]) > 0:  # a few words exchanged in their places, whatever is repeated around them
        new = [one != other for one, other in zip(*keys, strict=True)]
        special = any(x and (p[1] or q[1]) for x, p, q in zip(new, *keys, strict=True))
        unchanged = sum(not x and not one[1] for x, one in zip(new, keys[0], strict=True))
        if sum(new) <= LONGEST_CHANGE and unchanged and not special:
            return [(k, k) for k in range(len(new))], new
    pairs: list[tuple[int, int]] = []
    changed: list[bool] = []
    for kind, start, stop, first, last in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        swapped = kind == "replace" and stop - start == last - first <= LONGEST_CHANGE
        if kind == "equal" or (swapped and not any(a[1][start:stop]) and not any(b[1][first:last])):
            pairs += zip(range(start, stop), range(first, last), strict=True)
            changed += [swapped] * (stop - start)
    if not any(not a[1][i] and not new for (i, _), new in zip(pairs, changed, strict=True)):
        raise UserError(
            "The two texts have no word in common, so no row of one belongs to a row of the other. Choose a second "
            "text that says nearly the same."
        )
    return pairs, changed


def align_models(a: HeadView, b: HeadView) -> Aligned:
    """The words that two models see the same way: those that stand in the same characters of one text.

    Special tokens have no counterpart in another model; what a row gives to them is outside. Raises UserError where
    the two are over different texts or tokens, or share no word.
    """
    if (a.text, a.target) != (b.text, b.target) or "tokens" in (a.unit, b.unit):
        raise UserError("Two models meet at the words of one text. Choose words as the unit.")
    found = []
    for x, y in _axes(a, b):
        place = {span: j for j, span in enumerate(y.spans) if span is not None and not y.special[j]}
        pairs = [
            (i, place[span])
            for i, span in enumerate(x.spans)
            if span is not None and not x.special[i] and span in place
        ]
        if not pairs:
            raise UserError(
                f"{a.model} and {b.model} share no word of this text: their tokens never begin and end at the same "
                "places."
            )
        found.append((pairs, [False] * len(pairs)))
    return _aligned(a, b, *found)


def _axes(a: HeadView, b: HeadView) -> list[tuple[MapAxis, MapAxis]]:
    """The axes of two views that belong together: one, or of cross attention the rows' and the columns'."""
    if a.one_axis != b.one_axis:
        raise UserError(
            f"{a.head} and {b.head} look at different texts, so they share no columns. Choose two that look at the "
            "same text."
        )
    return [(a.queries, b.queries)] + ([] if a.one_axis else [(a.keys, b.keys)])


def _aligned(a: HeadView, b: HeadView, *sides: tuple[list[tuple[int, int]], list[bool]]) -> Aligned:
    """sides: for each of `_axes` the places that belong together, and which of them hold another word"""
    labels = [
        tuple(
            f"{x.labels[i]}{JOINED}{y.labels[j]}" if new else x.labels[i]
            for (i, j), new in zip(pairs, changed, strict=True)
        )
        for (x, y), (pairs, changed) in zip(_axes(a, b), sides, strict=True)
    ]

    def part(view: HeadView, side: int) -> HeadView:
        rows, *columns = ([pair[side] for pair in pairs] for pairs, _ in sides)
        if not columns:
            return view.part(rows, labels[0])
        return view.part(rows, labels[0], keys=columns[0], key_labels=labels[1])

    (places, changed), *columns = ((np.array(p, int).reshape(-1, 2), np.array(new, bool)) for p, new in sides)
    seen = {"key_places": columns[0][0], "key_changed": columns[0][1]} if columns else {}
    return Aligned(part(a, 0), part(b, 1), places, changed, **seen)


def _own(view: HeadView, which: int) -> HeadView:
    """A view with the labels of its own text, the first (0) or the second (-1) of each two that were joined."""
    rows, *columns = (
        axis.renamed([label.split(JOINED)[which] for label in axis.labels])
        for axis in ([view.queries] if view.one_axis else [view.queries, view.keys])
    )
    return view.over(rows, *columns)
