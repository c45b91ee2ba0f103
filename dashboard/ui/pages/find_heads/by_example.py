"""“Find heads” on one text: the search, the ranking that takes clicks, a head over the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboard.analyses.explore import api
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.find_heads.api import draw_found, find_heads
from dashboard.analyses.find_heads.by_example import Examples, as_typed, checked
from dashboard.analyses.find_heads.pair_shares import Pair
from dashboard.analyses.find_heads.text import chance_remarks
from dashboard.charts.look import Look
from dashboard.charts.ranking import BEST
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, heads_of
from dashboard.heads.view import HeadView
from dashboard.ui import figure, head_names, heads_together, session
from dashboard.ui.figure import Click, Figure
from dashboard.ui.model_and_text import Reading, contributed
from dashboard.ui.page import problem

FEW_TOKENS = 256  # up to which the maps of all ranked heads are kept
_SHARE = "percent"
COLUMNS = {
    "layer": "Layer",
    "head": "Head",
    "part": None,
    "score": st.column_config.NumberColumn(
        "Attention along the pairs", format=_SHARE, help="Of the attention that the query gives to other words."
    ),
    "baseline": st.column_config.NumberColumn("Same distance elsewhere", format=_SHARE),
    "lift": st.column_config.NumberColumn("Lift", format=_SHARE, help="The first share minus the second."),
    "rank": st.column_config.NumberColumn("Rank in the row", format="%.1f", help="1: the query’s strongest key."),
    "n": "Pairs",
    "others": "Pairs elsewhere",
    "q": figure.Q,
}
CORPUS_COLUMNS = {name: column for name, column in COLUMNS.items() if name != "others"} | {
    "low": st.column_config.NumberColumn("95\u00a0% from", format=_SHARE),
    "high": st.column_config.NumberColumn("to", format=_SHARE),
}


@st.cache_resource(max_entries=64, show_spinner="Searching the heads…")
def _found(key: str, text: str, bos: bool, pairs: tuple[Pair, ...], _this: Reading) -> Examples:
    return find_heads(_this.model, _this.encoding, pairs, **_this.options)


def on_text(this: Reading, pairs: Sequence[Pair], wrong: str) -> Examples | None:
    """The search; None, and a sentence that says what to do, if there is nothing to search for."""
    if not wrong and not pairs:
        st.info(
            ("No pair is marked yet. Click the word that looks (query), then the word it looks at (key)."),
            icon=":material/edit:",
        )
        return None
    try:
        if wrong:
            raise UserError(wrong)
        checked(this.encoding, pairs)
        return _found(this.key, this.encoding.text, this.bos, tuple(pairs), this)
    except UserError as error:
        problem(error)
        with st.container(horizontal=True):
            if not wrong and any(i != j for i, j in pairs):
                turned = as_typed(this.encoding, [(j, i) for i, j in pairs])
                st.button("Reverse the pairs", on_click=session.change, kwargs={"pairs": turned})
            st.button("Remove all pairs", on_click=session.change, kwargs={"pairs": ""})
        return None


def ranked(this: Reading, found: Examples, name: str, width: int) -> None:
    """The best heads; a click on one chooses it."""
    key = f"{name}_ranking_{found.name}{found.part}"
    draw = partial(draw_found, found, **session.look(min(width, 600)).keywords())
    marked = head_names.selection(this, key)
    figure.show(
        Figure(
            draw(selected=marked.head, epoch=marked.epoch, names=marked.names),
            found.table,
            name,
            remarks=chance_remarks(found),
            tables=[head_names.table(this, COLUMNS, found.table)],
            still=draw,
            click=Click(heads_together.click, key=key),
        )
    )


def over_sentence(this: Reading, found: Examples, head: HeadId) -> HeadView:
    """What a person chose to see of the head, over all words."""
    ranked = found.table.head(BEST)
    heads = heads_of(ranked)
    if head not in heads or len(this.encoding) > FEW_TOKENS:
        heads = [head]
    # All heads that can be clicked, in one forward pass, so that a click waits for none.
    views = this.views(*heads, unit="words", special="hide")
    carried = contributed(partial(this.contributions, head, unit="words", special="hide"))
    return carried[0] if carried else views[heads.index(head)]


def window(whole: HeadView, pairs: Sequence[Pair], look: Look) -> HeadView:
    """The part of the text that a picture holds, with a slider where it is not all of it. Where other pairs were marked
    and the first is not in it, the part moves there."""
    arcs = VIEWS["arcs"]
    most, asked = arcs.most(look.width_or(arcs.widest)), (whole.text, tuple(pairs))
    first, last = min(pairs[0]), max(pairs[0])
    start = session.choices().start
    if st.session_state.get("window_of") != asked and not start <= first <= last < start + most:
        session.correct(start=max(0, first - 5))
    st.session_state["window_of"] = asked
    view = api.fit_for(whole, "arcs", session.choices().start, most)
    figure.window_slider(view, whole)
    return view
