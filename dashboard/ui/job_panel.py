"""Background jobs on a page: their progress, and the buttons that stop, restart or remove them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard.errors import UserError
from dashboard.jobs.job import Job, again, find, forget
from dashboard.jobs.measurement import Found, Measurement, RequestType
from dashboard.serving import visitor
from dashboard.ui.markdown import error_said

EVERY = 1.0  # seconds


def row(job: Job, title: str, remove: Callable[[Job], None]) -> None:
    """The row of a job that is not done. title: what it is, as Markdown; remove: deletes what it left"""
    progress, name = job.progress, job.out.name
    with st.container(border=True):
        st.markdown(title)
        if progress.state == "failed":
            st.error(error_said(progress.sentence), icon=":material/error:")
        else:
            st.progress(progress.fraction, error_said(progress.sentence))
        if not job.own:
            st.caption("Another visitor began it. The result is for everyone.")
            return
        with st.container(horizontal=True):
            if progress.active:
                _button("Stop", "stop", name, "stop", job.stop)
            else:
                goes_on = job.resumes and progress.state != "failed"
                _button("Continue" if goes_on else "Try again", "go", name, "play_arrow", partial(again, job))
                _button("Remove", "remove", name, "delete", partial(remove, job))


def while_going(part: Callable[..., None], going: bool, *args: object) -> None:
    """Run a part of a page again every second while work is going. `part` redraws the whole page when that changes.

    While no work is going it never runs by itself, so an open tab sends no requests.
    """
    st.fragment(part, run_every=EVERY if going else None)(*args)


def watch(job: Job, title: str) -> None:
    """The progress of a job, as `row` shows it. Redraws the whole page when the job has ended."""
    going = job.progress.active
    while_going(_watched, going, job, title, going)


def _watched(job: Job, title: str, was_going: bool) -> None:
    there = find(job.out)
    if there is None or there.progress.state == "done" or there.progress.active != was_going:
        st.rerun()
    row(there, title, lambda gone: forget(gone.out))
    wrong()


def unfinished(out: Path) -> Job | None:
    """The job of a folder that is to be shown: one that goes, or that stopped or failed and is one's own."""
    job = find(out)
    return job if job is not None and job.progress.state != "done" and (job.progress.active or job.own) else None


def result(measurement: Measurement[RequestType, Found], request: RequestType) -> Found | None:
    """The result of a measurement, None if there is none. Raises UserError for files that cannot be read."""
    stamps = tuple((str(file), file.stat().st_mtime_ns) for file in measurement.files(request) if file.exists())
    return _found(measurement.module, request, stamps, measurement)


def result_or_offer(
    measurement: Measurement[RequestType, Found],
    request: RequestType,
    title: str,
    offer: Callable[[], object],
    *,
    act: str = "",
    key: str | None = None,
) -> Found | None:
    """The result of a measurement; if there is none, None, and the page shows its job or a button that starts one.

    title: what it is, as Markdown; offer: shows that there is no result yet
    act: what the button says, "" for what the measurement calls it; key: of the button, where a page has two
    """
    try:
        found = result(measurement, request)
        if found is not None:
            return found
    except UserError as broken:
        st.warning(error_said(broken), icon=":material/warning:")
    try:
        visitor.owner()
    except UserError as nobody:
        st.caption(f"{title}: not measured yet. {error_said(nobody)}")
        return None
    if (job := unfinished(measurement.folder(request))) is not None:
        watch(job, title)
        return None
    offer()
    st.button(
        act or measurement.act,
        key=key,
        icon=":material/play_arrow:",
        on_click=run_action,
        args=(lambda: measurement.begin(request),),
    )
    wrong()
    return None


@st.cache_resource(max_entries=16, show_spinner=False)
def _found(
    module: str,
    request: RequestType,
    stamps: tuple[tuple[str, int], ...],
    _measurement: Measurement[RequestType, Found],
) -> Found | None:
    """The result in the files, cached until one of them changes."""
    return _measurement.find(request)


def run_action(act: Callable[[], object]) -> None:
    """Run the action of a button; `wrong` shows the error, if there is one."""
    try:
        act()
    except UserError as error:
        st.session_state["job_wrong"] = str(error)


def wrong() -> None:
    """Show the error of the last click on a button, once."""
    if message := st.session_state.pop("job_wrong", ""):
        st.error(error_said(message), icon=":material/error:")


def _button(label: str, key: str, name: str, icon: str, act: Callable[[], object]) -> None:
    st.button(label, key=f"{key}_{name}", icon=f":material/{icon}:", on_click=run_action, args=(act,))
