"""The parts of “Carry a head over”: the two texts, results kept between clicks, tables, and the ready sets."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.analyses.patching.api import EACH, Patched, Path, patch, patch_path
from dashboard.analyses.patching.draw import draw_patch, draw_patch_path, draw_patch_set
from dashboard.analyses.patching.first_pair import first_pair
from dashboard.analyses.patching.pair import Pair, pair_of
from dashboard.analyses.patching.set_api import PatchedSet, set_of
from dashboard.analyses.patching.set_job import MEASUREMENT, Request
from dashboard.analyses.patching.sets import pair_sets, set_named
from dashboard.analyses.patching.text import (
    patch_finding,
    patch_remarks,
    path_finding,
    set_finding,
    set_remarks,
    tokens_finding,
)
from dashboard.capture import AttentionModel
from dashboard.capture.interventions import head_of_language
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId, head_of
from dashboard.models.catalogue import CATALOGUE
from dashboard.ui import figure, head_names, head_picker, job_panel, session
from dashboard.ui.figure import Click, Columns, Figure, Table
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import Opened
from dashboard.ui.page import end_page, problem
from dashboard.ui.results_cache import give_way

PREDICTS = "smollm2"  # a model of the catalogue that predicts words
_SHARE = "percent"


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


def predicts(this: Opened) -> bool:
    """Whether the model predicts words; if not, the page shows a result of one that does, and offers it."""
    try:
        head_of_language(this.model)
        return True
    except UserError as wrong:
        st.info(escape_markdown(str(wrong)), icon=":material/info:")
    other = CATALOGUE[PREDICTS]
    st.button(
        f"Carry over heads of {other.title}, which predicts words",
        icon=":material/swap_horiz:",
        on_click=session.change,
        kwargs={"model": other.name},
    )
    found = first_pair()
    figure.show(
        Figure(
            draw_patch(found, **session.look(min(page_width(), 600)).keywords()),
            found.table,
            "patch",
            finding=patch_finding(found),
            remarks=[*patch_remarks(found), "Measured before, with this model and these two texts."],
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


@st.cache_resource(max_entries=8, show_spinner="Reading both texts…")
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

    def path(self, sender: HeadId, receiver: HeadId) -> Path:
        """What one head gives to another."""
        return _path(*self.asked, sender, receiver, self.pair)


def on_pair(this: Opened) -> OnPair:
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
        figure.remark("Pin a head of another layer: then you see how much of it goes through the two alone.")
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


def over_set(this: Opened) -> None:
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
            f"Its {len(chosen.pairs)} pairs have not been measured on this machine yet. That takes about a quarter of "
            "an hour for a small model. It runs in the background, and what is done is kept."
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


def _logits(title: str):
    return st.column_config.NumberColumn(title, format="%+.3f", help="Logit of the first answer less the second’s.")


def _percent(title: str, help: str = ""):
    return st.column_config.NumberColumn(title, format=_SHARE, help=help or None)


COLUMNS: Columns = {
    "layer": "Layer",
    "head": "Head",
    "position": st.column_config.NumberColumn("Position", help="Counted from 0, special tokens included."),
    "token": "Token",
    "m": _logits("Logit difference"),
    "recovered": _percent("Recovered", "0: the second text’s prediction stays. 100 %: it is the first one’s."),
    "m_direct": _logits("Direct: logit difference"),
    "direct": _percent("Direct", "By the path to the logits alone."),
}
PATH: Columns = {"into": "Through its", "m": COLUMNS["m"], "recovered": COLUMNS["recovered"]}
SET: Columns = {
    "layer": "Layer",
    "head": "Head",
    "recovered": COLUMNS["recovered"],
    "recovered_low": _percent("Recovered, 95\u00a0% from"),
    "recovered_high": _percent("Recovered, 95\u00a0% to"),
    "pairs": "Pairs",
    "control": _percent("Control", "Recovered with the head of another text that has the same answer."),
    "specific": _percent("Less the control"),
    "specific_low": _percent("Less the control, 95\u00a0% from"),
    "specific_high": _percent("Less the control, 95\u00a0% to"),
    "controlled": "Pairs with a control",
}
PAIRS: Columns = {
    "pair": None,
    "text": "First text",
    "other": "Second text",
    "answer": "Answer",
    "rival": "Answer of the second",
    "m_a": _logits("After the first"),
    "m_b": _logits("After the second"),
    "controlled": "Has a control",
}
