"""The names of some points of a scatter plot, next to them and clear of one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dashboard.charts.labels import width_of
from dashboard.charts.theme import PALETTES, Theme

SIZE, HIGH = 12.0, 14.0  # of type; pixels that a name takes in height
AWAY = 15.0  # pixels from a point to its name: clear of the ring round the chosen one
BEYOND = 17.0  # pixels that a name may stand out on the right


def sides(wanted: Iterable[str], at: Mapping[str, tuple[float, float]], wide: float) -> dict[str, bool]:
    """Which points are named, and whether on their left: in the order they are wanted, on the right where there is
    room, and none over another name or another point.

    at: every point's place by its name, in pixels; wide: pixels of the plot
    """
    taken: list[tuple[float, float, float]] = []
    found: dict[str, bool] = {}
    for name in dict.fromkeys(wanted):
        px, py = at[name]
        long = width_of(name, SIZE) + 6
        for left in (False, True):
            middle = px - AWAY - long / 2 if left else px + AWAY + long / 2
            inside = middle >= long / 2 and middle + long / 2 <= wide + BEYOND
            over = any(abs(middle - x) < (long + other) / 2 and abs(py - y) < HIGH for x, y, other in taken)
            hides = any(abs(middle - x) < long / 2 + 3 and abs(py - y) < 10 for x, y in at.values())
            if inside and not over and not hides:
                found[name] = left
                taken.append((middle, py, long))
                break
    return found


def names(points: Sequence[dict], x: dict, y: dict, theme: Theme) -> list[dict]:
    """The layers that draw them. points: name, x, y and left, as `sides` says; x, y: the scales."""
    p = PALETTES[theme]
    look = {"type": "text", "fontSize": SIZE, "fontWeight": 600, "baseline": "middle", "aria": False}
    layers = []
    for left in (False, True):
        place = {"align": "right", "dx": -AWAY} if left else {"align": "left", "dx": AWAY}
        for paint in ({"stroke": p.paper, "strokeWidth": 3, "color": p.paper}, {"color": p.text}):  # a clear rim first
            layers.append(
                {
                    "data": {"values": [one for one in points if one["left"] is left]},
                    "mark": look | place | paint,
                    "encoding": {
                        "x": x | {"field": "x"},
                        "y": y | {"field": "y"},
                        "text": {"field": "name", "type": "nominal"},
                    },
                }
            )
    return layers
