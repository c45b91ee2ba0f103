"""What each head recovers at each token, as a shaded table: a row for each of the heads with most, a column a token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import NARROWEST, Drawing, sheet
from dashboard.charts.ink import round_figure
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look, Selection
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import TOKENS_FONT, paint, readable, signed
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import datum_of, heads_of

HEADS, TOKENS = 24, 40  # rows and columns at most
WIDTH = 560.0
ROW, NARROW, BROAD = 19.0, 10.0, 76.0  # pixels of a row, of a column at least and at most
SIZE, SMALL, LONGEST = 12.0, 11.0, 110.0  # pixels of type: names, figures; of a token's label at most
NOTHING = 0.0005  # what is drawn as nothing: 0.0 %


def tokens_chart(
    table: pd.DataFrame,
    tokens: Sequence[str],
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    selection: Selection = Selection(),
) -> Drawing:
    """Green: towards the first text's answer; purple: away from it; the colour by the square root, as in `head_grid`.

    A click on a cell chooses its head. Heads and tokens are those with the largest figure either way, in their order.

    Parameters
    ----------
    table: a row per head and token: layer, head, position, recovered (NaN: no figure)
    tokens: of the second text, one for each position of the table, in their order
    look: 560 pixels wide by default
    """
    p = look.palette
    every = heads_of(table.drop_duplicates(["layer", "head"]))
    places = sorted(set(table["position"].astype(int)))
    values = table["recovered"].to_numpy(float).reshape(len(every), len(places))
    rows, columns = largest(values, 1, HEADS), largest(values, 0, TOKENS)
    shown = values[np.ix_(rows, columns)]
    high = round_figure(float(np.nanmax(np.abs(shown), initial=NOTHING)))
    shades = paint(np.nan_to_num(np.sign(shown) * np.sqrt(np.abs(shown) / high)), signed(look.theme), -1, 1)
    written = readable(shades, look.theme)
    labels = [drawable(tokens[column]) for column in columns]
    left = max(width_of(str(every[row]), SIZE, mono=True) for row in rows) + 12
    wide = min(BROAD, max(NARROW, (look.width_or(WIDTH) - 12 - left) / len(columns)))
    longest = max(min(LONGEST, width_of(label, SIZE, mono=True)) for label in labels)
    leans = longest > wide - 4
    top = 0.75 * longest + 14 if leans else 22.0
    numbers = wide >= width_of("−100", SMALL) + 4
    canvas = Canvas()
    for k, label in enumerate(labels):
        x, font = left + (k + 0.5) * wide, {"font": TOKENS_FONT, "limit": LONGEST}
        if leans:
            canvas.write(x, top - 6, label, p.text, SIZE, angle=315, baseline="middle", **font)
        else:
            canvas.write(x, top - 8, label, p.text, SIZE, align="center", **font)
    for i, row in enumerate(rows):
        head, y = every[row], top + i * ROW
        strong = head == selection.head
        canvas.write(
            left - 8,
            y + ROW / 2,
            str(head),
            p.text if strong else p.quiet,
            SIZE,
            align="right",
            baseline="middle",
            font=TOKENS_FONT,
            weight=700 if strong else 400,
        )
        for k, label in enumerate(labels):
            x, value = left + k * wide, shown[i, k]
            if np.isnan(value):
                canvas.write(x + wide / 2, y + ROW / 2, "–", p.quiet, SMALL, align="center", baseline="middle")
            else:
                fill = "#{:02x}{:02x}{:02x}".format(*shades[i, k])
                canvas.box(x + 0.5, y + 0.5, wide - 1, ROW - 1, fill)
                if numbers and abs(value) >= 0.005:
                    says = f"{100 * value:.0f}".replace("-", "−")
                    canvas.write(
                        x + wide / 2, y + ROW / 2, says, str(written[i, k]), SMALL, align="center", baseline="middle"
                    )
            says = "no figure" if np.isnan(value) else f"{percent(value)} recovered"
            fields = datum_of(head) | {"epoch": selection.epoch}
            canvas.place(x, y, wide, ROW, selection.tip(head, f" at {label}: {says}"), **fields)
        if strong or head in selection.pinned:
            canvas.frame(left, y, wide * len(columns), ROW, p.text, 2 if strong else 1.25, dashed=not strong)
    across = left + wide * len(columns) + (0.75 * longest if leans else 0)
    return sheet(
        canvas.body(across, top + ROW * len(rows), "head"),
        look.theme,
        title=title,
        subtitle=[*subtitle, *_left_out(values, rows, columns), "% recovered · colour by the square root"],
        description=description,
        width=max(across, min(look.width_or(WIDTH), NARROWEST)),
    )


def largest(values: np.ndarray, axis: int, most: int) -> list[int]:
    """Of heads × tokens: the rows (axis 1) or columns (axis 0) with the largest figure either way, in their order;
    of the columns those at which no head has any are left out."""
    sizes = np.nan_to_num(np.abs(values)).max(axis)
    some = np.argsort(-sizes, kind="stable")[:most]
    some = some if axis == 1 or not (sizes >= NOTHING).any() else [k for k in some if sizes[k] >= NOTHING]
    return sorted(int(k) for k in some)


def _left_out(values: np.ndarray, rows: Sequence[int], columns: Sequence[int]) -> list[str]:
    """What is not drawn, and how little it is."""
    sizes, said = np.nan_to_num(np.abs(values)), []
    if more := values.shape[0] - len(rows):
        most = np.delete(sizes, rows, 0).max()
        said.append(f"{counted(more, 'other heads')}: at most {percent(most)}")
    if more := values.shape[1] - len(columns):
        most = np.delete(sizes, columns, 1).max()
        rest = counted(more, "other tokens")
        said.append(f"nothing at {rest}" if most < NOTHING else f"at most {percent(most)} at {rest}")
    return [" · ".join(said)] if said else []
