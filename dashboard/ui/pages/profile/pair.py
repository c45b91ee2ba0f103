"""“Syntax vs context” on a person's own text: a syntax head and a context head as arcs, next to the parse."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from dashboard.analyses.explore.api import fit_for, provenance
from dashboard.analyses.explore.arcs_chart import COLOURS, arc_heights
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.profile.api import parse_links, row_of
from dashboard.analyses.profile.relation_words import in_words
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.text import along_parse, opposites
from dashboard.heads.head_id import HeadId
from dashboard.heads.links import links
from dashboard.ui import figure, head_names, session
from dashboard.ui.figure import Figure
from dashboard.ui.head_picker import measure
from dashboard.ui.layout_width import GAP, SIDE_BY_SIDE, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import Opened, read_text
from dashboard.ui.pages.profile import parse as profile_parse


def show(this: Opened, profile: Profile) -> None:
    """The pair, where there is a text and the profile has figures."""
    text = read_text(this)
    if text is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        pair = _pair(profile)
        measure()
        profile_parse.parser()
    if not pair:
        return
    sentences = profile_parse.parsed(text)
    how: dict[str, Any] = {"unit": "words", "special": "hide"}
    weights, wholes = text.views(*pair, **how), text.chosen_views(*pair, **how)
    parse = [(i, j, in_words(relation)) for i, j, relation in parse_links(sentences, wholes[0].spans)]
    apart = page_width() >= SIDE_BY_SIDE
    wide, arcs = (page_width() - GAP) // 2 if apart else page_width(), VIEWS["arcs"]
    views = [fit_for(whole, "arcs", session.choices().start, arcs.most(wide)) for whole in wholes]
    figure.window_slider(views[0], wholes[0])
    said = st.columns(2, gap="medium") if apart else [st.container(), st.container()]
    drawn = st.columns(2, gap="medium") if apart else said
    level = arc_heights(views, width=wide, parse=parse) if apart else None
    for k, (head, role) in enumerate(pair.items()):
        with said[k]:
            _title(this, head, role)
            if parse:
                figure.remark(along_parse(weights[k], parse))
        with drawn[k]:
            look, marks = session.look(wide), {"parse": parse, "role": role, "heights": level}
            options: dict[str, Any] = look.keywords() | marks | text.options | figure.window_of(views[k])
            own = Figure(
                arcs.draw(views[k], look, **marks),
                partial(links, views[k]),
                f"own_{k}",
                views=[views[k]],
                provenance=provenance(this.model, [views[k]], "arcs", **options),
            )
            with figure.show(own):
                st.button(
                    "Choose this head",
                    key=f"take_{k}",
                    on_click=session.change,
                    kwargs=head.choice,
                    disabled=head == session.choices().chosen,
                )
    figure.remark("One text has no interval: on another, these heads may look elsewhere.")


def _pair(profile: Profile) -> dict[HeadId, str | None]:
    """The two heads to draw, each with the role that colours it: those that are furthest apart, or the first two
    pinned ones where a person prefers them. Empty where the profile has no figures."""
    pinned = session.choices().pinned
    if len(pinned) > 1:
        st.segmented_control(
            "Which two",
            ["opposites", "tray"],
            required=True,
            **session.bound("two"),
            format_func={"opposites": "The furthest apart", "tray": "The first two pinned"}.__getitem__,
        )
    heads = pinned[:2] if len(pinned) > 1 and session.choices().two == "tray" else opposites(profile.heads) or ()
    roles = {head: row_of(profile, head)["role"] for head in heads}
    return {head: role if role in COLOURS else None for head, role in roles.items()}


def _title(this: Opened, head: HeadId, role: str | None) -> None:
    """What the head is called, in the colour of its role; the evidence is one hover away."""
    name = head_names.names_of(this)[head]
    kind = f":{COLOURS[role]}[{role.capitalize()}]: " if role in COLOURS else ""
    called = str(head) if name.text == role else f"{head} · {name.text}"
    st.markdown(f"##### {kind}{escape_markdown(called)}", help=escape_markdown(name.evidence))
