"""The report as a page: the figures in their order, what a person writes to them, and the report as one file."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from dashboard.errors import UserError
from dashboard.export import REPORTS, ReportFigure, figure_bytes, report_bytes, reports
from dashboard.export.reports import LONGEST_NOTE, LONGEST_TITLE, MOST_FIGURES, Entry
from dashboard.ui import session
from dashboard.ui.markdown import error_said, escape_markdown

HEARD = 0.5  # seconds in which what was typed a moment ago has come
UNDO = "report_undo"


@st.cache_resource(max_entries=2 * MOST_FIGURES, show_spinner=False)
def _figure(key: str, name: str, stamp: int) -> ReportFigure | None:
    return reports.figure(key, name)


def figures(key: str) -> list[tuple[Entry, ReportFigure]]:
    """The figures of a report in their order; those whose files are broken are left out."""
    found = [(entry, _figure(key, entry.name, reports.stamp(key, entry.name))) for entry in reports.entries(key)]
    return [(entry, replace(one, note=entry.note, title=entry.title)) for entry, one in found if one is not None]


@st.cache_data(max_entries=2 * MOST_FIGURES, show_spinner=False)
def _thumbnail(key: str, name: str, stamp: int, _figure: ReportFigure) -> bytes:
    return figure_bytes(_figure.chart, "png", None)


def files(key: str) -> None:
    """The report as a file. It is made when a button is clicked, of what then stands in the report: a note that was
    typed just before is in it."""

    def make(ending: str) -> bytes:
        time.sleep(HEARD)
        return report_bytes([figure for _, figure in figures(key)], ending)

    with st.container(horizontal=True, vertical_alignment="center"):
        for ending, kind in REPORTS.items():
            st.download_button(
                kind.title,
                partial(make, ending),
                file_name=f"two-heads-report.{ending}",
                mime=kind.mime,
                key=f"report_{ending}",
                icon=":material/download:",
                on_click="ignore",
            )
        st.button(
            "Clear",
            icon=":material/delete:",
            type="tertiary",
            on_click=_clear,
            args=(key,),
            help="Deletes all figures and notes. You can put them back until you close the page.",
        )


@st.fragment
def card(key: str, place: int, last: int, entry: Entry, figure: ReportFigure) -> None:
    """One figure: its picture, its title and note to be typed, its place. It runs by itself, so that what is
    typed makes no other file again."""
    with st.container(border=True, key=f"card_{place}"):
        picture, words = st.columns([1, 3], gap="medium")
        picture.image(_thumbnail(key, entry.name, reports.stamp(key, entry.name), figure), width="stretch")
        with words:
            _typed("title", "Title", key, entry.name, figure.heading)
            st.caption(escape_markdown(figure.finding))
            _typed("note", "Note", key, entry.name, figure.note)
            with st.container(horizontal=True, gap="small"):
                _move("Up", ":material/arrow_upward:", key, entry, -1, place, disabled=place == 0)
                _move("Down", ":material/arrow_downward:", key, entry, 1, place, disabled=place == last)
                out = st.button("Take out", key=f"out_{entry.name}", icon=":material/close:")
    if out:
        st.session_state[UNDO] = [(place, _as_kept(key, entry, figure))]
        _change(key, entry.name, out=True)
        st.rerun()


def _as_kept(key: str, entry: Entry, figure: ReportFigure) -> ReportFigure:
    """The figure with the note and title that it has by now: those of the card are of when the page was drawn."""
    now = next((one for one in reports.entries(key) if one.name == entry.name), entry)
    return replace(figure, note=now.note, title=now.title)


def _typed(field: str, label: str, key: str, name: str, value: str) -> None:
    widget = f"report_{field}_{name}"
    st.session_state.setdefault(widget, value)
    given: dict[str, Any] = {"key": widget, "on_change": _write, "args": (key, name, field, widget)}
    if field == "title":
        st.text_input(label, max_chars=LONGEST_TITLE, **given)
    else:
        st.text_area(label, max_chars=LONGEST_NOTE, height=80, placeholder="What it shows, in your words", **given)


def _move(label: str, icon: str, key: str, entry: Entry, step: int, place: int, *, disabled: bool) -> None:
    if st.button(label, key=f"{label.lower()}_{entry.name}", icon=icon, disabled=disabled):
        _change(key, entry.name, step=step)
        st.rerun()


def undo(key: str) -> None:
    """What was taken out or cleared last can be put back where it was."""
    gone: list[tuple[int, ReportFigure]] = st.session_state.get(UNDO, [])
    if gone:
        what = f"“{escape_markdown(gone[0][1].heading)}”" if len(gone) == 1 else f"{len(gone)} figures"
        st.button(f"Put back {what}", key="put_back", icon=":material/undo:", on_click=_put_back, args=(key, gone))


def _put_back(key: str, gone: list[tuple[int, ReportFigure]]) -> None:
    session.mark_widget_run()
    try:
        for place, figure in gone:
            key = reports.add(key, figure, place)
    except UserError as wrong:
        st.toast(error_said(wrong), icon=":material/error:")
    else:
        del st.session_state[UNDO]
    session.show_report(key)


def _clear(key: str) -> None:
    session.mark_widget_run()
    gone = list(enumerate(figure for _, figure in figures(key)))
    try:
        reports.clear(key)
    except UserError as wrong:
        st.toast(error_said(wrong), icon=":material/error:")
    else:
        st.session_state[UNDO] = gone
        session.show_report("")


def _write(key: str, name: str, field: str, widget: str) -> None:
    _change(key, name, **{field: st.session_state[widget]})


def _change(key: str, name: str, **how: Any) -> None:
    try:
        reports.change(key, name, **how)
    except UserError as wrong:
        st.toast(error_said(wrong), icon=":material/error:")
