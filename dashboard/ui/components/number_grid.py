"""A small editable table of numbers, one input per cell: keyboard, screen readers and pasting work as in any form.

Streamlit's own editor delays every change by 150 ms, which no setting changes; the toy must answer in 200 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from streamlit.components.v2 import component

from dashboard.analyses.toy.example import Cells, cells_of
from dashboard.ui import session

_JS, _CSS = (Path(__file__).with_name(f"number_grid.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))


def table(
    key: str, given: Cells, label: str, take: Callable[[Cells], None], *, names: Sequence[str] = (), width: int
) -> None:
    """The table. It shows `given`, whatever was typed before; an empty cell is None.

    Parameters
    ----------
    label: what it is, for screen readers; names: of the rows, empty if they have none
    take: called with the whole table when a cell has changed: Enter, leaving it, arrow up or down, pasting
    """
    grid = component("two_heads_cells", html='<div class="cells"></div>', css=_CSS, js=_JS)
    cells = [["" if cell is None else f"{cell:.10g}" for cell in row] for row in given]
    grid(
        key=key,
        data={"cells": cells, "names": list(names), "label": label},
        width=width,
        on_rows_change=lambda: _take(key, take),
    )


def _take(key: str, take: Callable[[Cells], None]) -> None:
    if (rows := session.told(key).get("rows")) is not None:
        take(typed(rows))


def typed(rows: Sequence[Sequence[str]] | None) -> Cells:
    """The typed cells as numbers. A comma may be the decimal sign; “−” is a minus sign too."""
    return cells_of([[str(cell).replace(",", ".").replace("−", "-") for cell in row] for row in rows or ()])
