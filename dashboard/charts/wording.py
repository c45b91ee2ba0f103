"""What stands above a chart, and what is read out in its place."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.charts.labels import width_of
from dashboard.charts.safe import shown
from dashboard.heads.view import HeadView


def title(views: Sequence[HeadView]) -> str:
    """``L2H9 · MiniLM``."""
    return " and ".join(str(v.head) for v in views) + f" · {shown(views[0].model)}"


def subtitle(view: HeadView, *parts: str, room: float = 600) -> list[str]:
    """What the positions are and what the ink means, on lines of at most `room` pixels."""
    unit = "words" if view.unit == "words" else "tokens"
    special = "special tokens hidden, the rest renormalised" if view.hidden == "hide" else "special tokens shown"
    return [line for part in (f"{unit}, {special}", *parts) for line in wrap(part, room)]


def wrap(text: str, room: float, size: float = 12.5) -> list[str]:
    """`text` on lines of at most `room` pixels, broken at its middle dots where that will do, else at spaces."""
    lines: list[str] = []
    for clause in text.split(" · "):
        joined = f"{lines[-1]} · {clause}" if lines else clause
        if width_of(joined, size) <= room:
            lines[-1:] = [joined]
            continue
        line = ""
        for word in clause.split(" "):
            if line and width_of(f"{line} {word}", size) > room:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def range_of(top: float) -> str:
    """``0 to 100 %``, ``0 to 20 % and more``."""
    return f"0 to {top * 100:.3g}\u00a0%" + ("" if top >= 1 else " and more")


def describe(view: HeadView, kind: str) -> str:
    """Alternative text: what kind of chart, and the finding."""
    from dashboard.heads.finding import finding

    return f"{kind} of {view.head}, {shown(view.model)}. {finding(view)}"
