"""A picture on a page: the finding over it, the picture, the table and the files under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.errors import UserError
from dashboard.export import (
    FORMATS,
    Provenance,
    bundle,
    figure_bytes,
    file_stem,
    font_notice,
    matrix_bytes,
    snippet,
    table_bytes,
)  # fmt: skip
from dashboard.heads import HeadView, links
from dashboard.ui.reading import escape_markdown

FIGURES = ("png", "svg", "pdf", "html", "json")


def finding(sentence: str) -> None:
    """What the picture shows, said first."""
    st.markdown(f"##### {escape_markdown(sentence)}")


def picture(chart: alt.TopLevelMixin, key: str, fit: Literal["stretch", "content"]) -> None:
    """The chart in our own theme; its description is its alternative text."""
    st.altair_chart(chart, theme=None, width=fit, key=key, alt=chart.description)


def files(
    chart: alt.TopLevelMixin,
    table: Callable[[], pd.DataFrame],
    views: Sequence[HeadView],
    provenance: Provenance,
    key: str,
) -> None:
    """Everything that a person can take away. A file is made when its button is pressed, not before."""
    stem = file_stem(provenance)

    def button(label: str, ending: str, make: Callable[[], bytes], name: str = stem) -> None:
        st.download_button(
            label, make, file_name=f"{name}.{ending}", mime=FORMATS[ending].mime, key=f"{key}_{name}_{ending}",
            on_click="ignore", width="stretch", help=FORMATS[ending].note or None,
        )  # fmt: skip

    with st.popover("Download", icon=":material/download:"):
        if notice := font_notice(provenance.text):
            st.caption(escape_markdown(notice))
        picture_column, data_column = st.columns(2)
        with picture_column:
            st.caption("The picture")
            for ending in FIGURES:
                button(FORMATS[ending].title, ending, partial(figure_bytes, chart, ending, provenance))
        with data_column:
            st.caption("Its data")
            button(FORMATS["csv"].title, "csv", lambda: table_bytes(table(), "csv", provenance))
            button(FORMATS["parquet"].title, "parquet", lambda: table_bytes(table(), "parquet", provenance))
            for view in views:
                label = FORMATS["npz"].title if len(views) == 1 else f"{FORMATS['npz'].title} {view.head}"
                name = stem if len(views) == 1 else f"{stem}-{view.head}"
                button(label, "npz", partial(matrix_bytes, view, provenance), name)
            button("All of it (zip)", "zip", lambda: bundle(chart, table(), list(views), provenance))
        st.caption("The same from Python")
        st.code(snippet(provenance), language="python")


def guarded(draw: Callable[[], alt.TopLevelMixin]) -> alt.TopLevelMixin:
    """The chart, or the sentence that says why there is none and the end of the page."""
    try:
        return draw()
    except UserError as wrong:
        st.info(escape_markdown(str(wrong)))
        st.stop()


def strongest_links(view: HeadView, most: int = 50) -> None:
    """The table behind the picture: its strongest links. All of them are in the files."""
    table = links(view)
    shown = table.nlargest(most, "weight")[["from", "to", "weight"]].reset_index(drop=True)
    label = "Table" if len(table) <= most else f"Table: the {most} strongest of {len(table):,} links"
    with st.expander(label):
        st.dataframe(
            shown, hide_index=True, width="content",
            column_config={
                "from": st.column_config.TextColumn("From"),
                "to": st.column_config.TextColumn("To"),
                "weight": st.column_config.NumberColumn("Share of attention", format="percent"),
            },
        )  # fmt: skip
