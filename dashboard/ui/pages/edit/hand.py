"""“Cut a link”: which edits there are, the picture on which a hand makes them, and the controls that make the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import altair as alt
import numpy as np
import streamlit as st

from dashboard.analyses.edit.hand import Cell, Hand
from dashboard.analyses.edit.text import WAYS, said
from dashboard.analyses.explore.api import draw, fit_for
from dashboard.analyses.explore.heatmap_chart import top_of
from dashboard.analyses.explore.map_tiles import Overview
from dashboard.analyses.explore.text import describe
from dashboard.analyses.explore.views import VIEWS
from dashboard.capture.interventions import REPLACEMENTS, Way
from dashboard.errors import UserError
from dashboard.heads.format import capital
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView
from dashboard.ui import figure, session
from dashboard.ui.components import cut_arcs, head_map
from dashboard.ui.model_and_text import Reading
from dashboard.ui.url_fields import digest

VIEWS_HERE = ("arcs", "heatmap")
MOST_ARCS = 50  # words


def edits(this: Reading, view: HeadView) -> tuple[str, ...]:
    """The edits that can be made here. Those of a link that cannot are dropped with a notice; until a hand makes one,
    the strongest link of the head between two words is cut."""
    chosen, hand = session.choices(), Hand(this.model, this.encoding)
    if chosen.edits is None:
        return example(hand, view)
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
    history = st.session_state.setdefault("edit_history", [])
    history.append(session.choices().edits)
    del history[:-100]
    session.change(edits=tuple(new))


def undo() -> None:
    if history := st.session_state.get("edit_history"):
        session.change(edits=history.pop())


def picture(this: Reading, view: HeadView, made: tuple[str, ...], width: float) -> None:
    """The head, on which a click or a drag cuts links. made: the edits"""
    hand, head = Hand(this.model, this.encoding), view.head

    def take(cells: list[Cell]) -> None:
        try:
            change(hand.toggled(made, head, cells))
        except UserError as wrong:
            st.session_state["notices"] = [*session.notices(), str(wrong)]

    cuts, replaced = hand.cut(made, head), hand.replaced(made, head)
    where = digest(f"{this.key} {view.text} {view.pair} {this.bos} {view.target}")
    says = describe("Attention", [view])
    with st.container(key="picture_hand"):
        if not view.one_axis:
            look = session.look(width)
            chart = draw(fit_for(view, "heatmap"), "heatmap", **look.keywords())
            st.altair_chart(cast(alt.LayerChart, chart), key="cross_hand", theme=None)
        elif session.choices().view == "arcs" and len(view) <= MOST_ARCS:
            cut_arcs.show(
                "cut_arcs",
                view,
                cuts=cuts,
                replaced=list(replaced),
                theme=session.theme(),
                alt=says,
                take=take,
            )
        else:
            top = top_of([view])
            head_map.show(
                "cut_map",
                digest(f"{where} {head}"),
                where,
                Overview(0, view.weights, top),
                top,
                labels=view.drawn,
                special=view.special,
                stretches=view.stretches,
                unit="word",
                causal=view.causal,
                alt=says,
                theme=session.theme(),
                most=min(width, VIEWS["heatmap"].widest),
                asks=False,
                edits=head_map.Edits(cuts, list(replaced), take),
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
                "Mend the link" if there else "Cut the link",
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
    session_key = f"edit_list_{digest(' '.join(made))}"
    if made:
        st.multiselect(
            "Edits",
            list(made),
            default=list(made),
            format_func=lambda one: said(this.encoding, keys, one),
            key=session_key,
            on_change=lambda: change(st.session_state[session_key]),
            help="All of them are made together, in one pass. The × takes one back.",
        )
    else:
        figure.remark("No link is cut. Click one on the picture.")
    with st.container(horizontal=True):
        before = bool(st.session_state.get("edit_history"))
        st.button("Undo", icon=":material/undo:", on_click=undo, disabled=not before, type="tertiary")
        remove = {"on_click": change, "args": ((),)}
        st.button("Remove all", icon=":material/delete:", disabled=not made, type="tertiary", **remove)
