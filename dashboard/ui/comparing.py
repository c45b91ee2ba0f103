"""What “Compare” is asked in each of its ways, and what stands for it: views, names, numbers, files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import api, comparing
from dashboard.charts.drawing import Drawing
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.heads import Comparison, HeadId, HeadView, compare, finding
from dashboard.heads.alignment import Aligned
from dashboard.heads.change import Changes
from dashboard.heads.disagreement import disagreements, parting
from dashboard.heads.evidence_wording import opposites
from dashboard.heads.wording import counted
from dashboard.models import CATALOGUE
from dashboard.ui import choosing, figure, loaders, profiles, state
from dashboard.ui.choices import FIRST_OTHER, FIRST_TEXT, LONGEST_OTHER, TRAY_SIZE
from dashboard.ui.ending import end_page
from dashboard.ui.reading import Reading, escape_markdown
from dashboard.ui.room import positions, room

_DIVERGENCE = {"format": "%.4f"}
CHANGED = {
    "layer": "Layer",
    "head": "Head",
    "change": st.column_config.NumberColumn("Divergence", help="0 the same, 1 wholly apart.", **_DIVERGENCE),
    "baseline": st.column_config.NumberColumn("Another word exchanged: mean", **_DIVERGENCE),
    "low": st.column_config.NumberColumn("least", **_DIVERGENCE),
    "high": st.column_config.NumberColumn("most", **_DIVERGENCE),
    "lift": st.column_config.NumberColumn("Beyond the mean", **_DIVERGENCE),
}
WAYS = {"heads": "Heads of one model", "texts": "One head, two texts", "models": "Two models"}


@dataclass(frozen=True, eq=False)
class Compared:
    """What is compared.

    Attributes
    ----------
    views: two to four, over the same positions, with the same labels
    names: what to call each
    remarks: what each of them does, and how far the two meet
    draw: (view "side" or "difference", pixels) → the picture
    table: the data behind it
    files_of: the views whose matrices can be taken away
    origin: (view, options of the drawing) → where it comes from
    """

    views: Sequence[HeadView]
    names: Sequence[str]
    remarks: Sequence[str]
    draw: Callable[[str, int], Drawing]
    table: Callable[[], pd.DataFrame]
    files_of: Sequence[HeadView]
    origin: Callable[[str, int], Provenance]

    @property
    def pairs(self) -> dict[tuple[int, int], Comparison]:
        return {(i, j): compare(self.views[i], self.views[j]) for i, j in combinations(range(len(self.views)), 2)}


def asked(this: Reading) -> Compared:
    """What the chosen way asks for; or a sentence with what to do, and the end of the page."""
    return {"heads": _heads, "texts": _texts, "models": _models}[state.choices().mode](this)


def alike(compared: Compared) -> str:
    """How alike they are, in a sentence with its numbers."""
    pairs, names = compared.pairs, compared.names
    if not any(numbers.rows for numbers in pairs.values()):
        return f"No row counts for {' and '.join(names)}, so nothing can be said of how alike they are."
    if len(pairs) == 1:
        [numbers] = pairs.values()
        first, second = names
        return (
            f"{first} and {second} look hardest at the same place in {round(numbers.top1 * numbers.rows)} of "
            f"{numbers.rows} rows; their divergence is {numbers.js:.2f}, where 0 is the same and 1 wholly apart."
        )
    (a, b), nearest = min(pairs.items(), key=lambda pair: pair[1].js)
    (c, d), furthest = max(pairs.items(), key=lambda pair: pair[1].js)
    return (
        f"Most alike are {names[a]} and {names[b]} (divergence {nearest.js:.2f}), furthest apart {names[c]} and "
        f"{names[d]} ({furthest.js:.2f}), over {nearest.rows} rows; 0 is the same and 1 wholly apart."
    )


def most_drawn(width: int) -> int:
    return positions(min(width, 620), 512)


def parted(compared: Compared) -> pd.DataFrame:
    """Where the first two part, word by word."""
    return disagreements(compared.views[0], compared.views[1])


def where_they_part(compared: Compared) -> str:
    return parting(parted(compared), *compared.names[:2])


# Heads of one model


def _heads(this: Reading) -> Compared:
    model, chosen = this.model, state.choices()
    every = [HeadId(layer, head) for layer in range(model.layers) for head in range(model.heads)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Add a head",
            [str(head) for head in every if head not in chosen.tray],
            index=None,
            key="add_head",
            on_change=_add_head,
            width=320,
            disabled=len(chosen.tray) == TRAY_SIZE,
            placeholder="Type a name like L2H0",
            help="It goes into the tray on the left, which holds up to four; there it can be taken out again.",
        )
        if pair := _opposites(this):
            st.button(
                "Syntax beside context", on_click=state.change, kwargs={"tray": pair, "mode": "heads"},
                disabled=chosen.tray == pair,
                help=f"{pair[0]} is this model's most syntactic head and {pair[1]} its most contextual one, by the "
                "profile on “Syntax vs context”. They take the place of the heads in the tray.",
            )  # fmt: skip
    if len(chosen.tray) < 2:
        _begin(this, every)
    heads = chosen.tray if chosen.show == "side" else chosen.tray[:2]
    whole = this.views(*heads)
    return _of_views(this, whole)


def _add_head() -> None:
    if name := st.session_state["add_head"]:
        state.add_to_tray(HeadId.parse(name))
        st.session_state["add_head"] = None


def _opposites(this: Reading) -> tuple[HeadId, HeadId] | None:
    """The two heads that are furthest apart in the model's profile, where there is one."""
    try:
        found = profiles.first_of(this)
    except (UserError, OSError):
        return None
    return None if found is None else opposites(found.heads)


