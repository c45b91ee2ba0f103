"""Collecting figures for the report, from any page. The page of the report itself is `dashboard.ui.pages.report`."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import serving
from dashboard.errors import UserError
from dashboard.export import ReportFigure, reports
from dashboard.export.reports import MOST_FIGURES
from dashboard.ui import session
from dashboard.ui.markdown import error_said, escape_markdown
from dashboard.ui.page import to_page


def add_button(key: str, make: Callable[[], ReportFigure]) -> None:
    """The button that adds a figure to the report."""
    full = len(reports.entries(session.choices().report)) >= MOST_FIGURES
    st.button(
        "Add to report",
        icon=":material/note_add:",
        key=f"report_{key}",
        type="tertiary",
        on_click=keep,
        args=(make,),
        disabled=full,
        help=f"The report holds {MOST_FIGURES} figures: take one out first."
        if full
        else f"The report collects figures from all pages. {kept_where()}",
    )


def find_own() -> None:
    """On a server for others the visitor's report, whatever the address says: a link may come from somebody else."""
    if serving.for_others() and not reports.is_there(session.choices().report) and (key := reports.latest()):
        session.correct(report=key)


def kept_where() -> str:
    """Where the report is kept, as a sentence."""
    if serving.for_others():
        return "It is kept on this server for your browser, and others do not see it."
    return "It is kept on this machine, under the address of this page: a bookmark or a reload finds it again."


def keep(make: Callable[[], ReportFigure]) -> None:
    """Add a figure at the end of the report. One that is in it already moves there, with its note."""
    session.mark_widget_run()
    try:
        figure = make()
        key = reports.add(session.choices().report, figure)
    except UserError as wrong:
        st.toast(error_said(wrong), icon=":material/error:")
        return
    session.show_report(key)
    st.toast(f"In the report: {escape_markdown(figure.heading)}", icon=":material/note_add:")


def counter() -> None:
    """A link to the report with its number of figures; nothing while it is empty."""
    if count := len(reports.entries(session.choices().report)):
        to_page("report", f"{count} in the report", ":material/summarize:")
