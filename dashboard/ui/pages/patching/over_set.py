"""“Carry a head over” in a ready set of pairs: its result, its job, or the button that starts it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.analyses.patching.draw import draw_patch_set
from dashboard.analyses.patching.set_api import PatchedSet, set_of
from dashboard.analyses.patching.set_job import MEASUREMENT, Request
from dashboard.analyses.patching.sets import pair_sets, set_named
from dashboard.analyses.patching.text import set_finding, set_remarks
from dashboard.ui import figure, head_names, head_picker, job_panel, session
from dashboard.ui.figure import Click, Figure, Table
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import Opened
from dashboard.ui.pages.patching.tables import PAIRS, SET


def show(this: Opened) -> None:
    """A ready set of pairs: its result, its job, or a button that starts it."""
    st.selectbox(
        "Ready set",
        list(pair_sets()),
        format_func=lambda name: set_named(name).title,
        width=320,
        **session.bound("pair_set"),
    )
    chosen = set_named(session.choices().pair_set)
    st.caption(escape_markdown(chosen.about))
    request = Request.of(this.model, chosen.name, this.bos)
    found = job_panel.result_or_offer(
        MEASUREMENT,
        request,
        f"**{chosen.title}, all heads of {escape_markdown(this.model.title)}**",
        lambda: st.caption(
            f"Its {len(chosen.pairs)} pairs have not been measured yet. That takes some minutes for a "
            "small model. It runs in the background, and what is done is kept."
        ),
    )
    if found is not None:
        _show_set(this, set_of(this.model, found, bos=this.bos))


def _show_set(this: Opened, found: PatchedSet) -> None:
    figure.finding(set_finding(found, this.model.title))
    figure.remark(*set_remarks(found))
    left, right, wide, _ = beside(page_width(), (0.5, 0.5))
    for where, name in ((left, "recovered"), (right, "specific")):
        key = f"set_{name}_{this.model.name}_{found.result.name}"
        draw = partial(draw_patch_set, found, name, **session.look(min(wide, 560)).keywords())
        with where:
            figure.show(
                Figure(
                    draw(**head_names.selection(this, key).keywords()),
                    found.table,
                    f"set_{name}",
                    tables=[
                        head_names.table(this, SET, found.table),
                        Table(PAIRS, found.pairs, label="Pairs", key=f"pairs_{name}"),
                    ],
                    still=draw,
                    click=Click(head_picker.click, key=key, place=f"set_{name}"),
                )
            )