def _begin(this: Reading, every: Sequence[HeadId]) -> None:
    """Two heads to start with, and the end of the page."""
    table = this.overview().scores.set_index(["layer", "head"])
    second, sees = ("self", "itself") if this.model.causal else ("next", "the next token")
    known = table["previous"].notna().any() and table[second].notna().any()
    pair = [HeadId(*table[score].idxmax()) for score in ("previous", second)] if known else every[:2]
    st.info("Two heads make a comparison. Add them above, or on Explore with “Add to tray”.")
    if len(set(pair)) == 2:
        st.button(f"Start with {pair[0]} and {pair[1]}", on_click=state.change, kwargs={"tray": tuple(pair)})
    if known and len(set(pair)) == 2:
        figure.remark(f"On this text, {pair[0]} looks most at the previous token and {pair[1]} most at {sees}.")
    end_page()


def _of_views(this: Reading, whole: Sequence[HeadView]) -> Compared:
    start = state.choices().start

    def fitted(width: int) -> list[HeadView]:
        return [api.fit_for(view, "heatmap", start, most_drawn(width)) for view in whole]

    def draw(view: str, width: int) -> Drawing:
        name = "compare" if view == "side" else "difference"
        return api.draw(fitted(width), name, theme=state.theme(), width=width)

    def origin(view: str, width: int) -> Provenance:
        views = fitted(width)
        name = "compare" if view == "side" else "difference"
        options = {"theme": state.theme(), "width": width} | this.options | figure.window_of(views[0])
        return api.provenance(this.model, views, name, **options)

    return Compared(
        whole, [str(view.head) for view in whole], list(map(finding, whole)), draw,
        lambda: api.links_of(fitted(room())), whole, origin,
    )  # fmt: skip


# One head, two texts


