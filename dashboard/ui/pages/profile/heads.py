"""All heads of a profile as points, and the chosen one's budget next to them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard.analyses.profile.api import draw_budget, draw_scatter, row_of
from dashboard.analyses.profile.library import LibraryEntry
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.text import CAUTION, census, head_finding, twin_remark
from dashboard.analyses.profile.twin import MEASUREMENT, Request, elsewhere, twin_bits, with_twin
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.ui import figure, head_names, profile_picker, session
from dashboard.ui.components import twin
from dashboard.ui.figure import Click, Figure
from dashboard.ui.head_picker import by_number
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.model_and_text import Opened
from dashboard.ui.page import to_page
from dashboard.ui.pages.profile import tables as profile_tables


def show(this: Opened, entry: LibraryEntry, profile: Profile) -> None:
    """The chosen head is sent first, as a click waits for it."""
    model, head = this.model, session.choices().chosen
    st.subheader("All heads over a corpus", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        profile_picker.choose(this, entry)
        twin.switch()
    profile, of_twin = _with_twin(model, profile)
    figure.finding(census(profile.heads))
    left, right, plane_width, head_width = beside(page_width(), (0.56, 0.44))
    with right:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            by_number(model)
        head_names.tell(this, [head])
        row = row_of(profile, head)
        figure.show(
            Figure(
                draw_budget(profile, head, model=model.title, **session.look(head_width).keywords()),
                partial(profile_tables.own_figures, row),
                "spending",
                lead=[head_finding(row, profile.about), twin_remark(row)],
                tables=[profile_tables.what_it_finds(profile, head)],
                awaited=True,
            )
        )
    with left:
        key = f"plane_{entry.name}"
        draw = partial(draw_scatter, profile, model=model.title, **session.look(plane_width).keywords())
        plane = Figure(
            draw(click=True, **head_names.selection(this, key).keywords()),
            profile.heads,
            "landscape",
            tables=[
                head_names.table(
                    this,
                    profile_tables.HEADS | profile_tables.TWINS,
                    partial(profile_tables.heads_table, profile),
                    "Bits a query word, held out, with 95 % intervals. The files hold all columns.",
                )
            ],
            still=draw,
            click=Click(partial(profile_picker.click, profile.heads), ["head", "box"], key),
        )
        figure.picture(plane)
        if said := profile_picker.box_says():
            st.warning(said, icon=":material/info:")
        figure.remark(
            "Bits: how much better the parse, or meaning, predicts where a head looks. Values under 0 are drawn at 0. "
            "Click a head to choose it, or drag a box to pin up to four.",
            of_twin.explained,
        )
        figure.menus(plane)
        otherwise = "" if of_twin.request is None else elsewhere(model.source, profile)
        twin.tell(of_twin, model, "the built-in sentences", otherwise)
    figure.remark(CAUTION)
    to_page("ablation", f"Ablate {head}", ":material/content_cut:")


def _with_twin(model: AttentionModel, profile: Profile) -> tuple[Profile, twin.Twin]:
    """The profile with the figures of the untrained twin, where they are known, and what is known of it."""
    source = model.source
    found = twin.known(MEASUREMENT, lambda: Request.of_profile(source, profile), lambda asked: asked.built_in)
    if found.request is not None and found.found is None:
        with suppress(UserError):  # a broken file, which is told
            found = replace(found, found=twin_bits(source, profile))
    return found.joined(profile, with_twin)
