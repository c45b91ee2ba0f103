"""What stands above a chart, and what is read out in its place."""

from __future__ import annotations

import math

from dashboard.charts.labels import width_of
from dashboard.charts.sanitize import drawable
from dashboard.charts.stretches import divided
from dashboard.heads.format import WAYS, number
from dashboard.heads.head_group import HeadGroup
from dashboard.heads.view import HeadView


def title(view: HeadView) -> str:
    """``L2H9 · MiniLM``, ``Mean of layer 2 · MiniLM``."""
    name = str(view.head)
    return f"{name[:1].upper()}{name[1:]} · {drawable(view.model)}"


def subtitle(view: HeadView, *parts: str) -> list[str]:
    """What the positions are, then each of `parts`; a line each, as far as it fits."""
    several = f" · {together(view.head)}" if isinstance(view.head, HeadGroup) else ""
    return [positions(view) + several, *parts]


def positions(view: HeadView) -> str:
    """What the positions are: ``words, special tokens shown``."""
    special = "special tokens shown"
    if view.hidden == "hide":
        special = "special tokens hidden" + ("" if view.measure == "contribution" else " and rows renormalised")
    what = f"{view.unit}, {special}"
    axes = [view.queries] if view.one_axis else [view.queries, view.keys]
    if view.gaps and any(len(axis) < (axis.whole or 0) for axis in axes):
        part = " and ".join(f"{len(axis):,} of {axis.whole:,}" for axis in axes)
        what += f" · {part}, those with a counterpart; what goes elsewhere is not drawn"
    elif not view.gaps and any(axis.whole is not None for axis in axes):
        part = " and ".join(
            f"{axis.start + 1:,} to {axis.start + len(axis):,} of {axis.whole or len(axis):,}" for axis in axes
        )
        what += f" · {part}; what goes elsewhere is not drawn"
    if view.crosses:
        what += f" · only {_way(view)}"
    if not view.one_axis and {"source", "target"} <= set(view.keys.stretches):
        what += " · columns: the source, then the target"
    elif marks := divided(view.keys.stretches[view.crop[1]]):
        what += f" · {marks}"
    return what


def together(group: HeadGroup) -> str:
    """How far several heads are from their mean: ``12 heads, 1.2 bits from their mean (0 to 3.6)``."""
    heads = f"{len(group.heads)} heads"
    if math.isnan(group.divergence):
        return heads
    return f"{heads}, {number(group.divergence)} bits from their mean (0 to {group.most:.3g})"


def _way(view: HeadView) -> str:
    looks, seen = WAYS[view.only]
    return f"from the {looks} text to the {seen}"


def wrap(text: str, width: float, size: float) -> list[str]:
    """`text` on lines of at most `width` pixels, broken at its middle dots where that will do, else at spaces, a
    longer word anywhere."""
    lines: list[str] = []
    for clause in text.split(" · "):
        joined = f"{lines[-1]} · {clause}" if lines else clause
        if width_of(joined, size) <= width:
            lines[-1:] = [joined]
            continue
        line = ""
        for word in clause.split(" "):
            if line and width_of(f"{line} {word}", size) > width:
                lines.append(line)
                line = ""
            *full, line = _cut(f"{line} {word}" if line else word, width, size)
            lines += full
        lines.append(line)
    return lines


def _cut(word: str, width: float, size: float) -> list[str]:
    """A word, in parts that fit where it does not: one that has no space can be a whole sentence."""
    if width_of(word, size) <= width:
        return [word]
    parts = [""]
    for character in word:
        if parts[-1] and width_of(parts[-1] + character, size) > width:
            parts.append("")
        parts[-1] += character
    return parts


def nothing(view: HeadView) -> str:
    """Why a row of this view is empty."""
    if view.gaps:
        return "all it looks at has no counterpart"
    if view.crosses and view.whole is None:
        return f"no link {_way(view)} starts here"
    if view.outside is not None:
        return "all it looks at lies outside this part"
    if view.hidden == "hide":
        return "it looks only at special tokens, which are hidden"
    return "it looks at nothing here"