def _texts(this: Reading) -> Compared:
    if this.encoding.text != FIRST_TEXT and state.choices().other == FIRST_OTHER:
        state.correct(other="")  # the second text that goes with the first example is nobody's choice on another one
    st.text_area(
        "Second text", height=80, max_chars=LONGEST_OTHER, placeholder="The same text with a word changed",
        help="The first text is the one on the left. Ctrl+Enter reads this one.", **state.bound("other"),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choosing.by_number(this.model)
    other, head = state.choices().other, state.choices().chosen
    if not other.strip():
        st.info(
            "There is no second text yet. Take the first one and change a word: then every difference is that word's.",
            icon=":material/edit:",
        )
        st.button(
            "Begin with the first text", on_click=state.change, kwargs={"other": this.encoding.text[:LONGEST_OTHER]}
        )
        end_page()
    chosen = state.choices()
    try:
        encoding = loaders.encoding(this.key, other, this.bos, this.model)
        numbers = ((head.layer, head.head),)
        [second] = loaders.views(this.key, other, this.bos, numbers, chosen.unit, chosen.special, this.model, encoding)
        aligned = comparing.align_views_of_texts(*this.views(head), second, this.bos)
    except UserError as wrong:
        st.error(escape_markdown(str(wrong)), icon=":material/error:")
        end_page()
    return _of_aligned(aligned, _met_texts(aligned, *this.views(head), second))


def _met_texts(aligned: Aligned, a: HeadView, b: HeadView) -> str:
    """What the two texts share; special tokens are not counted."""
    special = np.array(aligned.a.special, bool)
    same, changed = int((~aligned.changed & ~special).sum()), int(aligned.changed.sum())
    sizes = [sum(not one for one in view.special) for view in (a, b)]
    said = f"Of {sizes[0]} and {counted(sizes[1], a.unit)}, {same} are the same in both"
    if changed:
        pairs = [label for label, new in zip(aligned.a.labels, aligned.changed, strict=True) if new]
        said += f" and {changed} changed ({', '.join(pairs[:4])}{' …' if len(pairs) > 4 else ''})"
    rest = sum(sizes) - 2 * (same + changed)
    return f"{said}." + (f" {rest} without a counterpart are not drawn." if rest else "")


def changes(this: Reading) -> Changes:
    """All heads between the two texts; or a sentence, and the end of the page."""
    try:
        return loaders.changes(this.key, this.encoding.text, state.choices().other, this.bos, this.model)
    except UserError as wrong:
        st.info(escape_markdown(str(wrong)), icon=":material/info:")
        end_page()


def ranked(this: Reading, found: Changes) -> Drawing:
    """The heads that changed most; a click on one chooses it."""
    key = f"changes_{state.choices().model}"
    chart = comparing.draw_changes(
        this.model, found, this.encoding.text, state.choices().other, bos=this.bos, theme=state.theme(),
        width=min(room(), 680), **choosing.frames(key),
    )  # fmt: skip
    choosing.all_heads(chart, key)
    return chart


# Two models


def _models(this: Reading) -> Compared:
    chosen = state.choices()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choosing.by_number(this.model)
    names = list(CATALOGUE) + ([chosen.other_model] if chosen.other_model not in CATALOGUE else [])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Second model", names, accept_new_options=True, width=320, placeholder="A name, a hub id or a folder",
            format_func=lambda name: CATALOGUE[name].title if name in CATALOGUE else name,
            help="The first one is on the left.", **state.bound("other_model"),
        )  # fmt: skip
        try:
            other, key = loaders.opened(chosen.other_model)
        except UserError as wrong:
            other, key, problem = None, "", wrong
        if other is not None:
            _other_head(other)
    if other is None:
        st.error(escape_markdown(str(problem)), icon=":material/error:")
        end_page()
    head, other_head = state.choices().chosen, state.choices().other_head
    try:
        aligned = loaders.meeting(
            this.key, head, key, other_head, this.encoding.text, chosen.special, this.bos, this.model, other
        )
    except UserError as wrong:
        st.error(escape_markdown(str(wrong)), icon=":material/error:")
        end_page()
    return _of_aligned(aligned, _met_models(aligned))


def _other_head(other) -> None:
    """The head of the second model, brought within what it has."""
    head = state.choices().other_head
    fitted = HeadId(min(head.layer, other.layers - 1), min(head.head, other.heads - 1))
    state.correct(other_head=fitted)
    every = [HeadId(layer, head) for layer in range(other.layers) for head in range(other.heads)]
    st.selectbox("Its head", every, format_func=str, width=160, **state.bound("other_head"))


def _met_models(aligned: Aligned) -> str:
    a, b = aligned.a, aligned.b
    said = f"They meet at {counted(len(a), 'words')}."
    if a.hidden == "hide":
        return f"{said} Special tokens are hidden and each row divided by what is left."
    lost = [100 * float(view.outside.mean()) for view in (a, b)]
    return (
        f"{said} Special tokens have no counterpart: on average {lost[0]:.0f}\u00a0% of what {a.model} gives and "
        f"{lost[1]:.0f}\u00a0% of what {b.model} gives goes there and is not drawn. “Hide and renormalise” on the left "
        "compares what is left."
    )


def _of_aligned(aligned: Aligned, met: str) -> Compared:
    start, names = state.choices().start, comparing.names_of(aligned)

    def drawing(width: int) -> dict:
        return {"theme": state.theme(), "width": width, "start": start, "most": most_drawn(width)}

    return Compared(
        (aligned.a, aligned.b), names, [met],
        lambda view, width: comparing.draw_aligned(aligned, view, **drawing(width)),
        lambda: comparing.aligned_table(aligned), (),
        lambda view, width: comparing.origin_of_aligned(aligned, view, **drawing(width)),
    )  # fmt: skip
