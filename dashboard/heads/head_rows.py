"""One head over a long text, whose rows are computed when they are looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dashboard.heads.head_id import HeadId
from dashboard.heads.make_view import visible_positions
from dashboard.heads.map_axis import MapAxis
from dashboard.heads.pooling import Pooling, renormalised
from dashboard.heads.view import HeadView
from dashboard.text.encoding import Axis, Encoding, Special, Unit

OfTokens = Callable[[slice], np.ndarray]


@dataclass(frozen=True, eq=False)
class HeadRows:
    """The attention of one head over a text in the unit and with the special tokens a person asked for: what a
    `HeadView` of it would hold (m × m), a few rows at a time.

    Attributes
    ----------
    head, encoding, unit, hidden, causal, model, name, revision: as in `HeadView`
    of_tokens: the weights from some tokens: float32 (r, n)
    allowed: what these tokens may see: bool (r, n); None where that follows from `causal`
    """

    head: HeadId
    encoding: Encoding
    unit: Unit
    hidden: Special
    causal: bool
    model: str
    of_tokens: OfTokens
    allowed: OfTokens | None = None
    name: str = ""
    revision: str = ""

    def __len__(self) -> int:
        return len(self.axis)

    @cached_property
    def _whole(self) -> Axis:
        return self.encoding.axis(self.unit)

    @cached_property
    def _places(self) -> np.ndarray:
        """Which positions are shown (m)."""
        return np.array(visible_positions(self._whole, self.hidden), int)

    @cached_property
    def _pooling(self) -> Pooling:
        return Pooling.of(self._whole)

    @cached_property
    def axis(self) -> MapAxis:
        """What stands along both sides (m)."""
        return MapAxis.of(self._whole, self._places.tolist(), pair=self.encoding.second is not None)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The positions `start` … `stop - 1`, where they look: float32 (stop - start, m)."""
        found = self._pooled(self.of_tokens, start, stop)
        return found if self.hidden == "show" else renormalised(found)

    def window(self, start: int, stop: int) -> HeadView:
        """The positions `start` … `stop - 1` as rows and as columns, as `HeadView.window` gives them."""
        rows = self.rows(start, stop)
        seen = None if self.allowed is None else self._pooled(self.allowed, start, stop) > 0
        axis = self.axis.window(start, stop, self.unit)
        return HeadView(
            head=self.head,
            weights=rows[:, start:stop],
            queries=axis,
            keys=axis,
            unit=self.unit,
            hidden=self.hidden,
            causal=self.causal,
            text=self.encoding.text,
            model=self.model,
            outside=rows[:, :start].sum(1) + rows[:, stop:].sum(1),
            mask=None if seen is None else seen[:, start:stop],
            choices=None if seen is None else seen.sum(1),
            name=self.name,
            revision=self.revision,
            pair=self.encoding.pair,
        )

    def _pooled(self, of_tokens: OfTokens, start: int, stop: int) -> np.ndarray:
        positions = self._places[start:stop]
        tokens = self._pooling.tokens_of(positions)
        first, last = int(tokens.min()), int(tokens.max()) + 1
        found = of_tokens(slice(first, last)).astype(np.float32, copy=False)
        found = self._pooling.some_rows(found, first, positions)
        return found if len(self._places) == found.shape[1] else found[:, self._places]
