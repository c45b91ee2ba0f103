"""The files of a figure. A file is made when its button is clicked, not before."""

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
AT_ONCE = ("png", "svg")  # what most people take


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
    """In a row: PNG and SVG at one click, a dialog with everything else, and the button that adds the figure to the
    report."""
    stem = file_stem(files.provenance)
    for ending in AT_ONCE:
        _button(ending.upper(), key, ending, partial(files.picture, ending), stem, icon=":material/download:")
    with st.container(width="content"):
        _more(files, key)
    report.add_button(key, files.for_report)


@st.fragment
def _more(files: Files, key: str) -> None:
    if st.button("All files", key=f"more_{key}", icon=":material/folder_zip:", type="tertiary"):
        _everything(files, key)


@st.dialog("Files of this figure", width="large")
def _everything(files: Files, key: str) -> None:
    """Every format, and the lines that make it again. A dialog closes without a run, and fits any window."""
    stem = file_stem(files.provenance)
    if notice := font_notice(files.provenance.text):
        st.caption(escape_markdown(notice))
    picture_column, data_column = st.columns(2)
    with picture_column:
        st.caption("The picture")
        for ending in FIGURES:
            _button(FORMATS[ending].title, key, ending, partial(files.picture, ending), stem, wide=True)
        _button("All of it (zip)", key, "zip", files.everything, stem, wide=True)
    with data_column:
        st.caption("Its data")
        for ending in endings("table"):
            _button(FORMATS[ending].title, key, ending, partial(files.data, ending), stem, wide=True)
            if ending == "csv":
                excel = partial(files.data, "csv", excel=True)
                _button("CSV for Excel", key, "csv", excel, f"{stem}-excel", wide=True, which="excel_")
        for place, view in enumerate(files.views):
            alone = len(files.views) == 1
            name = stem if alone else f"{stem}-{view.head}"
            for ending in endings("matrix"):
                label = FORMATS[ending].title if alone else f"{FORMATS[ending].title} {view.head}"
                make = partial(matrix_bytes, view, files.provenance, ending)
                _button(label, key, ending, make, name, wide=True, which=f"{place}_")
    st.caption("The same in Python. Runs where Two Heads is installed.")
    st.code(snippet(files.provenance), language="python")


def _button(
    label: str,
    key: str,
    ending: str,
    make: Callable[[], bytes],
    name: str,
    *,
    icon: str | None = None,
    wide: bool = False,
    which: str = "",
) -> None:
    """A file that is made when the button is clicked. The button stays the same one when another head is drawn, so that
    a press on it holds.

    which: tells it from another button of this figure with the same ending
    """
    st.download_button(
        label,
        make,
        file_name=f"{name}.{ending}",
        mime=FORMATS[ending].mime,
        key=f"{key}_{'all_' if wide else ''}{which}{ending}",
        on_click="ignore",
        icon=icon,
        type="secondary" if wide else "tertiary",
        width="stretch" if wide else "content",
        help=FORMATS[ending].note or None if wide else None,
    )
