"""One head over one text: the thing every picture draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from dashboard.errors import UserError
from dashboard.heads.head_group import GroupMeasure
from dashboard.heads.head_id import HeadId
from dashboard.heads.map_axis import MapAxis, OfOneAxis
from dashboard.text.encoding import Special, Unit

if TYPE_CHECKING:
    from dashboard.capture import AttentionModel


Between = Literal["AA", "AB", "BA", "BB"]
BETWEEN = get_args(Between)

Measure = Literal["weight", "contribution", "rollout", GroupMeasure]


def existing_head(model: AttentionModel, head: str | HeadId) -> HeadId:
    """The head by its name. Raises UserError where the model has no such layer or head."""
    wanted = HeadId.of(head)
    model.check_head(wanted)
    return wanted


@dataclass(frozen=True, eq=False)
class HeadView(OfOneAxis):
    """The attention of one head over one text, in the unit and with the special tokens a person asked for.

    Attributes
    ----------
    head: which head
    weights: float32 (m, k); row i is where query i looks. Rows sum to 1 (less where the model has a
        learned sink or global tokens, and in a `window`); a row is all zero only where hiding special tokens left it
        nothing.
    queries: what stands along the rows (m), the positions that look
    keys: what stands along the columns (k), the positions looked at. In self-attention the same object as `queries`
        (m = k); of cross attention another: a decoder's words look at an encoder's
    unit: "tokens" or "words"
    hidden: "show" or "hide" — whether special tokens were removed and the rows renormalised
    causal: True where a position sees only itself and what stands before it
    text: the text, whole; of cross attention that of the keys
    model: the model's title, for headings
    outside: in a window, how much of each row goes to positions beyond it (m); None in a whole view
    mask: bool (m, k), what each position may see, where that does not follow from `causal` (a sliding window)
    choices: with a mask, how many positions of the whole view each position may see (m)
    gaps: True for a `part` of a view, whose positions need not stand side by side
    measure: what `weights` are: "weight"; "contribution", the norms of METRICS §6, which begin at 0 and sum to nothing
        in particular; "rollout", shares of what comes through several layers, `head` being their `LayerRange`; or of
        several heads at once, `head` being their `HeadGroup`, "mean_weight", "summed_weight" (rows sum to the number of
        heads) or "largest_weight" (rows sum to 1 or more)
    full: the number that stands for full ink: 1 for shares, at least the largest norm for contributions, the number of
        heads for their sum
    name, revision: what the model is opened by, and which weights they are; for the files
    pair: the second text of a pair; "" for one text
    only: which links of a pair these are, see `between`; "" for all
    target: of cross attention the text of the queries; "" otherwise
    source: of a decoder's head the text that its encoder read; "" otherwise

    Where both axes are one, `axis`, `len(view)`, `labels`, `special`, `spans`, `drawn`, `unknown`, `segments`,
    `stretches`, `start` and `whole` are those of it; of cross attention they raise UserError.
    """

    head: HeadId
    weights: np.ndarray
    queries: MapAxis
    keys: MapAxis
    unit: Unit
    hidden: Special
    causal: bool
    text: str
    model: str
    outside: np.ndarray | None = None
    mask: np.ndarray | None = None
    choices: np.ndarray | None = None
    gaps: bool = False
    measure: Measure = "weight"
    full: float = 1.0
    name: str = ""
    revision: str = ""
    pair: str = ""
    only: str = ""
    target: str = ""
    source: str = ""

    def over(self, queries: MapAxis, keys: MapAxis | None = None) -> HeadView:
        """The same numbers over other positions. keys: as `queries` where both axes are one"""
        return replace(self, queries=queries, keys=queries if keys is None else keys)

    def window(self, start: int, stop: int, keys: tuple[int, int] | None = None) -> HeadView:
        """The positions `start` … `stop - 1` of this view, as rows and as columns; of cross attention as rows, and
        `keys` as columns (first, last + 1; default: all).

        Weights are not renormalised: `outside` says how much of each row is not shown.
        Raises UserError where that is no part of the view.
        """
        queries = self.queries.window(start, stop, self.unit)
        first, last = (start, stop) if self.one_axis else keys or (0, len(self.keys))
        columns = queries if self.one_axis else self.keys.window(first, last, self.unit)
        rows = self.weights[start:stop]
        outside = rows[:, :first].sum(1) + rows[:, last:].sum(1)
        return replace(
            self,
            weights=rows[:, first:last],
            queries=queries,
            keys=columns,
            outside=outside if self.outside is None else outside + self.outside[start:stop],
            mask=None if self.mask is None else self.mask[start:stop, first:last],
            choices=None if self.choices is None else self.choices[start:stop],
        )

    def part(
        self,
        places: Sequence[int],
        labels: Sequence[str] | None = None,
        *,
        keys: Sequence[int] | None = None,
        key_labels: Sequence[str] | None = None,
    ) -> HeadView:
        """Some positions of this view, in order, as rows and as columns; `labels` names them anew. Of cross attention
        as rows, and `keys` as columns (default: all), with `key_labels`.

        Weights are not renormalised: `outside` says how much of each row goes to the other positions.
        """
        selected = np.asarray(places, int)
        queries, columns, seen = self.queries.part(selected, labels), None, selected
        if not self.one_axis:
            seen = np.arange(len(self.keys)) if keys is None else np.asarray(keys, int)
            columns = self.keys.part(seen, key_labels)
        rows = self.weights[selected]
        weights = rows[:, seen]
        outside = (rows.sum(1) - weights.sum(1)).clip(0)
        allowed = self.allowed
        return replace(
            self.over(queries, columns),
            weights=weights,
            outside=outside if self.outside is None else outside + self.outside[selected],
            mask=allowed[np.ix_(selected, seen)],
            choices=(allowed.sum(1) if self.choices is None else self.choices)[selected],
            gaps=True,
        )

    def between(self, which: Between) -> HeadView:
        """Of a sentence pair the links from one text to one: "AA", "AB" (from the first to the second), "BA" or "BB".

        Weights are not renormalised: `outside` says how much of each row goes elsewhere. Within a text its positions
        are all that is left; between the texts all stay, and only these links are allowed. Raises UserError for a view
        that is of no pair, and where the model is causal and can see none of these links.
        """
        if not self.segments:
            raise UserError("This view is of one text. Give a second text to look between the two.")
        if which not in BETWEEN:
            raise UserError(f"There is no “{which}”. Choose one of {', '.join(BETWEEN)}.")
        looks, seen = (np.array(self.segments) == "AB".index(name) for name in which)
        if not (looks.any() and seen.any()):
            text = "second" if 1 not in self.segments else "first"
            raise UserError(f"{self.model} reads nothing of the {text} text. Type some words there.")
        if which[0] == which[1]:
            positions = np.flatnonzero(looks)
            return replace(self.window(int(positions[0]), int(positions[-1]) + 1), only=which)
        block = looks[:, None] & seen & self.allowed
        if not block.any():
            way, other = ("first", "second") if which == "AB" else ("second", "first")
            why = f"{self.model} is causal: t" if self.causal else "T"
            raise UserError(f"{why}he {way} text cannot look at the {other} here. Choose another way.")
        weights = np.where(block, self.weights, 0).astype(self.weights.dtype)
        outside = np.where(looks, self.weights.sum(1) - weights.sum(1), 0).clip(0)
        return replace(self, weights=weights, outside=outside, mask=block, choices=block.sum(1), only=which)

    @property
    def crop(self) -> tuple[slice, slice]:
        """The rows and the columns that a map draws: all, but of the links from one text to the other those between
        the first and the last position that has any."""
        if not self.crosses or not self.allowed.any():
            return slice(None), slice(None)
        rows, columns = (np.flatnonzero(self.allowed.any(axis)) for axis in (1, 0))
        return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)

    @property
    def shares(self) -> np.ndarray:
        """The weights as float64; of a sum of heads over their number, so that each row sums to 1 as a head's does."""
        return self.weights.astype(np.float64) / (self.full if self.measure == "summed_weight" else 1)

    @property
    def crosses(self) -> bool:
        """Whether these are only the links from one text of a pair to the other."""
        return self.only in ("AB", "BA")

    def over_same_positions(self, other: HeadView) -> bool:
        """Whether row i of both is about the same: the same words in the same places, or aligned ones; and so the
        columns."""
        sides = ((self.queries, other.queries), (self.keys, other.keys))
        return self.one_axis == other.one_axis and all(
            mine.labels == theirs.labels and (mine.start == theirs.start or (self.gaps and other.gaps))
            for mine, theirs in sides
        )

    @property
    def counted(self) -> np.ndarray:
        """The rows that figures count: bool (m). No special tokens, and in a causal model not the first position of
        the text, which can only see itself (METRICS §1). Rows that are all zero say nothing and do not count."""
        counted = ~np.asarray(self.queries.special, bool)
        if self.causal and self.queries.start == 0:
            counted[:1] = False
        return counted & self.allowed.any(1) & ((self.weights > 0).any(1) | (self.outside is not None))

    @property
    def allowed(self) -> np.ndarray:
        """Which keys a position may see: bool (m, k). A word may see another where any of its tokens may."""
        if self.mask is not None:
            return self.mask
        rows, columns = len(self.queries), len(self.keys)
        return np.tri(rows, columns, dtype=bool) if self.causal else np.ones((rows, columns), bool)


def links_between(views: Sequence[HeadView], which: Between | None) -> list[HeadView]:
    """Of each view its `HeadView.between`; the views themselves where nothing is asked for."""
    return [view.between(which) for view in views] if which else list(views)
