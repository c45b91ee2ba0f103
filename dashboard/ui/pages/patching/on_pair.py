"""“Carry a head over” in one pair of texts: its controls, its results kept between clicks, and its pictures."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.analyses.patching.api import EACH, Patched, Path, Progress, patch, patch_path
from dashboard.analyses.patching.draw import draw_patch, draw_patch_path
from dashboard.analyses.patching.first_pair import first_pair
from dashboard.analyses.patching.pair import Pair, pair_of
from dashboard.analyses.patching.sets import pair_sets, set_named
from dashboard.analyses.patching.text import (
    patch_finding,
    patch_remarks,
    path_finding,
    tokens_finding,
)
from dashboard.capture import AttentionModel
from dashboard.capture.interventions import head_of_language
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId, head_of
from dashboard.ui import figure, head_names, head_picker, missing_model, session
from dashboard.ui.figure import Click, Figure, Table
from dashboard.ui.layout_width import page_width
from dashboard.ui.markdown import error_said
from dashboard.ui.model_and_text import Opened
from dashboard.ui.page import end_page, problem
from dashboard.ui.pages.patching.tables import COLUMNS, PATH
from dashboard.ui.readings import Slot
from dashboard.ui.results_cache import cached, give_way


def texts() -> None:
    """The controls for the two texts and the answers."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("First text", width=280, help="Heads are taken from it.", **session.bound("patch_a"))
        st.text_input("Second text", width=280, help="Heads are put into it.", **session.bound("patch_b"))
        st.text_input(
            "Their next words",
            width=150,
            placeholder="the model’s own",
            help="The next word after the first text and after the second, like “are, is”. Empty: the most probable "
            "next token after each.",
            **session.bound("answers"),
        )
        st.selectbox(
            "Ready pairs",
            [(one.name, place) for one in pair_sets().values() for place in range(len(one.pairs))],
            format_func=_named,
            index=None,
            key="ready_pair",
            on_change=_take_pair,
            width=200,
            placeholder="Choose a pair",
            help="A pair fills both texts and their next words.",
        )


def _named(which: tuple[str, int]) -> str:
    name, place = which
    one = set_named(name)
    return f"{one.title}: {one.pairs[place].a}"


def _take_pair() -> None:
    session.mark_widget_run()
    if which := st.session_state["ready_pair"]:
        pair = set_named(which[0]).pairs[which[1]]
        answers = f"{pair.answer}, {pair.rival}"
        session.change(patch_a=pair.a, patch_b=pair.b, answers=answers, pair_set=which[0])
        st.session_state["ready_pair"] = None
        st.session_state["head_given"] = False  # another pair opens on its own best head


def predicts(this: Opened) -> bool:
    """Whether the model predicts words; if not, the page shows a result of one that does, and offers it."""
    try:
        head_of_language(this.model)
        return True
    except UserError as wrong:
        st.info(error_said(wrong), icon=":material/info:")
    missing_model.offer_predicting("Carry over heads of {}")
    found = first_pair()
    figure.show(
        Figure(
            draw_patch(found, **session.look(min(page_width(), 600)).keywords()),
            found.table,
            "patch",
            finding=patch_finding(found),
            remarks=[
                *patch_remarks(found),
                f"A stored example, measured earlier with {found.model} on these two texts.",
            ],
            tables=[Table(COLUMNS)],
        )
    )
    return False


def two_answers() -> tuple[str, str]:
    """The answers as they were typed, of which either may be empty. Raises UserError for another number."""
    typed = [one.strip() for one in session.choices().answers.split(",")]
    if typed == [""]:
        return "", ""
    if len(typed) != 2:
        raise UserError(f"There are {len(typed)} answers in “{session.choices().answers}”. Give two, like are, is.")
    return typed[0], typed[1]


def _length(key: str, a: str, *more: object) -> int:
    """About how many tokens a pair's texts have."""
    return len(a) // 3


@cached("Reading both texts…", many=8, few=2, tokens=_length, holds=True)
def _pair(key: str, a: str, b: str, answers: tuple[str, str], bos: bool, _model: AttentionModel) -> Pair:
    return pair_of(_model, _model.encode(a, bos=bos), _model.encode(b, bos=bos), answers, bos=bos)


@st.cache_resource(max_entries=16, show_spinner="Carrying over all heads…")
def _all_heads(key: str, a: str, b: str, answers: tuple[str, str], bos: bool, _pair: Pair) -> Patched:
    shipped = first_pair()
    asked = (_pair.model.name, _pair.model.revision, a, b, answers, bos)
    if asked == (shipped.name, shipped.revision, shipped.text, shipped.other, shipped.typed, True):
        return shipped
    how = {"answers": answers, "bos": bos, "progress": give_way, "pair": _pair}
    try:
        return patch(_pair.model, a, b, direct=True, **how)
    except UserError:  # the direct path cannot be told of every model
        return patch(_pair.model, a, b, **how)


