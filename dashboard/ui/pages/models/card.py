"""The card of the model in use."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from dashboard.analyses.card import job as card_job
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.ui import job_panel
from dashboard.ui.markdown import error_said, escape_markdown


def card(model: AttentionModel) -> None:
    """The card of the model in use: made in the background, then its files."""
    try:
        out = card_job.place_for(model)
    except UserError as wrong:
        st.caption(error_said(wrong))
        return
    if (job := job_panel.unfinished(out)) is not None:
        job_panel.watch(job, f"**Card of {escape_markdown(model.title)}**")
        return
    st.markdown(
        "What its heads do, on one page: their maps, sinks, induction, relations, roles, where their attention "
        "goes, and the effect of each. It is made in the background: minutes for a small model, hours for a large one. "
        "If you stop it, it can go on later."
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
