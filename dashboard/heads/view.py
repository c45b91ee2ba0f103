"""One head over one text: the thing every picture draws."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from dashboard.errors import UserError
from dashboard.heads.pooling import hide_special, to_axis
from dashboard.text.display import marked
from dashboard.text.encoding import Encoding, Special, Unit

if TYPE_CHECKING:
    from dashboard.capture import AttentionModel


Between = Literal["AA", "AB", "BA", "BB"]
BETWEEN = get_args(Between)

Measure = Literal["weight", "contribution", "rollout"]


@dataclass(frozen=True, order=True)
class HeadId:
    """A head by layer and number, both counted from 0, written ``L2H9``."""

    layer: int
    head: int

    def __str__(self) -> str:
        return f"L{self.layer}H{self.head}"

    @classmethod
    def parse(cls, name: str) -> HeadId:
        """``"L2H9"`` → HeadId(2, 9). Raises UserError for anything else."""
        match = re.fullmatch(r"\s*[Ll]([0-9]{1,4})[Hh]([0-9]{1,4})\s*", name)
        if not match:
            raise UserError(f"“{name}” is not a head. Write layer and head counted from 0, like L2H9.")
        return cls(int(match[1]), int(match[2]))


def existing_head(model: AttentionModel, head: str | HeadId) -> HeadId:
    """The head by its name. Raises UserError where the model has no such layer or head."""
    wanted = HeadId.parse(head) if isinstance(head, str) else head
    model.check_head(wanted.layer, wanted.head)
    return wanted


@dataclass(frozen=True, eq=False)
class HeadView:
    """The attention of one head over one text, in the unit and with the special tokens a person asked for.

    Attributes
    ----------
    head: which head
    weights: float32 (m, m); row i is where position i looks. Rows sum to 1 (less where the model has a
        learned sink, and in a `window`); a row is all zero only where hiding special tokens left it nothing.
    labels, special, spans: what stands at each position (m), see `dashboard.text.encoding.Axis`
    unit: "tokens" or "words"
    hidden: "show" or "hide" — whether special tokens were removed and the rows renormalised
    causal: True where a position sees only itself and what stands before it
    text: the text, whole
    model: the model's title, for headings
    outside: in a window, how much of each row goes to positions beyond it (m); None in a whole view
    start: in a window, the place of its first position in the whole view
    whole: in a window, how many positions the whole view has; None in a whole view
    mask: bool (m, m), what each position may see, where that does not follow from `causal` (a sliding window)
    keys: with a mask, how many positions of the whole view each position may see (m)
    gaps: True for a `part` of a view, whose positions need not stand side by side
    measure: what `weights` are: "weight"; "contribution", the norms of METRICS §6, which begin at 0 and sum to nothing
        in particular; or "rollout", shares of what comes through several layers, `head` being their `LayerRange`
    full: the number that stands for full ink: 1 for shares, at least the largest norm for contributions
    name, revision: what the model is opened by, and which weights they are; for the files
    unknown: how many tokens of each position are the tokenizer's unknown token: characters not read (m); () for none
    segments: for each position 0, or 1 where it belongs to the second text of a pair (m); () for one text
    pair: the second text of a pair; "" for one text
    only: which links of a pair these are, see `between`; "" for all
    """

    head: HeadId
    weights: np.ndarray
    labels: tuple[str, ...]
    special: tuple[bool, ...]
    spans: tuple[tuple[int, int] | None, ...]
    unit: Unit
    hidden: Special
    causal: bool
    text: str
    model: str
    outside: np.ndarray | None = None
    start: int = 0
    whole: int | None = None
    mask: np.ndarray | None = None
    keys: np.ndarray | None = None
    gaps: bool = False
    measure: Measure = "weight"
    full: float = 1.0
    name: str = ""
    revision: str = ""
    unknown: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    pair: str = ""
    only: str = ""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def drawn(self) -> tuple[str, ...]:
        """The labels as a picture shows them: what the model has not read is marked."""
        return marked(self.labels, self.unknown)

    def window(self, start: int, stop: int) -> HeadView:
        """The positions `start` … `stop - 1` of this view, as rows and as columns.

        Weights are not renormalised: `outside` says how much of each row is not shown.
        Raises UserError where that is no part of the view.
        """
        if not 0 <= start < stop <= len(self):
            raise UserError(
                f"Positions {start} to {stop - 1} are no part of a text of {len(self)} {self.unit}. "
                f"Choose a part between 0 and {len(self) - 1}."
            )
        rows = self.weights[start:stop]
        weights = rows[:, start:stop]
        outside = rows[:, :start].sum(1) + rows[:, stop:].sum(1)
        return replace(
            self,
            weights=weights,
            labels=self.labels[start:stop],
            special=self.special[start:stop],
            spans=self.spans[start:stop],
            outside=outside if self.outside is None else outside + self.outside[start:stop],
            start=self.start + start,
            whole=self.whole or len(self),
            mask=None if self.mask is None else self.mask[start:stop, start:stop],
            keys=None if self.keys is None else self.keys[start:stop],
            unknown=self.unknown[start:stop],
            segments=self.segments[start:stop],
        )

    def part(self, places: Sequence[int], labels: Sequence[str] | None = None) -> HeadView:
        """Some positions of this view, in order, as rows and as columns; `labels` gives them other names.

        Weights are not renormalised: `outside` says how much of each row goes to the other positions.
        """
        kept = np.asarray(places, int)
        rows = self.weights[kept]
        weights = rows[:, kept]
        outside = (rows.sum(1) - weights.sum(1)).clip(0)
        allowed = self.allowed
        first = self.start + int(kept[0]) if len(kept) else self.start
        return replace(
            self,
            weights=weights,
            labels=tuple(self.labels[place] for place in kept) if labels is None else tuple(labels),
            special=tuple(self.special[place] for place in kept),
            spans=tuple(self.spans[place] for place in kept),
            outside=outside if self.outside is None else outside + self.outside[kept],
            start=first,
            whole=self.whole or len(self),
            mask=allowed[np.ix_(kept, kept)],
            keys=(allowed.sum(1) if self.keys is None else self.keys)[kept],
            gaps=True,
            unknown=tuple(self.unknown[place] for place in kept) if self.unknown else (),
            segments=tuple(self.segments[place] for place in kept) if self.segments else (),
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
        return replace(self, weights=weights, outside=outside, mask=block, keys=block.sum(1), only=which)

    @property
    def crop(self) -> tuple[slice, slice]:
        """The rows and the columns that a map draws: all, but of the links from one text to the other those between
        the first and the last position that has any."""
        if not self.crosses or not self.allowed.any():
            return slice(None), slice(None)
        rows, columns = (np.flatnonzero(self.allowed.any(axis)) for axis in (1, 0))
        return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)

    @property
    def crosses(self) -> bool:
        """Whether these are only the links from one text of a pair to the other."""
        return self.only in ("AB", "BA")

    def over_same_positions(self, other: HeadView) -> bool:
        """Whether row i of both is about the same: the same words in the same places, or aligned ones."""
        return self.labels == other.labels and (self.start == other.start or (self.gaps and other.gaps))

    @property
    def queries(self) -> np.ndarray:
        """The rows that figures count: bool (m). No special tokens, and in a causal model not the first position of
        the text, which can only see itself (METRICS §1). Rows that are all zero say nothing and do not count."""
        counted = ~np.asarray(self.special, bool)
        if self.causal and self.start == 0:
            counted[:1] = False
        return counted & self.allowed.any(1) & ((self.weights > 0).any(1) | (self.outside is not None))

    @property
    def allowed(self) -> np.ndarray:
        """Which keys a position may see: bool (m, m). A word may see another where any of its tokens may."""
        if self.mask is not None:
            return self.mask
        return np.tri(len(self), dtype=bool) if self.causal else np.ones((len(self), len(self)), bool)


def links_between(views: Sequence[HeadView], which: Between | None) -> list[HeadView]:
    """Of each view its `HeadView.between`; the views themselves where nothing is asked for."""
    return [view.between(which) for view in views] if which else list(views)


def make_view(
    weights: np.ndarray,
    head: HeadId,
    encoding: Encoding,
    *,
    unit: Unit = "tokens",
    special: Special = "show",
    causal: bool,
    model: str,
    mask: np.ndarray | None = None,
    name: str = "",
    revision: str = "",
) -> HeadView:
    """A head's weights between tokens (n, n) → the view a person asked for.

    Parameters
    ----------
    weights: of one head over the tokens of `encoding`, rows sum to 1 (`dashboard.capture.head_weights`)
    unit: "words" sums over the tokens of a word looked at and averages over those of a word that looks (METRICS §0)
    special: "hide" removes special tokens and renormalises the rows
    causal, model: whether the model is causal; its title
    mask: bool (n, n), which tokens a token may see, where that does not follow from `causal`
    name, revision: what the model is opened by, and which weights they are

    Raises UserError where hiding special tokens leaves nothing.
    """
    axis = encoding.axis(unit)
    shown = range(len(axis.labels))
    weights = to_axis(weights, axis)
    if special == "hide":
        shown = [place for place in shown if not axis.special[place]]
        if not shown:
            raise UserError("Without its special tokens nothing is left of this text. Show them, or type some words.")
        weights = hide_special(weights, axis.special)
    if mask is not None:
        mask = (to_axis(mask.astype(np.float32), axis) > 0)[np.ix_(list(shown), list(shown))]
    return HeadView(
        head=head,
        weights=weights,
        labels=tuple(axis.labels[place] for place in shown),
        special=tuple(axis.special[place] for place in shown),
        spans=tuple(axis.spans[place] for place in shown),
        unit=unit,
        hidden=special,
        causal=causal,
        text=encoding.text,
        model=model,
        mask=mask,
        keys=None if mask is None else mask.sum(1),
        name=name,
        revision=revision,
        unknown=tuple(axis.unknown[place] for place in shown) if any(axis.unknown) else (),
        segments=tuple(axis.segments[place] for place in shown) if encoding.second is not None else (),
        pair=encoding.pair,
    )