@st.cache_resource(max_entries=64, show_spinner=False)
def _one_head(key: str, a: str, b: str, answers: tuple[str, str], bos: bool, head: HeadId, _pair: Pair) -> Patched:
    return patch(_pair.model, a, b, answers=answers, bos=bos, heads=[head], position=EACH, pair=_pair)


@cached(many=16, few=4, tokens=_length, holds=True)
def _every_token(key: str, a: str, b: str, answers: tuple[str, str], bos: bool, _pair: Pair) -> Slot[Patched]:
    def work(tell: Progress) -> Patched:
        return patch(_pair.model, a, b, answers=answers, bos=bos, position=EACH, pair=_pair, progress=tell)

    return Slot(work, "Carrying over the heads at each token", "Carrying over all heads at each token")


@st.cache_resource(max_entries=64, show_spinner=False)
def _path(
    key: str, a: str, b: str, answers: tuple[str, str], bos: bool, sender: HeadId, receiver: HeadId, _pair: Pair
) -> Path:
    return patch_path(_pair.model, a, b, sender, receiver, answers=answers, bos=bos, pair=_pair)


class OnPair:
    """The chosen pair, as it has run."""

    def __init__(self, this: Opened):
        """Raises UserError for texts or answers that cannot be used."""
        chosen = session.choices()
        if not (chosen.patch_a.strip() and chosen.patch_b.strip()):
            raise UserError("A text is missing. Type both, or choose one of the built-in pairs.")
        self.this = this
        self.asked = (this.key, chosen.patch_a, chosen.patch_b, two_answers(), this.bos)
        self.pair = _pair(*self.asked, this.model)
        self.every = _all_heads(*self.asked, self.pair)

    def one(self, head: HeadId) -> Patched:
        """A head, token by token."""
        return _one_head(*self.asked, head, self.pair)

    def every_token(self) -> Slot[Patched]:
        """All heads, token by token: measured, or what measures them."""
        return _every_token(*self.asked, self.pair)

    def path(self, sender: HeadId, receiver: HeadId) -> Path:
        """What one head gives to another."""
        return _path(*self.asked, sender, receiver, self.pair)


def chosen_pair(this: Opened) -> OnPair:
    """The chosen pair; or a sentence with what to do, and the end of the page."""
    try:
        return OnPair(this)
    except UserError as wrong:
        problem(wrong)
    end_page()
    return None


def open_on_best(pair: OnPair) -> None:
    """Until a person chooses a head, show the one that brings back most."""
    table = pair.every.table.dropna(subset=["recovered"])
    if len(table):
        session.open_on(head_of(table.iloc[int(table["recovered"].argmax())]))


def all_heads(pair: OnPair, width: float) -> None:
    """All heads of the pair in one picture; a click chooses one."""
    this, key = pair.this, f"patch_{pair.this.model.name}"
    look = session.look(width).keywords()
    figure.show(
        Figure(
            draw_patch(pair.every, **look, **head_names.selection(this, key).keywords()),
            pair.every.table,
            "patch",
            remarks=[*patch_remarks(pair.every), "Click a head for its tokens and paths. One pair has no interval."],
            tables=[head_names.table(this, COLUMNS, pair.every.table)],
            still=partial(draw_patch, pair.every, **look),
            click=Click(head_picker.click, key=key, place="patch"),
        )
    )


def one_head(pair: OnPair, head: HeadId, width: float) -> None:
    """The chosen head: total next to direct, and token by token."""
    found, table = pair.one(head), pair.every.table
    row = table[(table["layer"] == head.layer) & (table["head"] == head.head)].iloc[0]
    with st.container(horizontal=True, gap="large"):
        st.metric("Total", percent(float(row["recovered"])), help="Recovered with the head’s output at all tokens.")
        if "direct" in row:
            st.metric(
                "Direct",
                percent(float(row["direct"])),
                help="By the path to the logits alone: the change that the head’s output at the last token adds, "
                "through the final norm of the second text and the unembedding.",
            )
    figure.show(
        Figure(
            draw_patch(found, **session.look(width).keywords()),
            found.table,
            "patch_tokens",
            finding="",
            remarks=[tokens_finding(found)],
            tables=[Table(COLUMNS)],
            awaited=True,
        )
    )


def paths(pair: OnPair, head: HeadId) -> None:
    """The paths between the chosen head and the pinned ones."""
    pinned = [one for one in session.choices().pinned if one.layer != head.layer]
    st.subheader(f"What goes between {head} and a pinned head?", anchor=False)
    if not pinned:
        figure.remark("Pin a head of another layer to see how much goes through these two heads alone.")
        return
    try:
        found = [pair.path(*sorted((one, head))) for one in pinned]
    except UserError as wrong:
        problem(wrong)
        return
    for path in found:
        figure.show(
            Figure(
                draw_patch_path(path, **session.look(min(page_width(), 520)).keywords()),
                path.table,
                f"path_{path.sender}_{path.receiver}",
                finding=path_finding(path),
                tables=[Table(PATH)],
            )
        )
