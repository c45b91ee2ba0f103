"""“Compare” with two sides that must be aligned: one head on two texts, or two models on one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import streamlit as st

from dashboard.analyses.compare.api import (
    NO_DIFFERENCE,
    align_views_of_texts,
    aligned_table,
    draw_aligned,
    names_of,
    origin_of_aligned,
)
from dashboard.analyses.compare.change import Changes, most_changed
from dashboard.analyses.compare.changed_heads import draw_changes
from dashboard.analyses.explore.text import lost
from dashboard.capture import AttentionModel
from dashboard.capture.interventions import head_of_language
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look, Selection
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.heads.alignment import Aligned
from dashboard.heads.format import capital, counted
from dashboard.heads.head_group import HeadGroup
from dashboard.heads.head_id import HeadId, nearest
from dashboard.heads.view import HeadView
from dashboard.ui import caches, figure, head_picker, heads_together, session
from dashboard.ui.layout_width import page_width
from dashboard.ui.markdown import error_said, escape_markdown
from dashboard.ui.missing_model import offer_path
from dashboard.ui.model_and_text import Reading, contributed
from dashboard.ui.page import end_page, problem, to_page
from dashboard.ui.pages.compare_results import Compared, most_drawn
from dashboard.ui.paths import NotChosenHere
from dashboard.ui.url_state import LONGEST_OTHER

_DIVERGENCE = "%.4f"
CHANGED = {
    "layer": "Layer",
    "head": "Head",
    "part": None,
    "change": st.column_config.NumberColumn("Divergence", help="0: the same; 1: no overlap.", format=_DIVERGENCE),
    "baseline": st.column_config.NumberColumn("Mean when another word is exchanged", format=_DIVERGENCE),
    "low": st.column_config.NumberColumn("least", format=_DIVERGENCE),
    "high": st.column_config.NumberColumn("most", format=_DIVERGENCE),
    "lift": st.column_config.NumberColumn("Above that mean", format=_DIVERGENCE),
    "q": figure.Q,
}


def two_texts(this: Reading) -> Compared:
    """One head on the text on the left and on a second one."""
    st.text_area(
        "Second text",
        height=80,
        max_chars=LONGEST_OTHER,
        placeholder="The same text with a word changed",
        help="The first text is the one at the top. Ctrl+Enter reads this one.",
        **session.bound("other"),
    )
    other = session.choices().other
    _open_on_most_changed(this, other)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(this.model)
        heads_together.choose()
    head = session.choices().chosen
    if not other.strip():
        st.info(
            "There is no second text yet. Copy the first one and change a word: every difference then comes from "
            "that word.",
            icon=":material/edit:",
        )
        st.button("Copy the first text", on_click=session.change, kwargs={"other": this.encoding.text[:LONGEST_OTHER]})
        end_page()
    try:
        second = replace(this, encoding=caches.encoding(this.key, other, this.bos, this.model))
        a, b = _view(this, head), _view(second, head)
        aligned = align_views_of_texts(a, b, this.bos)
    except UserError as wrong:
        problem(wrong)
        end_page()

    def carried() -> Aligned:
        [first], [other_] = this.contributions(head), second.contributions(head)
        return align_views_of_texts(first, other_, this.bos)

    drawn = aligned if isinstance(a.head, HeadGroup) else contributed(carried) or aligned
    return _of_aligned(aligned, drawn, _met_texts(aligned, a, b))


def carry_over(this: Reading) -> None:
    """A link to “Carry a head over” with both texts, where the model predicts and they have as many tokens."""
    other = session.choices().other
    try:
        head_of_language(this.model)
        as_long = len(caches.encoding(this.key, other, this.bos, this.model)) == len(this.encoding)
    except UserError:
        return
    if as_long and len(this.encoding.text) <= LONGEST_OTHER:
        to_page(
            "patching",
            "Carry a head over from the first text to the second",
            ":material/move_up:",
            patch_a=this.encoding.text,
            patch_b=other,
            answers="",
        )


def _view(this: Reading, head: HeadId) -> HeadView:
    """The head, or the heads that are taken together."""
    if group := heads_together.chosen(this.model, head):
        return heads_together.view(this, group)
    figure.remark(heads_together.alone())
    return this.views(head)[0]


def _open_on_most_changed(this: Reading, other: str) -> None:
    """The head that changes most between the two texts, until a person chooses one."""
    if st.session_state.get("head_given") or not other.strip():
        return
    try:
        found = caches.changes(this.key, this.encoding.text, other, this.bos, this.model)
    except UserError:
        return  # the ranking at the end of the page says it
    if (head := most_changed(found)) is not None:
        session.open_on(head)


def _met_texts(aligned: Aligned, a: HeadView, b: HeadView) -> str:
    """What the two texts share; special tokens are not counted."""
    special = np.array(aligned.a.queries.special, bool)
    same, changed = int((~aligned.changed & ~special).sum()), int(aligned.changed.sum())
    sizes = [sum(not one for one in view.queries.special) for view in (a, b)]
    sentence = f"Of {sizes[0]} and {counted(sizes[1], a.unit)}, {same} are the same in both"
    if changed:
        pairs = [label for label, new in zip(aligned.a.queries.labels, aligned.changed, strict=True) if new]
        sentence += f" and {changed} changed ({', '.join(pairs[:4])}{' …' if len(pairs) > 4 else ''})"
    rest = sum(sizes) - 2 * (same + changed)
    return f"{sentence}." + (f" {rest} without a counterpart are not drawn." if rest else "")


def changes(this: Reading) -> Changes:
    """All heads between the two texts; or a sentence, and the end of the page."""
    try:
        return caches.changes(this.key, this.encoding.text, session.choices().other, this.bos, this.model)
    except UserError as wrong:
        st.info(error_said(wrong), icon=":material/info:")
        end_page()


def ranked(this: Reading, found: Changes, selection: Selection) -> Drawing:
    """The heads that changed most."""
    return draw_changes(
        this.model,
        found,
        this.encoding.text,
        session.choices().other,
        bos=this.bos,
        selected=selection.head,
        epoch=selection.epoch,
        names=selection.names,
        **session.look(min(page_width(), 680)).keywords(),
    )


def two_models(this: Reading) -> Compared:
    """A head of the model on the left and one of a second model."""
    chosen = session.choices()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(this.model)
        heads_together.choose(without=("pinned",))  # they are of one model
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.second_model()
        try:
            other, key = _part_of(this, *caches.opened(chosen.other_model))
        except UserError as wrong:
            other, key, why = None, "", wrong
        if other is not None:
            _other_head(other)
    if other is None:
        if isinstance(why, NotChosenHere):
            offer_path(why, "other_model")
        else:
            problem(why)
        end_page()
    head, other_head = session.choices().chosen, session.choices().other_head
    text, pair = this.encoding.texts[0], this.encoding.pair
    if pair and not other.has_pairs:
        no_pairs = f"{other.title} takes one text, not a pair. Remove the second text."
        st.error(escape_markdown(no_pairs), icon=":material/error:")
        st.button("Remove the second text", on_click=session.change, kwargs={"pair": ""})
        end_page()
    a, b = heads_together.chosen(this.model, head), heads_together.chosen(other, other_head)
    together = chosen.how if a and b else None
    which = (this.key, a, key, b) if a and b else (this.key, head, key, other_head)

    def of(measure: Literal["weight", "contribution"]) -> Aligned:
        how = text, chosen.special, this.bos, measure, together, pair
        return caches.meeting(*which, *how, this.between, this.model, other)

    try:
        aligned = of("weight")
    except UserError as wrong:
        problem(wrong)
        end_page()

    def carried() -> Aligned:
        if chosen.show == "difference":
            raise UserError(NO_DIFFERENCE)
        return of("contribution")

    return _of_aligned(aligned, aligned if together else contributed(carried) or aligned, _met_models(aligned))


def _part_of(this: Reading, other: AttentionModel, key: str) -> tuple[AttentionModel, str]:
    """The same part of the other model, with the same source, and the key of what is computed with it. Raises UserError
    where it has none."""
    if this.model.given is None:
        return other, key
    return caches.part(key, this.model.part, session.choices().text, this.bos, other), key


def _other_head(other: AttentionModel) -> None:
    """The head of the second model, brought within what it has."""
    head = session.choices().other_head
    every = list(other.all_heads)
    session.correct(other_head=nearest(every, head))
    st.selectbox("Its head", every, format_func=str, width=160, **session.bound("other_head"))


def _met_models(aligned: Aligned) -> str:
    a, b = aligned.a, aligned.b
    of_source = "" if a.one_axis else f" of the target and {counted(len(a.keys), 'words')} of the source"
    sentence = f"The two models share {counted(len(a.queries), 'words')}{of_source}."
    if a.hidden == "hide":
        return f"{sentence} Special tokens are hidden, and each row is rescaled to 100\u00a0%."
    lost = [0.0 if view.outside is None else 100 * float(view.outside.mean()) for view in (a, b)]
    return (
        f"{sentence} Special tokens have no counterpart and are not drawn: on average they get {lost[0]:.0f}\u00a0% "
        f"of the attention in {a.model} and {lost[1]:.0f}\u00a0% in {b.model}. “Hide and renormalise” under "
        "“Options” leaves them out of the comparison."
    )


def _of_aligned(weights: Aligned, aligned: Aligned, met: str) -> Compared:
    start, group = session.choices().start, isinstance(aligned.a.head, HeadGroup)
    names = [f"{'the ' * group}{name}" for name in names_of(aligned)]
    missing = [f"{capital(name)}: {lost(view)}" for name, view in zip(names, aligned.own, strict=True) if group]

    def drawing(look: Look) -> dict[str, Any]:
        return look.keywords() | {"start": start, "most": most_drawn(look)}

    def draw(view: str, look: Look) -> Drawing:
        return draw_aligned(aligned, view, **drawing(look))

    def origin(view: str, look: Look) -> Provenance:
        return origin_of_aligned(aligned, view, **drawing(look))

    return Compared(
        (weights.a, weights.b),
        (aligned.a, aligned.b),
        names,
        [met, *missing],
        draw,
        partial(aligned_table, aligned),
        (),
        origin,
    )
