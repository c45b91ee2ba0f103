"""The named stretches of a text along a side of a picture: a rule where two meet, and their names with a line each.

All pictures tell stretches apart by these, with place and words and never by colour, in print as on a screen. A text
of one stretch has none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from dashboard.charts.labels import width_of
from dashboard.charts.theme import Palette

BAND = 20.0  # pixels that the names take beside a picture
SIZE = 11.5
_LEAST = 26.0  # pixels of a name that is written, if shortened


@dataclass(frozen=True)
class Stretch:
    """A stretch and the part of a side that it takes, in positions or pixels."""

    name: str
    first: float
    last: float


def stretches_of(names: Sequence[str]) -> list[Stretch]:
    """The stretches of positions with these names (m), or none; [] where all are in one."""
    found, at = [], 0
    for name, run in groupby(names):
        length = len(list(run))
        found.append(Stretch(name, at, at + length))
        at += length
    return found if len(found) > 1 else []


def placed(stretches: Sequence[Stretch], pixels: Callable[[float], float]) -> list[Stretch]:
    """The stretches in pixels, from low to high. pixels: of an edge between positions"""
    found = [Stretch(one.name, *sorted((pixels(one.first), pixels(one.last)))) for one in stretches]
    return sorted(found, key=lambda one: one.first)


def divided(names: Sequence[str]) -> str:
    """For a subtitle: which stretches the rules divide; "" where there is one."""
    found = [one.name for one in stretches_of(names)]
    return f"rules divide {' | '.join(found)}" if found else ""


def told(names: Sequence[str], unit: str) -> str:
    """For a person who does not see the picture: the stretches with how much they hold; "" where there is one."""
    found = [f"{one.name}, {one.last - one.first:,} {unit}" for one in stretches_of(names)]
    return f"Its text is divided into: {'; '.join(found)}." if found else ""


def named_layers(
    stretches: Sequence[Stretch], p: Palette, *, across: bool, at: float, through: tuple[float, float], turn: float = 90
) -> list[dict]:
    """Layers for a picture of which one side is `stretches`, in pixels (`placed`).

    Parameters
    ----------
    across: along x, with the names below; else along y, with the names turned by `turn` degrees
    at: where the names stand on the other side, in pixels; away from the picture, to the left where `turn` is -90
    through: from where to where the rules lead, in pixels of the other side
    """
    away = -1 if not across and turn < 0 else 1

    def place(along: float, beside: float) -> dict:
        x, y = (along, beside) if across else (beside, along)
        return {"x": {"value": round(x, 1)}, "y": {"value": round(y, 1)}}

    def rule(start: tuple[float, float], end: tuple[float, float], thick: float) -> dict:
        other = {f"{name}2": one for name, one in place(*end).items()}
        mark = {"type": "rule", "aria": False, "stroke": p.quiet, "strokeWidth": thick}
        return alone(mark, place(*start) | other)

    layers = [rule((one.last, through[0]), (one.last, through[1]), 1) for one in stretches[:-1]]
    for one in stretches:
        layers.append(rule((one.first + 1.5, at), (one.last - 1.5, at), 2))
    for name, middle, room in _names(stretches):
        text = {"type": "text", "text": name, "fontSize": SIZE, "align": "center", "baseline": "middle"}
        text |= {"color": p.text, "aria": False} | ({} if across else {"angle": turn % 360})
        text |= {} if room is None else {"limit": round(room, 1)}
        layers.append(alone(text, place(middle, at + away * 10)))
    return layers


def alone(mark: dict, encoding: dict) -> dict:
    """A layer of one mark."""
    return {"data": {"values": [{}]}, "mark": mark, "encoding": encoding}


def _names(stretches: Sequence[Stretch]) -> list[tuple[str, float, float | None]]:
    """(name, its middle, pixels it may take if it must be shortened): at the middle of its stretch, or moved."""
    if not stretches:
        return []
    end, reached, found = stretches[-1].last, stretches[0].first, []
    after = [following.last - following.first for _, following in pairwise(stretches)] + [0.0]
    for one, more in zip(stretches, after, strict=True):
        wide = width_of(one.name, SIZE) + 2
        # A long name may lean over half of the stretch behind it.
        start = max(reached, min((one.first + one.last - wide) / 2, end - wide))
        room = min(wide, one.last + more / 2 - start)
        if room >= min(wide, _LEAST):
            found.append((one.name, start + room / 2, None if room == wide else room))
            reached = start + room + 8
    return found
