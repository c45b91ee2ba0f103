"""The hub: a search, files and size before anything is fetched, and what is being fetched."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from dashboard.errors import UserError
from dashboard.jobs import fetching
from dashboard.jobs.job import Job, forget, jobs
from dashboard.models.catalogue import megabytes
from dashboard.models.shelf.here import memory_sentence
from dashboard.models.shelf.search import Files, Found, files_of, search
from dashboard.ui import job_panel
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import problem


def being_fetched() -> None:
    """A row for each model that is being fetched, or whose fetching was stopped or failed."""
    there = _unfinished()
    going = any(job.progress.active for job in there)
    job_panel.while_going(_fetching, going, {job.out.name: job.progress.state for job in there})


def _unfinished() -> list[Job]:
    return [job for job in jobs(fetching.place()) if job.progress.state != "done"]


def _fetching(states: dict[str, str]) -> None:
    there = _unfinished()
    if {job.out.name: job.progress.state for job in there} != states:
        st.rerun()
    for job in there:
        job_panel.row(job, f"**{escape_markdown(job.model)}** · from the hub", lambda gone: forget(gone.out))


def hub() -> None:
    """Search of the hub: models by name; files and size of one, before it is fetched."""
    with st.form("hub_search", border=False):
        text = st.text_input(
            "Search the hub of Hugging Face",
            placeholder="bert, gpt2, smollm …",
            max_chars=90,
            help="Models with safetensors whose name holds this, the most downloaded first. It needs a network.",
        )
        submitted = st.form_submit_button("Search", icon=":material/search:")
    if submitted:
        st.session_state["hub_found"], st.session_state["hub_files"] = [], None
        try:
            with st.spinner("Asking the hub…"):
                st.session_state["hub_found"] = found = search(text)
            if not found:
                st.info(escape_markdown(f"The hub has no model with safetensors named like “{text.strip()}”."))
        except UserError as wrong:
            problem(wrong)
    for found in st.session_state.get("hub_found", ()):
        _result(found)
    job_panel.wrong()


def _result(found: Found) -> None:
    with st.container(border=True):
        st.markdown(f"**{escape_markdown(found.hub_id)}**")
        st.caption(escape_markdown(about(found)))
        opened: Files | None = st.session_state.get("hub_files")
        if opened is None or opened.found.hub_id != found.hub_id:
            st.button(
                "Files and size",
                key=f"look_{found.hub_id}",
                icon=":material/list:",
                on_click=job_panel.run_action,
                args=(partial(_look, found.hub_id),),
            )
            return
        if opened.found.numbers:
            st.caption(memory_sentence(opened.found.numbers, 0))
        table = pd.DataFrame([(name, size / 1e6) for name, size in opened.files], columns=["file", "MB"])
        st.dataframe(
            table, hide_index=True, width="content", column_config={"MB": st.column_config.NumberColumn(format="%.2f")}
        )
        st.button(
            f"Fetch {megabytes(opened.bytes)}",
            key=f"fetch_{found.hub_id}",
            icon=":material/download:",
            on_click=job_panel.run_action,
            args=(partial(fetching.begin, found.hub_id),),
        )


def about(found: Found) -> str:
    """What the hub says of a model, in one line."""
    parts = [
        f"{found.downloads:,} downloads in 30 days",
        found.licence or "no licence named",
        f"{found.numbers / 1e6:,.1f} million numbers" if found.numbers else "",
        "given out on request: ask on its page, then run “hf auth login”" if found.gated else "",
    ]
    return " · ".join(part for part in parts if part)


def _look(hub_id: str) -> None:
    st.session_state["hub_files"] = files_of(hub_id)
