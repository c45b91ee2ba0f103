"""Work in the background, on a page: how far it is, and the buttons that stop it, begin it again, or remove it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard.errors import UserError
from dashboard.jobs.job import Job, again, find, forget
from dashboard.jobs.measurement import Asked, Found, Measurement
from dashboard.ui.markdown import escape_markdown

EVERY = 1.0  # seconds


def row(job: Job, title: str, remove: Callable[[Job], None]) -> None:
    """A job that is not done. title: what it is, as Markdown; remove: takes away what it left"""
    said, name = job.progress, job.out.name
    with st.container(border=True):
        st.markdown(title)
        if said.state == "failed":
            st.error(escape_markdown(said.sentence), icon=":material/error:")
        else:
            st.progress(said.fraction, escape_markdown(said.sentence))
        with st.container(horizontal=True):
            if said.state == "going":
                _button("Stop", "stop", name, "stop", job.stop)
            else:
                goes_on = job.resumes and said.state != "failed"
                _button("Continue" if goes_on else "Try again", "go", name, "play_arrow", partial(again, job))
                _button("Remove", "remove", name, "delete", partial(remove, job))


def while_going(part: Callable[..., None], going: bool, *args: object) -> None:
    """A part of a page that looks again every second while work is going, and never by itself while none is: a tab
    that stands open asks the server for nothing. Such a part draws the whole page anew when that has changed."""
    st.fragment(part, run_every=EVERY if going else None)(*args)


def watch(job: Job, title: str) -> None:
    """How far a job is, as `row` shows it. The whole page is drawn anew when it has ended."""
    going = job.progress.state == "going"
    while_going(_watched, going, job, title, going)


def _watched(job: Job, title: str, was_going: bool) -> None:
    there = find(job.out)
    if there is None or there.progress.state == "done" or (there.progress.state == "going") != was_going:
        st.rerun()
    row(there, title, lambda gone: forget(gone.out))
    wrong()


def kept_or_made(
    measurement: Measurement[Asked, Found], request: Asked, title: str, offer: Callable[[], object]
) -> Found | None:
    """What was measured; or None, how far its job is, or the way to have it measured in the background.

    title: what it is, as Markdown; offer: says that there is none yet
    """
    try:
        stamps = tuple((str(file), file.stat().st_mtime_ns) for file in measurement.files(request) if file.exists())
        found = _found(measurement.module, request, stamps, measurement)
        if found is not None:
            return found
    except UserError as broken:
        st.warning(escape_markdown(str(broken)), icon=":material/warning:")
    job = find(measurement.folder(request))
    if job is not None and job.progress.state != "done":
        watch(job, title)
        return None
    offer()
    st.button(measurement.act, icon=":material/play_arrow:", on_click=told, args=(lambda: measurement.begin(request),))
    wrong()
    return None


@st.cache_resource(max_entries=16, show_spinner=False)
def _found(
    module: str, request: Asked, stamps: tuple[tuple[str, int], ...], _measurement: Measurement[Asked, Found]
) -> Found | None:
    """What lies in the files, until one of them changes."""
    return _measurement.find(request)


def told(act: Callable[[], object]) -> None:
    """Does it; what goes wrong is kept for `wrong`."""
    try:
        act()
    except UserError as error:
        st.session_state["job_wrong"] = str(error)


def wrong() -> None:
    """Says on the page what went wrong with the last press of a button."""
    if said := st.session_state.pop("job_wrong", ""):
        st.error(escape_markdown(said), icon=":material/error:")


def _button(label: str, key: str, name: str, icon: str, act: Callable[[], object]) -> None:
    st.button(label, key=f"{key}_{name}", icon=f":material/{icon}:", on_click=told, args=(act,))
