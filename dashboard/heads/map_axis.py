"""What stands along one side of a map of attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboard.errors import UserError
from dashboard.text.display import marked
from dashboard.text.encoding import Axis, Unit


@dataclass(frozen=True)
class MapAxis:
    """The positions along the rows of a map, or along its columns: m tokens or words.

    Attributes
    ----------
    labels, special, spans: what stands at each position (m), see `dashboard.text.encoding.Axis`
    unknown: how many tokens of each position are the tokenizer's unknown token: characters not read (m); () for none
    segments: for each position 0, or 1 where it belongs to the second text of a pair (m); () for a single text
    stretches: the name of each position's stretch (m), see `dashboard.text.encoding.Encoding`; () for a text of one
    start: in a window, the place of its first position in the whole text
    whole: in a window or a part, how many positions the whole has; None in a whole
    """

    labels: tuple[str, ...]
    special: tuple[bool, ...]
    spans: tuple[tuple[int, int] | None, ...]
    unknown: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    stretches: tuple[str, ...] = ()
    start: int = 0
    whole: int | None = None

    @classmethod
    def of(cls, axis: Axis, positions: Sequence[int], *, pair: bool = False) -> MapAxis:
        """These positions of a text. pair: it is a pair of texts"""
        return cls(
            labels=tuple(axis.labels[place] for place in positions),
            special=tuple(axis.special[place] for place in positions),
            spans=tuple(axis.spans[place] for place in positions),
            unknown=tuple(axis.unknown[place] for place in positions) if any(axis.unknown) else (),
            segments=tuple(axis.segments[place] for place in positions) if pair else (),
            stretches=tuple(axis.stretches[place] for place in positions) if axis.stretches else (),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def drawn(self) -> tuple[str, ...]:
        """The labels as a picture shows them: what the model has not read is marked."""
        return marked(self.labels, self.unknown)

    def window(self, start: int, stop: int, unit: Unit) -> MapAxis:
        """The positions `start` … `stop - 1`. Raises UserError where that is no part of the text."""
        if not 0 <= start < stop <= len(self):
            raise UserError(
                f"Positions {start} to {stop - 1} are no part of a text of {len(self)} {unit}. "
                f"Choose a part between 0 and {len(self) - 1}."
            )
        return MapAxis(
            self.labels[start:stop],
            self.special[start:stop],
            self.spans[start:stop],
            self.unknown[start:stop],
            self.segments[start:stop],
            self.stretches[start:stop],
            self.start + start,
            self.whole or len(self),
        )

    def before(self, other: MapAxis) -> MapAxis:
        """These positions, and behind them those of another text, told apart as source and target."""
        unknown = any(self.unknown) or any(other.unknown)
        return MapAxis(
            (*self.labels, *other.labels),
            (*self.special, *other.special),
            (*self.spans, *other.spans),
            (*(self.unknown or (0,) * len(self)), *(other.unknown or (0,) * len(other))) if unknown else (),
            (0,) * len(self) + (1,) * len(other),
            ("source",) * len(self) + ("target",) * len(other),
        )

    def part(self, places: Sequence[int] | np.ndarray, labels: Sequence[str] | None = None) -> MapAxis:
        """Some positions, in order; `labels` names them anew."""
        return MapAxis(
            tuple(self.labels[place] for place in places) if labels is None else tuple(labels),
            tuple(self.special[place] for place in places),
            tuple(self.spans[place] for place in places),
            tuple(self.unknown[place] for place in places) if self.unknown else (),
            tuple(self.segments[place] for place in places) if self.segments else (),
            tuple(self.stretches[place] for place in places) if self.stretches else (),
            self.start + int(places[0]) if len(places) else self.start,
            self.whole or len(self),
        )

    def renamed(self, labels: Sequence[str], unknown: Sequence[int] | None = None) -> MapAxis:
        """The same positions under other labels. unknown: and with these counts"""
        return replace(self, labels=tuple(labels), unknown=self.unknown if unknown is None else tuple(unknown))


class OfOneAxis:
    """What a map whose rows and columns are the same positions says of them, by the names of `MapAxis`."""

    head: object
    queries: MapAxis
    keys: MapAxis

    @property
    def one_axis(self) -> bool:
        """Whether its rows and its columns are the same positions."""
        return self.keys is self.queries

    @property
    def axis(self) -> MapAxis:
        """What stands along both sides. Raises UserError where these are of two texts."""
        if not self.one_axis:
            raise UserError(
                f"{self.head} looks from one text to another, and this takes one text for both. Draw such a head as a "
                "heatmap or as lines, or choose one that looks at its own text."
            )
        return self.queries

    def __len__(self) -> int:
        return len(self.axis)

    def __bool__(self) -> bool:
        return len(self.queries) > 0

    @property
    def labels(self) -> tuple[str, ...]:
        return self.axis.labels

    @property
    def special(self) -> tuple[bool, ...]:
        return self.axis.special

    @property
    def spans(self) -> tuple[tuple[int, int] | None, ...]:
        return self.axis.spans

    @property
    def unknown(self) -> tuple[int, ...]:
        return self.axis.unknown

    @property
    def segments(self) -> tuple[int, ...]:
        return self.axis.segments

    @property
    def stretches(self) -> tuple[str, ...]:
        return self.axis.stretches

    @property
    def drawn(self) -> tuple[str, ...]:
        return self.axis.drawn

    @property
    def start(self) -> int:
        return self.axis.start

    @property
    def whole(self) -> int | None:
        return self.axis.whole
