"""The controls of “Compare” in each of its modes, and the comparison that they choose."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.analyses.explore import api
from dashboard.analyses.explore.text import finding, lost, name_of
from dashboard.analyses.profile.text import opposites
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.export import Provenance
from dashboard.heads.head_id import HeadId, head_of
from dashboard.heads.view import HeadView
from dashboard.models import title_of
from dashboard.ui import figure, head_names, heads_together, profile_picker, session
from dashboard.ui.layout_width import page_width
from dashboard.ui.model_and_text import Reading
from dashboard.ui.page import end_page
from dashboard.ui.pages.compare_aligned import two_models, two_texts
from dashboard.ui.pages.compare_results import Compared, most_drawn
from dashboard.ui.url_state import MOST_PINS

WAYS = {"heads": "Several heads", "texts": "One head, two texts", "models": "Two models"}


def comparison(this: Reading, row: DeltaGenerator | None) -> Compared:
    """The comparison of the chosen mode; or a sentence with what to do, and the end of the page.

    row: where the heads of one model are chosen; None in the other modes
    """
    if row is not None:
        return _heads(this, row)
    return {"texts": two_texts, "models": two_models}[session.choices().mode](this)


def question(this: Reading) -> str:
    """The question of the page in the chosen mode."""
    first, chosen = this.model.title, session.choices()
    if chosen.mode == "texts":
        return f"How does one head of {first} differ between two similar texts?"
    if chosen.mode == "models":
        other = title_of(chosen.other_model)
        return f"Where do a head of {first} and a head of {other} look on the same text?"
    return f"How do heads of {first} differ, and by how much?"


# Several heads


def _heads(this: Reading, row: DeltaGenerator) -> Compared:
    model, chosen = this.model, session.choices()
    every = list(model.all_heads)
    titles = dict(zip(map(str, every), head_names.titles(this, every), strict=True))
    pair = None if model.given else _opposites(this)  # profiles are of the encoder
    pinned = _pinned(this)
    heads = pinned if len(pinned) > 1 else _to_begin_with(this, pair or _previous_and_next(this))
    with row:
        st.selectbox(
            "Add a head",
            [str(head) for head in every if head not in pinned],
            format_func=titles.__getitem__,
            index=None,
            key="add_head",
            on_change=_add_head,
            width=240,
            disabled=len(chosen.pins) >= MOST_PINS,
            placeholder="Type a name like L2H0",
            help=f"The head is pinned. You can pin up to {MOST_PINS} heads, and unpin them at the top.",
        )
        if pair:
            st.button(
                "Syntax next to context" if chosen.pinned else "Pin both",
                on_click=session.change,
                kwargs={"pinned": pair, "mode": "heads"},
                disabled=chosen.pinned == pair,
                help=(
                    f"By the profile on “Syntax vs context”, {pair[0]} is the most syntactic head and {pair[1]} the "
                    "most contextual. They replace the pinned heads."
                ),
            )
        heads_together.choose_beside(heads[0].layer)
    group = heads_together.chosen(model, heads[0])
    if group is None:
        heads = heads if chosen.show == "side" else heads[:2]
        return _of_views(this, this.between_texts(this.views(*heads)), this.between_texts(this.chosen_views(*heads)))
    with row:
        heads_together.choose_how()
    heads = heads if chosen.show == "side" else heads[:1]
    views = this.between_texts([*this.views(*heads), heads_together.view(this, group)])
    return _of_views(this, views, views)


def _pinned(this: Reading) -> tuple[HeadId, ...]:
    """The pinned heads of the part on show."""
    return tuple(head for head in session.choices().pinned if head.letter == HeadId(0, 0, this.model.part).letter)


def _add_head() -> None:
    """Pin the head. A pinned one is no option any more; a browser that has not heard of that tells it again, by what
    it is called: “L0H0 · context”."""
    session.mark_widget_run()
    if name := st.session_state["add_head"]:
        session.pin(HeadId.parse(name.partition(" ")[0]))
        st.session_state["add_head"] = None


def _opposites(this: Reading) -> tuple[HeadId, HeadId] | None:
    """The two heads that are furthest apart in the model's profile; None without a profile."""
    found = profile_picker.readable(this)
    return None if found is None else opposites(found.heads)


def _previous_and_next(this: Reading) -> tuple[HeadId, ...]:
    """The heads that look most at the previous and at the next token (in a causal model: at itself) of this text."""
    table = this.overview().scores
    scores = ("previous", "self" if this.model.causal else "next")
    known = all(score in table and table[score].notna().any() for score in scores)
    return tuple(head_of(table.iloc[table[score].argmax()]) for score in scores) if known else ()


def _to_begin_with(this: Reading, pair: Sequence[HeadId]) -> tuple[HeadId, ...]:
    """Two heads where fewer are pinned, and a sentence that says so; or the end of the page. pair: to choose from"""
    pinned = _pinned(this)
    heads = tuple(dict.fromkeys([*pinned, *pair, *this.model.all_heads]))[:2]
    if len(heads) < 2:
        st.info("This model has one head, so there is nothing to compare.", icon=":material/info:")
        end_page()
    few = f"Only {pinned[0]} is pinned" if pinned else "No head is pinned"
    figure.remark(f"{few}, so this compares {heads[0]} and {heads[1]}. Add heads, or pin them on “All heads”.")
    return heads


def _of_views(this: Reading, weights: Sequence[HeadView], whole: Sequence[HeadView]) -> Compared:
    start, difference, across = (
        session.choices().start,
        session.choices().show == "difference",
        session.look(page_width()),
    )

    def fitted(look: Look) -> list[HeadView]:
        return [api.fit_for(view, "heatmap", start, most_drawn(look)) for view in whole]

    def draw(view: str, look: Look) -> Drawing:
        name = "compare" if view == "side" else "difference"
        return api.draw(fitted(look), name, **look.keywords())

    def origin(view: str, look: Look) -> Provenance:
        views = fitted(look)
        name = "compare" if view == "side" else "difference"
        options = look.keywords() | this.options | figure.window_of(views[0])
        return api.provenance(this.model, views, name, **options)

    def table() -> pd.DataFrame:
        return api.links_of(fitted(across), difference=difference)

    carried = whole[0].measure == "contribution" and session.choices().show == "side"  # the finding says it of each
    return Compared(
        weights,
        whole,
        list(map(name_of, whole)),
        [] if carried else [*map(finding, whole), *filter(None, map(lost, whole))],
        draw,
        table,
        whole,
        origin,
    )
