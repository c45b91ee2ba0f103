"""A picture on a page: the finding over it, the picture, remarks, and the table and the files under it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.column_types import ColumnConfig

from dashboard.charts.drawing import Drawing
from dashboard.export import Provenance
from dashboard.heads import chance_words
from dashboard.heads.chance import LEVEL
from dashboard.heads.view import HeadView
from dashboard.ui import downloads, session
from dashboard.ui.markdown import escape_markdown, words_apart

Columns = Mapping[str, ColumnConfig | str | None]  # column → its title or configuration; None: not shown
PAUSE = 0.1  # seconds
Q = st.column_config.NumberColumn("q", format="%.2g", help=chance_words.HELP)
MARKED = "q is small"  # the column of the marks after q: no table of figures has this name
BEYOND = st.column_config.TextColumn("", width=36, help=f"{chance_words.MARK}: q ≤ {LEVEL}.")
# The column of a table that exists only if the tokenizer did not know some characters.
UNREAD = st.column_config.NumberColumn("Not read", help="How many of its tokens stand for characters not read.")


@dataclass(frozen=True)
class Click:
    """What a click on a picture does.

    Attributes
    ----------
    take: handles the click; called with the key of the chart, under which the session holds what was clicked
    parameter: the selection, or the selections, of the chart that count
    key: of the chart, if what was clicked belongs to this drawing alone; "": the key of the figure
    place: key of the picture's place on the page; "": the key of the figure
    """

    take: Callable[[str], None]
    parameter: str | Sequence[str] = "head"
    key: str = ""
    place: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A table behind a picture, in a menu of its own.

    Attributes
    ----------
    columns: their titles, as `st.dataframe` takes them
    rows: the data, or a function that makes them when the menu is opened; None: the table of the figure
    note: the line above it
    label, key: of the menu's button; key "": that of the figure
    width: as `st.dataframe` takes it
    """

    columns: Columns
    rows: pd.DataFrame | Callable[[], pd.DataFrame] | None = None
    note: str = ""
    label: str = "Table"
    key: str = ""
    width: Literal["stretch", "content"] = "content"


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture with everything that belongs to it.

    Attributes
    ----------
    chart: the picture on the page; a function where `on_page` is given
    table: the data behind it, or a function that makes them when a file is requested
    key: of the figure, unique on a page; the keys of its place, its chart and its menus begin or end with it
    finding: what it shows, in a sentence; lead: smaller lines above the picture; remarks: lines under the picture
    tables: the tables on the page, a menu each
    views: heads whose matrices can be downloaded
    provenance: where it comes from; None: the chart holds it
    still: draws the picture for files, if it differs: without the marks of a click
    fit: the `width` to give `st.altair_chart`
    click: what a click on it does
    on_page: draws it on the page in place of the chart, which then is for files; it needs a `provenance`
    awaited: whether a click waits for this picture, see `painted_first`
    refill: if only the data change from run to run (see `Drawing.refillable`), an alternative text that stays true:
        a new alternative text would draw the picture again. The finding above it says what changes
    """

    chart: Drawing | Callable[[], Drawing]
    table: pd.DataFrame | Callable[[], pd.DataFrame]
    key: str
    finding: str = ""
    lead: Sequence[str] = ()
    remarks: Sequence[str] = ()
    tables: Sequence[Table] = ()
    views: Sequence[HeadView] = ()
    provenance: Provenance | None = None
    still: Callable[[], Drawing] | None = None
    fit: Literal["stretch", "content"] = "content"
    click: Click | None = None
    on_page: Callable[[], object] | None = None
    awaited: bool = False
    refill: str = ""


def show(figure: Figure) -> DeltaGenerator:
    """Finding, picture, remarks and menus, in this order. Returns the row of the menus, for more buttons."""
    if figure.finding:
        finding(figure.finding)
    remark(*figure.lead)
    picture(figure)
    if figure.awaited:
        painted_first()
    remark(*figure.remarks)
    return menus(figure)


def finding(sentence: str) -> None:
    """The sentence above a picture."""
    st.markdown(f"##### {escape_markdown(words_apart(sentence))}")


def remark(*sentences: str) -> None:
    """Small lines about a picture."""
    if any(sentences):
        st.caption("  \n".join(escape_markdown(words_apart(sentence)) for sentence in filter(None, sentences)))


def picture(figure: Figure) -> None:
    """The chart in our own theme; its description, which holds the finding, is the alternative text."""
    place, key, click = figure.key, figure.key, figure.click
    given: dict[str, Any] = {"theme": None, "width": figure.fit}
    if click is not None:
        place, key = click.place or key, click.key or key
        given |= {"on_select": partial(click.take, key), "selection_mode": click.parameter}
    with st.container(key=f"picture_{place}"):
        chart = figure.chart
        if figure.on_page is not None:
            figure.on_page()
        elif figure.refill and isinstance(chart, Drawing):
            whole, data = chart.refillable()
            tables = {name: pd.DataFrame(rows) for name, rows in data.items()}
            st.vega_lite_chart(None, whole | {"datasets": tables}, key=key, alt=figure.refill, **given)
        else:
            st.altair_chart(cast(alt.LayerChart, chart), key=key, **given)  # it takes any chart; the stubs list fewer


def painted_first() -> None:
    """Let the browser paint what was sent before it gets the rest.

    The browser works whatever arrives into the page first and paints later: without this pause the picture that a
    click waits for appears a tenth of a second later. On a first visit nobody waits for one picture.
    """
    if session.frame_stands():
        time.sleep(PAUSE)


def menus(figure: Figure) -> DeltaGenerator:
    """The files and the tables of a figure, side by side in a row, which is returned."""
    row = st.container(horizontal=True, gap="medium", key=f"files_{figure.key}")
    provenance = figure.provenance or cast(Drawing, figure.chart).provenance
    with row:
        made = downloads.Files(figure.still or figure.chart, figure.table, figure.views, provenance)
        downloads.offer(made, figure.key)
        for table in figure.tables:
            rows = figure.table if table.rows is None else table.rows
            key = f"table_{table.key or figure.key}"
            with st.container(width="content"):
                in_dialog(table.label, ":material/table:", key, partial(_table, table, rows))
    return row


@st.fragment
def in_dialog(label: str, icon: str, key: str, inside: Callable[[], object]) -> None:
    """A menu under a button. Its content is made when it opens, so a click on a head does not wait for it. A dialog
    closes without a run, so that nobody who leaves the page meanwhile loses it."""
    if st.button(label, icon=icon, key=key, type="tertiary"):
        st.dialog(label, width="large")(inside)()


def _table(table: Table, rows: pd.DataFrame | Callable[[], pd.DataFrame]) -> None:
    if table.note:
        st.caption(escape_markdown(table.note))
    data = rows() if callable(rows) else rows
    st.dataframe(
        beyond_chance(data), hide_index=True, width=table.width, column_config={**table.columns, MARKED: BEYOND}
    )


def beyond_chance(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table with a mark after each q that is small enough; as they are where they have no q."""
    if "q" not in rows:
        return rows
    marked = rows.copy()
    marked.insert(list(rows).index("q") + 1, MARKED, np.where(rows["q"] <= LEVEL, chance_words.MARK, ""))
    return marked


def window_slider(view: HeadView, whole: HeadView) -> None:
    """The control that chooses which part of a long text to draw; nothing if all of it fits into one picture."""
    if view.one_axis and len(view) < len(whole):
        session.correct(start=view.start)  # another view or unit may have fewer positions to start from
        st.slider(
            f"First {whole.unit[:-1]} drawn, of {len(whole):,}",
            0,
            len(whole) - len(view),
            help=f"One picture holds {len(view)}. What goes to the others is not drawn; figures are over all of them.",
            **session.bound("start"),
        )


def window_of(view: HeadView) -> dict[str, Any]:
    """The options that draw this part of the text again; empty if all of it is drawn."""
    return {} if not view.one_axis or view.whole is None else {"start": view.start, "most": len(view)}
