"""The report: figures that a person collects from all pages, to download as one file.

It is stored on this machine under a key in the address (see `dashboard.export.reports`), so it survives a reload.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from dashboard.errors import UserError
from dashboard.export import REPORTS, ReportFigure, report_bytes, reports
from dashboard.export.reports import LONGEST_NOTE, MOST_FIGURES, Entry
from dashboard.ui import session
from dashboard.ui.markdown import escape_markdown


def figures() -> list[tuple[Entry, ReportFigure]]:
    """The figures of this session's report, in order, without those whose files are broken."""
    key = session.choices().report
    found = [(entry, _figure(key, entry.name, reports.stamp(key, entry.name))) for entry in reports.entries(key)]
    return [(entry, replace(figure, note=entry.note)) for entry, figure in found if figure is not None]


@st.cache_resource(max_entries=2 * MOST_FIGURES, show_spinner=False)
def _figure(key: str, name: str, stamp: int) -> ReportFigure | None:
    return reports.figure(key, name)


def keep_button(key: str, make: Callable[[], ReportFigure]) -> None:
    """The button that adds a figure, in the menu of its files."""
    full = len(reports.entries(session.choices().report)) >= MOST_FIGURES
    if st.button(
        "Add to report",
        icon=":material/note_add:",
        key=f"report_{key}",
        disabled=full,
        help=f"The report holds {MOST_FIGURES} figures: take one out first."
        if full
        else "The report collects figures from all pages, under the tray on the left. It is kept on this machine, "
        "under the address of this page.",
    ):
        _keep(make())


def _keep(figure: ReportFigure) -> None:
    """Add a figure. One that is in the report already moves to the end, with its note."""
    try:
        key = reports.add(session.choices().report, figure)
    except UserError as wrong:
        st.error(escape_markdown(str(wrong)), icon=":material/error:")
        return
    session.show_report(key)
    st.toast(f"In the report: {escape_markdown(figure.heading)}", icon=":material/note_add:")
    st.rerun()


def sidebar_section() -> None:
    """The report's part of the sidebar: its size and the button that opens it; nothing while it is empty."""
    count = len(reports.entries(session.choices().report))
    if not count:
        return
    st.markdown(
        f"**Report** · {count} {'figure' if count == 1 else 'figures'}",
        help="Figures that you added under “Download”. They are kept on this machine, under the address of this page: "
        "a bookmark finds them again.",
    )
    if st.button("Open the report", icon=":material/summarize:", width="stretch"):
        _open()


@st.dialog("Report", width="large")
def _open() -> None:
    """The dialog: the figures in order, their notes, and the files."""
    key, there = session.choices().report, figures()
    if not key:
        st.rerun()  # it was cleared: the page and its address must show that
    if (lost := len(reports.entries(key)) - len(there)) > 0:
        st.warning(f"{lost} of the figures can no longer be read and {'is' if lost == 1 else 'are'} left out.")
    if not there:
        st.caption("Nothing is left in it.")
        return
    for k, (entry, figure) in enumerate(there):
        with st.container(border=True):
            st.markdown(f"**{k + 1}. {escape_markdown(figure.heading)}**")
            st.caption(escape_markdown(figure.finding))
            name = f"report_note_{entry.name}"
            st.text_input(
                "Note",
                figure.note,
                key=name,
                max_chars=LONGEST_NOTE,
                placeholder="What it shows, in your words",
                on_change=_note,
                args=(key, entry.name, name),
            )
            with st.container(horizontal=True):
                st.button(
                    "Up",
                    key=f"up_{k}",
                    icon=":material/arrow_upward:",
                    disabled=not k,
                    on_click=_change,
                    args=(key, entry.name),
                    kwargs={"up": True},
                )
                st.button(
                    "Take out",
                    key=f"out_{k}",
                    icon=":material/close:",
                    on_click=_change,
                    args=(key, entry.name),
                    kwargs={"out": True},
                )
    st.caption("All of it, in this order")
    collected = [figure for _, figure in there]  # a file is made in a thread without a session
    with st.container(horizontal=True):
        for ending, entry in REPORTS.items():
            st.download_button(
                entry.title,
                partial(report_bytes, collected, ending),
                file_name=f"two-heads-report.{ending}",
                mime=entry.mime,
                key=f"report_{ending}",
                on_click="ignore",
            )
    with st.popover("Clear the report", icon=":material/delete:"):
        st.markdown("All its figures and notes are removed from this machine and cannot be brought back.")
        st.button("Clear it for good", on_click=_clear, args=(key,))


def _clear(key: str) -> None:
    try:
        reports.clear(key)
    except UserError as wrong:
        st.toast(escape_markdown(str(wrong)), icon=":material/error:")
    else:
        session.show_report("")


def _note(key: str, name: str, widget: str) -> None:
    _change(key, name, note=st.session_state[widget])


def _change(key: str, name: str, **how: Any) -> None:
    try:
        reports.change(key, name, **how)
    except UserError as wrong:
        st.toast(escape_markdown(str(wrong)), icon=":material/error:")
