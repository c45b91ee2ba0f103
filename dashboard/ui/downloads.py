"""The files of a figure, offered in a menu. A file is made when its button is pressed, not before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st

from dashboard.charts.drawing import Drawing
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
from dashboard.heads.view import HeadView
from dashboard.ui import report
from dashboard.ui.markdown import escape_markdown

FIGURES = endings("figure")


@dataclass(frozen=True, eq=False)
class Files:
    """The sources of a figure's files; chart and table may be functions, called when a file is requested.

    chart, table: the picture and the data behind it; views: heads whose matrices can be downloaded
    """

    chart: Drawing | Callable[[], Drawing]
    table: pd.DataFrame | Callable[[], pd.DataFrame]
    views: Sequence[HeadView]
    provenance: Provenance

    def drawn(self) -> Drawing:
        return self.chart() if callable(self.chart) else self.chart

    def rows(self) -> pd.DataFrame:
        return self.table() if callable(self.table) else self.table

    def picture(self, ending: str) -> bytes:
        return figure_bytes(self.drawn(), ending, self.provenance)

    def data(self, ending: str, *, excel: bool = False) -> bytes:
        return table_bytes(self.rows(), ending, self.provenance, excel=excel)

    def everything(self) -> bytes:
        return bundle(self.drawn(), self.rows(), list(self.views), self.provenance)

    def for_report(self) -> ReportFigure:
        return ReportFigure(self.drawn(), self.rows(), tuple(self.views), self.provenance)


def offer(files: Files, key: str) -> None:
    """A button for each file, the button that adds to the report, and the lines that make the figure again."""
    stem = file_stem(files.provenance)

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

    if notice := font_notice(files.provenance.text):
        st.caption(escape_markdown(notice))
    picture_column, data_column = st.columns(2)
    with picture_column:
        st.caption("The picture")
        for ending in FIGURES:
            button(FORMATS[ending].title, ending, partial(files.picture, ending))
    with data_column:
        st.caption("Its data")
        for ending in endings("table"):
            button(FORMATS[ending].title, ending, partial(files.data, ending))
            if ending == "csv":
                button("CSV for Excel", "csv", partial(files.data, "csv", excel=True), f"{stem}-excel")
        for view in files.views:
            alone = len(files.views) == 1
            name = stem if alone else f"{stem}-{view.head}"
            for ending in endings("matrix"):
                label = FORMATS[ending].title if alone else f"{FORMATS[ending].title} {view.head}"
                button(label, ending, partial(matrix_bytes, view, files.provenance, ending), name)
        button("All of it (zip)", "zip", files.everything)
    report.keep_button(key, files.for_report)
    st.caption("The same from Python")
    st.code(snippet(files.provenance), language="python")
