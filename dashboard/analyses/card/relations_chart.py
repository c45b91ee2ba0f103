"""The relations of a parse, each with the head that finds it best: a dot for that head, a tick for the baseline."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from dashboard.analyses.profile.relation_words import in_words
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look
from dashboard.heads.chance_words import MARK, beyond, equals
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId, head_of

MOST = 20  # relations that are drawn
ROW, DOT, SIZE = 22.0, 9.0, 12.0  # pixels of a row and of a dot; of type
NAMES, HEADS = 196.0, 60.0  # pixels of the relations' names on the left, of the heads' on the right


def relations_chart(
    best: pd.DataFrame,
    look: Look,
    *,
    title: str,
    subtitle: list[str],
    description: str,
    names: Mapping[HeadId, str],
) -> Drawing:
    """A row per relation: the share of cases that its best head finds (dot), and the best fixed distance (tick).

    • stands after a head whose q is at most 0.05.

    Parameters
    ----------
    best: rows of `Profile.best` in the order to draw, at most `MOST` of them
    look: 600 pixels wide by default; names: of heads, for hover
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    long, canvas, top = width - NAMES - HEADS, Canvas(), 6.0
    rows = best.head(MOST).to_dict("records")
    for share in (0.0, 0.5, 1.0):
        x = NAMES + share * long
        canvas.box(x, top, 1, ROW * len(rows), p.hair)
        canvas.write(x, top + ROW * len(rows) + 14, percent(share), p.quiet, SIZE, align="center")
    for row in rows:
        middle, head = top + ROW / 2, head_of(row)
        found, base = float(row["held_out_accuracy"]), float(row["held_out_baseline"])
        left, right = sorted((NAMES + base * long, NAMES + found * long))
        tip = (
            f"{in_words(row['relation'])}: {head}{_called(names, head)} finds {percent(found)} of {row['n']:,}, held "
            f"out; the best fixed distance {percent(base)}{_chance(row)}"
        )
        canvas.write(
            NAMES - 10,
            middle,
            in_words(row["relation"]),
            p.text,
            SIZE,
            align="right",
            baseline="middle",
            limit=NAMES - 12,
        )
        canvas.box(left, middle - 1, right - left, 2, p.syntax)
        canvas.box(NAMES + base * long - 1, middle - 7, 2, 14, p.position)
        canvas.box(NAMES + found * long - DOT / 2, middle - DOT / 2, DOT, DOT, p.syntax, edge=p.paper)
        said = f"{head} {MARK}" if beyond(row["q"]) else str(head)
        canvas.write(width - HEADS + 8, middle, said, p.text, SIZE, baseline="middle")
        canvas.place(0, top, width, ROW, tip)
        top += ROW
    return sheet(
        canvas.body(width, top + 22),
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=width,
    )


def _chance(row: Mapping[Hashable, Any]) -> str:
    return f"; {equals(row['q'])}" if row["q"] == row["q"] else ""


def _called(names: Mapping[HeadId, str], head: HeadId) -> str:
    return f", {names[head]}," if head in names else ""
