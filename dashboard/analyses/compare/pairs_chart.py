"""The pairwise similarity of heads (METRICS §5) as a small shaded table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dashboard.analyses.compare.divergence import Comparison
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import NARROWEST, Drawing, sheet
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import ink, paint, readable
from dashboard.heads.format import counted, percent

WIDE, TALL = 128.0, 46.0  # pixels of a cell
NAMES, LONGEST = 64.0, 168.0  # pixels of the heads' names: of “L2H0” and the like, and at most
LETTER = 7.6  # pixels of a letter


def closest_pairs(
    names: Sequence[str], pairs: Mapping[tuple[int, int], Comparison], look: Look, *, title: str, description: str
) -> Drawing:
    """A square of heads × heads: each cell has the divergence (the larger, the darker), the share of rows with the same
    strongest word, and the correlation.

    Parameters
    ----------
    names: of two to four heads; pairs: (i, j) with i < j, places in `names` → the comparison of the two
    """
    p, canvas = look.palette, Canvas()
    shades = ink(look.theme)
    left = min(max(NAMES, 20 + LETTER * max(map(len, names))), LONGEST)
    for k, name in enumerate(names):
        canvas.write(
            left + (k + 0.5) * WIDE, 16, drawable(name), p.text, 13, weight=600, align="center", limit=WIDE - 8
        )
        canvas.write(
            left - 10,
            26 + (k + 0.5) * TALL,
            drawable(name),
            p.text,
            13,
            weight=600,
            align="right",
            baseline="middle",
            limit=left - 12,
        )
    for (i, j), numbers in pairs.items():
        shade = paint(np.array(0 if np.isnan(numbers.js) else numbers.js), shades, 0, 1)
        fill, colour = "#{:02x}{:02x}{:02x}".format(*shade), str(readable(shade, look.theme))
        tip = f"{drawable(names[i])} and {drawable(names[j])}: {describe_pair(numbers)}"
        for row, column in ((i, j), (j, i)):
            x, y = left + column * WIDE, 26 + row * TALL
            canvas.box(x + 1, y + 1, WIDE - 2, TALL - 2, fill, edge=p.hair, tip=tip)
            canvas.write(x + WIDE / 2, y + 20, _number(numbers.js), colour, 14, weight=600, align="center", tip=tip)
            canvas.write(
                x + WIDE / 2,
                y + 36,
                f"{percent(numbers.top1)} · {_number(numbers.pearson)}",
                colour,
                11.5,
                align="center",
                tip=tip,
            )
    rows = {numbers.rows for numbers in pairs.values()}
    over = counted(max(rows), "rows") if len(rows) == 1 else f"{min(rows)} to {max(rows)} rows"
    size = left + len(names) * WIDE
    return sheet(
        canvas.body(size, 26 + len(names) * TALL),
        look.theme,
        title=title,
        subtitle=[
            "large: divergence, 0: the same, 1: no overlap",
            f"small: rows with the same strongest key · correlation of all weights · over {over}",
        ],
        description=description,
        width=max(size, NARROWEST),
    )


def describe_pair(numbers: Comparison) -> str:
    """The three numbers of a pair, in words."""
    if not numbers.rows:
        return "no row counts"
    return (
        f"divergence {numbers.js:.3f}, the same strongest key in {percent(numbers.top1)} of {numbers.rows} rows, "
        f"correlation {_number(numbers.pearson)}"
    )


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}".replace("-", "−")
