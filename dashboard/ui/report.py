"""The report: figures that a person collects from all pages, to take away as one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard.export import ReportFigure, report_html, report_pdf, report_zip
from dashboard.ui.reading import escape_markdown

MOST = 30  # figures: each holds its drawing and its table for as long as the session lasts
LONGEST_NOTE = 1_000  # characters


def figures() -> list[ReportFigure]:
    return st.session_state.setdefault("report", [])


def keep_button(key: str, make: Callable[[], ReportFigure]) -> None:
    """The button that adds a figure, in the menu of its files."""
    full = len(figures()) >= MOST
    if st.button(
        "Add to report", icon=":material/note_add:", key=f"report_{key}", disabled=full,
        help=f"The report holds {MOST} figures: take one out first." if full else
        "The report collects figures from all pages, under the tray on the left. It lasts as long as this tab.",
    ):  # fmt: skip
        _keep(make())
        st.rerun()


def _keep(figure: ReportFigure) -> None:
    """A figure that is there already takes its new place at the end, with its note."""
    chart = figure.chart if isinstance(figure.chart, dict) else figure.chart.to_dict()
    figure = replace(figure, chart=chart)
    same = [one for one in figures() if one.provenance.to_json() == figure.provenance.to_json()]
    if same:
        figure = replace(figure, note=same[0].note)
    st.session_state["report"] = [one for one in figures() if one not in same] + [figure]
    st.toast(f"In the report: {escape_markdown(figure.heading)}", icon=":material/note_add:")


def shelf() -> None:
    """In the sidebar: what is collected, and the files; nothing while there is nothing."""
    count = len(figures())
    if not count:
        return
    st.markdown(
        f"**Report** · {count} {'figure' if count == 1 else 'figures'}",
        help="Figures that you added under “Download”. They last as long as this tab.",
    )
    if st.button("Open the report", icon=":material/summarize:", width="stretch"):
        _open()


@st.dialog("Report", width="large")
def _open() -> None:
    """The figures in their order, what a person writes under them, and the files."""
    there = list(figures())  # a file is made where there is no session
    if not there:
        st.caption("Nothing is left in it.")
        return
    for k, figure in enumerate(there):
        with st.container(border=True):
            st.markdown(f"**{k + 1}. {escape_markdown(figure.heading)}**")
            st.caption(escape_markdown(figure.finding))
            name = f"report_note_{abs(hash(figure.provenance.to_json()))}"
            st.text_input(
                "Note", figure.note, key=name, max_chars=LONGEST_NOTE, placeholder="What it shows, in your words",
                on_change=_note, args=(k, name),
            )  # fmt: skip
            with st.container(horizontal=True):
                st.button("Up", key=f"up_{k}", icon=":material/arrow_upward:", disabled=not k, on_click=_up,
                          args=(k,))  # fmt: skip
                st.button("Take out", key=f"out_{k}", icon=":material/close:", on_click=_out, args=(k,))
    st.caption("All of it, in this order")
    with st.container(horizontal=True):
        for label, ending, mime, make in (
            ("HTML page", "html", "text/html", report_html),
            ("PDF", "pdf", "application/pdf", report_pdf),
            ("All files (zip)", "zip", "application/zip", report_zip),
        ):
            st.download_button(
                label, lambda make=make: make(there), file_name=f"two-heads-report.{ending}", mime=mime,
                key=f"report_{ending}", on_click="ignore",
            )  # fmt: skip


def _note(k: int, name: str) -> None:
    st.session_state["report"][k] = replace(figures()[k], note=st.session_state[name])


def _out(k: int) -> None:
    st.session_state["report"] = [one for i, one in enumerate(figures()) if i != k]


def _up(k: int) -> None:
    there = figures()
    there[k - 1], there[k] = there[k], there[k - 1]
