"""Cutting by hand: which edits there are, the picture on which a hand makes them, and the controls that make the same.
“Cut a link” has them always, “All heads” and “Inside a head” in the mode of `mode`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
import streamlit as st

from dashboard.analyses.edit.hand import Cell, Hand
from dashboard.analyses.edit.text import WAYS, said
from dashboard.analyses.explore.api import draw, provenance
from dashboard.analyses.explore.heatmap_chart import top_of
from dashboard.analyses.explore.map_tiles import Overview
from dashboard.analyses.explore.text import describe
from dashboard.analyses.explore.views import VIEWS
from dashboard.capture.interventions import REPLACEMENTS, Way
from dashboard.errors import UserError
from dashboard.heads.format import capital
from dashboard.heads.head_id import HeadId
from dashboard.heads.links import links
from dashboard.heads.view import HeadView
from dashboard.ui import figure, session
from dashboard.ui.components import cut_arcs, head_map
from dashboard.ui.figure import Figure
from dashboard.ui.model_and_text import Reading
from dashboard.ui.pages.explore.tables import strongest_links
from dashboard.ui.url_fields import digest

SHOWN = ("heatmap", "arcs")
MOST_ARCS = VIEWS["arcs"].max_positions  # words


def show_as(this: Reading) -> None:
    """The control for the picture, as far as a hand can cut on it."""
    views = SHOWN if this.model.source_text is None else SHOWN[:1]
    if session.choices().view not in views:
        session.correct(view=views[0])
    st.segmented_control(
        "Show as", list(views), required=True, format_func=lambda name: VIEWS[name].title, **session.bound("view")
    )


def edits(this: Reading, view: HeadView, first: bool) -> tuple[str, ...]:
    """The edits that can be made here. Those of a link that cannot are dropped with a notice.

    first: whether the strongest link of the head between two words is cut until a hand cuts one; else none is
    """
    chosen, hand = session.choices(), Hand(this.model, this.encoding)
    if chosen.edits is None:
        return example(hand, view) if first else ()
    usable, notices = hand.usable(chosen.edits)
    if notices:
        session.correct(edits=usable)
        figure.remark(*notices)
    return usable


def example(hand: Hand, view: HeadView) -> tuple[str, ...]:
    """The strongest link of the head from a word to another word; none where it has none."""
    weights = view.weights * ~np.asarray(view.queries.special)[:, None] * ~np.asarray(view.keys.special)
    if view.one_axis:
        np.fill_diagonal(weights, 0)
    i, j = (int(k) for k in np.unravel_index(weights.argmax(), weights.shape))
    return (hand.link(view.head, (i, j)),) if weights[i, j] > 0 and hand.exists((i, j)) else ()


def change(new: Iterable[str]) -> None:
    """These are the edits now; “Undo” leads back."""
    history = _history()
    history.append(session.choices().edits)
    del history[:-100]
    session.change(edits=tuple(new))


def undo() -> None:
    if history := _history():
        session.change(edits=history.pop())


def _history() -> list[tuple[str, ...] | None]:
    """The earlier edits of this text: those of another name other words."""
    chosen = session.choices()
    of = chosen.text, chosen.pair, chosen.target
    if st.session_state.get("edit_history", (None,))[0] != of:
        st.session_state["edit_history"] = of, []
    return st.session_state["edit_history"][1]


def picture(this: Reading, view: HeadView, made: tuple[str, ...], width: float) -> None:
    """The head, on which a click or a drag cuts links, and its files. made: the edits"""
    hand, head = Hand(this.model, this.encoding), view.head

    def take(cells: list[Cell]) -> None:
        try:
            change(hand.toggled(made, head, cells))
        except UserError as wrong:
            st.session_state["notices"] = [*session.notices(), str(wrong)]

    edits = head_map.Edits(hand.cut(made, head), [*hand.replaced(made, head)], take)
    marks = {name: some for name, some in (("cut", edits.cuts), ("replaced", edits.replaced)) if some}
    name = session.choices().view if len(view.queries) <= MOST_ARCS else "heatmap"
    places = [0, *(place for cell in edits.cuts for place in cell), *edits.replaced]
    start = {"start": min(places[1:])} if max(places) >= VIEWS[name].max_positions else {}  # a file holds so many words
    options = marks | start | session.look(min(width, VIEWS[name].widest)).keywords()
    figure.show(
        Figure(
            partial(draw, view, name, **options),
            partial(links, view),
            "hand",
            tables=[strongest_links(view)],
            views=[view],
            provenance=provenance(this.model, [view], name, **options, **this.options),
            on_page=partial(_on_page, this, view, edits, width, name),
        )
    )


def _on_page(this: Reading, view: HeadView, edits: head_map.Edits, width: float, name: str) -> None:
    theme, alt = session.theme(), describe("Attention", [view])
    if name == "arcs":
        cut_arcs.show("cut_arcs", view, edits, theme=theme, alt=alt)
        return
    where, top = digest(f"{this.key} {view.text} {view.pair} {this.bos} {view.target}"), top_of([view])
    head_map.show(
        "cut_map",
        digest(f"{where} {view.head}"),
        where,
        Overview(0, view.weights, top),
        top,
        sides=[view.axis] if view.one_axis else [view.queries, view.keys],
        unit="word",
        causal=view.causal and view.one_axis,
        alt=alt,
        theme=theme,
        most=min(width, VIEWS["heatmap"].widest),
        asks=False,
        edits=edits,
    )


def by_name(this: Reading, view: HeadView, made: tuple[str, ...]) -> None:
    """The same without a pointer: a query, a key or a replacement of its row, and the button."""
    hand, head = Hand(this.model, this.encoding), view.head
    names = [f"{k} {label}" for k, label in enumerate(view.queries.drawn)]
    columns = [f"{k} {label}" for k, label in enumerate(view.keys.drawn)]
    with st.expander("Name the words", icon=":material/keyboard:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            row = st.selectbox(
                "Query word", range(len(names)), format_func=names.__getitem__, width=180, key="cut_query"
            )
            what = st.selectbox(
                "Cut its link to", range(len(columns)), format_func=columns.__getitem__, width=180, key="cut_key"
            )
            link = hand.link(head, (row, what))
            there = (row, what) in hand.cut(made, head)
            st.button(
                "Restore the link" if there else "Cut the link",
                on_click=_toggle,
                args=(hand, made, head, [(row, what)]),
                disabled=not hand.exists((row, what)),
                help=f"In Python and on the command line: {link}",
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            way = st.selectbox(
                "Or replace the whole row",
                REPLACEMENTS,
                format_func=lambda one: capital(WAYS[one]),
                width=240,
                key="cut_way",
            )
            st.button("Replace the row", on_click=_replace, args=(hand, made, head, row, way))


def _toggle(hand: Hand, made: tuple[str, ...], head: HeadId, cells: list[Cell]) -> None:
    change(hand.toggled(made, head, cells))


def _replace(hand: Hand, made: tuple[str, ...], head: HeadId, row: int, way: Way) -> None:
    change(hand.with_row(made, head, row, way))


def listed(this: Reading, made: tuple[str, ...]) -> None:
    """All edits, of every head: each can be taken back alone, the last one, or all."""
    keys = this.model.source_text or this.encoding
    words = {one: said(this.encoding, keys, one) for one in made}
    session_key = f"edit_list_{digest(' '.join(words.values()))}"  # a browser keeps the words of another text
    if made:
        st.multiselect(
            "Edits",
            list(made),
            default=list(made),
            format_func=words.__getitem__,
            key=session_key,
            on_change=lambda: change(st.session_state[session_key]),
            help="All of them are made together, in one pass. The × takes one back.",
        )
    else:
        figure.remark("No link is cut. Click one on the picture.")
    with st.container(horizontal=True):
        st.button("Undo", icon=":material/undo:", on_click=undo, disabled=not _history(), type="tertiary")
        remove = {"on_click": change, "args": ((),)}
        st.button("Remove all", icon=":material/delete:", disabled=not made, type="tertiary", **remove)
