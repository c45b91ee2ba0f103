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
    **more: object,
) -> HeadView:
    """A view whose rows and columns are the same positions."""
    axis = MapAxis(tuple(labels), tuple(special), tuple(spans), tuple(unknown), tuple(segments))
    return HeadView(head, weights, axis, axis, *rest, **more)


def changed(view: HeadView, **axis: object) -> HeadView:
    """The same with something else along both axes, as `labels=`."""
    now = {name: getattr(view.queries, name) for name in view.queries.__dataclass_fields__} | axis
    return view.over(MapAxis(**now))
