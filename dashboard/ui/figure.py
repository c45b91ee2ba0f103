"""A picture on a page: the finding over it, the picture, the table and the files under it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.analyses.compare.divergence import Comparison
from dashboard.analyses.scores.scores import SCORES
from dashboard.export import (
    FORMATS,
    Provenance,
    ReportFigure,
    bundle,
    endings,
    figure_bytes,
    file_stem,
    font_notice,
    matrix_bytes,
    snippet,
    table_bytes,
)
from dashboard.heads.links import strongest
from dashboard.heads.view import HeadView
from dashboard.ui import report, session
from dashboard.ui.model_and_text import escape_markdown, words_apart

PAUSE = 0.1  # seconds
FIGURES = endings("figure")
# The column of a table that is there only where the tokenizer did not know some characters.
UNREAD = st.column_config.NumberColumn("Not read", help="How many of its tokens stand for characters not read.")


def finding(sentence: str) -> None:
    """What the picture shows, said first."""
    st.markdown(f"##### {escape_markdown(words_apart(sentence))}")


def remark(*sentences: str) -> None:
    """Something smaller that is worth saying about it, a line each."""
    if any(sentences):
        st.caption("  \n".join(escape_markdown(words_apart(sentence)) for sentence in filter(None, sentences)))


def window_slider(view: HeadView, whole: HeadView) -> None:
    """Where a text is too long for one picture: which part of it to draw."""
    if len(view) < len(whole):
        session.correct(start=view.start)  # another view or unit may have fewer positions to start from
        st.slider(
            f"First {whole.unit[:-1]} drawn, of {len(whole):,}",
            0,
            len(whole) - len(view),
            help=f"One picture holds {len(view)}. What goes to the others is not drawn; figures are over all of them.",
            **session.bound("start"),
        )


def window_of(view: HeadView) -> dict[str, int]:
    """Which part of the text is drawn, for the lines that draw it again; nothing where it is all of it."""
    return {} if view.whole is None else {"start": view.start, "most": len(view)}


def picture(
    chart: alt.TopLevelMixin,
    key: str,
    fit: Literal["stretch", "content"],
    *,
    click: Callable[[str], None] | None = None,
    parameter: str | None = None,
    refill: str = "",
) -> None:
    """The chart in our own theme; its description, which says the finding, is its alternative text.

    click: is told the key where the selection of `parameter` changes
    refill: where only the data change from run to run (see `Drawing.refillable`), an alternative text that stays true
        meanwhile: a picture that is described anew is made anew. The finding above it says what changes
    """
    selecting = {} if click is None else {"on_select": lambda: click(key), "selection_mode": parameter}
    with st.container(key=f"picture_{key}"):
        if refill:
            whole, data = chart.refillable()
            tables = {name: pd.DataFrame(rows) for name, rows in data.items()}
            st.vega_lite_chart(
                None, whole | {"datasets": tables}, theme=None, width=fit, key=key, alt=refill, **selecting
            )
        else:
            st.altair_chart(chart, theme=None, width=fit, key=key, **selecting)


def painted_first() -> None:
    """Lets a browser paint what was sent before it gets the rest.

    Whatever arrives is worked into the page at once and keeps it from drawing: without this moment the picture that a
    click waits for comes a tenth of a second later. On a first visit nobody waits for one picture.
    """
    if "draft_of" in st.session_state:  # the sidebar stands
        time.sleep(PAUSE)


@st.fragment
def _menu(label: str, icon: str, key: str, inside: Callable[[], None]) -> None:
    """What opens under a button. It is made when it is opened: a click on a head does not wait for it."""
    menu = st.popover(label, icon=icon, key=key, on_change="rerun")
    if menu.open:
        with menu:
            inside()


def files(
    chart: Callable[[], alt.TopLevelMixin],
    table: Callable[[], pd.DataFrame],
    views: Sequence[HeadView],
    provenance: Provenance,
    key: str,
) -> None:
    """Everything that a person can take away. A file is made when its button is pressed, not before."""
    stem = file_stem(provenance)

    def button(label: str, ending: str, make: Callable[[], bytes], name: str = stem) -> None:
        st.download_button(
            label,
            make,
            file_name=f"{name}.{ending}",
            mime=FORMATS[ending].mime,
            key=f"{key}_{name}_{ending}",
            on_click="ignore",
            width="stretch",
            help=FORMATS[ending].note or None,
        )

    def inside() -> None:
        if notice := font_notice(provenance.text):
            st.caption(escape_markdown(notice))
        picture_column, data_column = st.columns(2)
        with picture_column:
            st.caption("The picture")
            for ending in FIGURES:
                button(
                    FORMATS[ending].title,
                    ending,
                    partial(lambda ending: figure_bytes(chart(), ending, provenance), ending),
                )
        with data_column:
            st.caption("Its data")
            for ending in endings("table"):
                button(FORMATS[ending].title, ending, partial(lambda e: table_bytes(table(), e, provenance), ending))
                if ending == "csv":
                    excel = lambda: table_bytes(table(), "csv", provenance, excel=True)  # noqa: E731
                    button("CSV for Excel", "csv", excel, f"{stem}-excel")
            for view in views:
                label = FORMATS["npz"].title if len(views) == 1 else f"{FORMATS['npz'].title} {view.head}"
                name = stem if len(views) == 1 else f"{stem}-{view.head}"
                button(label, "npz", partial(matrix_bytes, view, provenance), name)
            button("All of it (zip)", "zip", lambda: bundle(chart(), table(), list(views), provenance))
        report.keep_button(key, lambda: ReportFigure(chart(), table(), tuple(views), provenance))
        st.caption("The same from Python")
        st.code(snippet(provenance), language="python")

    with st.container(key=f"files_{key}", width="content"):
        _menu("Download", ":material/download:", f"download_{key}", inside)


def _table(key: str, inside: Callable[[], None], label: str = "Table") -> None:
    with st.container(width="content"):
        _menu(label, ":material/table:", f"table_{key}", inside)


def strongest_links(view: HeadView, most: int = 50) -> None:
    """The table behind the picture: its strongest links. All of them are in the files."""

    def inside() -> None:
        found = strongest(view, most)
        shown = found[[c for c in ("from", "from_unknown", "to", "to_unknown", view.measure) if c in found]]
        every = int(view.allowed.sum())
        if every > most:
            st.caption(f"The {most} strongest of {every:,} links; the files hold all of them.")
        st.dataframe(
            shown,
            hide_index=True,
            width="content",
            column_config={
                "from": st.column_config.TextColumn("From"),
                "from_unknown": UNREAD | {"label": "From: not read"},
                "to": st.column_config.TextColumn("To"),
                "to_unknown": UNREAD | {"label": "To: not read"},
                "weight": st.column_config.NumberColumn("Share of attention", format="percent"),
                "contribution": st.column_config.NumberColumn("Norm of the contribution", format="%.3f"),
            },
        )

    _table("links", inside)


def scores_table(scores: pd.DataFrame) -> None:
    """The numbers behind the atlas."""

    def inside() -> None:
        columns = {
            name: st.column_config.NumberColumn(
                score.title, help=score.help, format="percent" if score.unit == "share" else "%.2f"
            )
            for name, score in SCORES.items()
        }
        st.dataframe(scores, hide_index=True, column_config={"layer": "Layer", "head": "Head", **columns})

    _table("scores", inside)


def comparisons(pairs: Mapping[tuple[str, str], Comparison], note: str = "") -> None:
    """METRICS §5 for each pair of heads."""

    def inside() -> None:
        remark(note)
        rows = [
            {"a": a, "b": b, "js": numbers.js, "top1": numbers.top1, "pearson": numbers.pearson, "rows": numbers.rows}
            for (a, b), numbers in pairs.items()
        ]
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            width="content",
            column_config={
                "a": st.column_config.TextColumn("Head"),
                "b": st.column_config.TextColumn("and head"),
                "js": st.column_config.NumberColumn(
                    "Divergence",
                    format="%.3f",
                    help="Jensen–Shannon divergence of their rows, base 2: 0 the same, 1 wholly apart. The mean.",
                ),
                "top1": st.column_config.NumberColumn(
                    "Same strongest",
                    format="percent",
                    help="Share of rows whose strongest link is the same. What is not drawn is taken as one place.",
                ),
                "pearson": st.column_config.NumberColumn(
                    "Correlation",
                    format="%.3f",
                    help="Pearson's correlation of all their weights, -1 to 1. Empty where one of them is constant.",
                ),
                "rows": st.column_config.NumberColumn("Rows", help="Special tokens' own rows are left out."),
            },
        )

    _table("comparisons", inside)


def numbers(
    key: str, frame: Callable[[], pd.DataFrame], columns: Mapping[str, object], note: str = "", label: str = "Table"
) -> None:
    """The table behind a picture that is not of heads; `columns` names them as `st.dataframe` wants it."""

    def inside() -> None:
        if note:
            st.caption(escape_markdown(note))
        st.dataframe(frame(), hide_index=True, width="content", column_config=dict(columns))

    _table(key, inside, label)
