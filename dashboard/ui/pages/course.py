"""Ten steps: what a step is about, the choice, the guess that is kept, and the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.analyses.course import answers, draw, text
from dashboard.analyses.course.answers import Answer, FarName
from dashboard.analyses.course.api import ask, picture
from dashboard.analyses.course.material import Material, material
from dashboard.analyses.course.steps import STEPS, Step
from dashboard.analyses.explore.api import attentions
from dashboard.analyses.explore.api import draw as draw_head
from dashboard.analyses.explore.arcs_chart import arc_heights
from dashboard.analyses.profile.api import row_of
from dashboard.analyses.profile.text import opposites
from dashboard.analyses.recall.api import draw_recall
from dashboard.analyses.recall.finished import finished_run
from dashboard.analyses.toy.api import toy_example
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.errors import UserError
from dashboard.heads.view import HeadView
from dashboard.ui import profile_picker, session
from dashboard.ui.layout_width import GAP, page_width
from dashboard.ui.markdown import error_said, escape_markdown
from dashboard.ui.model_and_text import Opened, opened, read_text
from dashboard.ui.page import end_page, to_page
from dashboard.ui.results_cache import cached

LAST = len(STEPS)
NARROW = 600  # pixels of the page, below which the picture stands under the words
WIDEST = {"at_once": 460, "syntax_head": 420}  # of a picture, where the usual would leave the screen
_short = partial(cached, tokens=lambda *given, **named: 0, holds=True)


@dataclass(frozen=True, eq=False)
class Asked:
    """A step as it stands on the page.

    Attributes
    ----------
    step: which one
    answer: its question and answer
    of: what it is about (model, text …)
    pictures: of a guess, None while there is none, and a look: what is drawn
    deeper: choices of the page that goes deeper
    """

    step: Step
    answer: Answer
    of: str
    pictures: Callable[[str | None, Look], list[Drawing]]
    deeper: dict[str, Any]

    @property
    def guess(self) -> str | None:
        found = _guesses().get(self.step.name)
        return found if any(option.key == found for option in self.answer.options) else None

    def table(self) -> pd.DataFrame:
        """The choices with what was measured of each."""
        return pd.DataFrame([(option.label or option.key, option.value) for option in self.answer.options])


def sides(share: float = 0.42) -> tuple[DeltaGenerator, DeltaGenerator, int]:
    """A place for the words, one for the picture, and its pixels: next to each other also on a small window."""
    wide = page_width()
    if wide < NARROW:
        return st.container(), st.container(), wide
    left = int((wide - GAP) * share)
    row = st.container(horizontal=True, gap="medium")
    return row.container(width=left), row.container(width=wide - GAP - left), wide - GAP - left


def walk() -> Step:
    """Where in the course we are: back, the ten steps, next."""
    number = session.choices().course
    if not 1 <= number <= LAST:
        number = min(max(number, 1), LAST)
        session.correct(course=number)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _go("Back", ":material/arrow_back:", number - 1, number == 1)
        if page_width() < NARROW:
            st.caption(f"Step {number} of {LAST}", width="content")
        else:
            st.segmented_control(
                "Step",
                range(1, LAST + 1),
                required=True,
                label_visibility="collapsed",
                help="The ten steps, in the order of the article.",
                **session.bound("course"),
            )
        _go("Next", ":material/arrow_forward:", number + 1, number == LAST)
    return STEPS[number - 1]


def _go(label: str, icon: str, step: int, off: bool) -> None:
    st.button(label, icon=icon, on_click=session.change, kwargs={"course": step}, disabled=off, key=f"course_{label}")


def asked(step: Step) -> Asked:
    """The question of a step; or a sentence with what to do, and the end of the page."""
    if step.name == "fading":
        return _fading(step)
    this = opened()
    try:
        if step.name == "reach":
            return _reach(step, this)
        if read_text(this) is None:
            end_page()
        lesson = _lesson(this)
        return _syntax(step, this, lesson) if step.name == "syntax_head" else _on_text(step, this, lesson)
    except UserError as wrong:
        st.info(error_said(wrong), icon=":material/info:")
        end_page()


@_short("Reading the heads…")
def _material(key: str, text: str, bos: bool, query: int | None, _model: AttentionModel) -> Material:
    lesson = material(_model, text, bos=bos, query=query)
    _ = lesson.steps  # so that a click does not wait for them
    return lesson


def _lesson(this: Opened) -> Material:
    """About the word that a person chose, where the text has it, or else the most telling one."""
    about = this.key, session.choices().text, this.bos
    usual, asked = _material(*about, None, this.model), session.choices().asked
    return _material(*about, asked, this.model) if asked in usual.queries and asked != usual.query else usual


@_short("Reading three stories…")
def _far(key: str, _model: AttentionModel) -> tuple[FarName, HeadView]:
    far = answers.far_name(_model)
    return far, draw.far_view(_model, far)


@_short()
def _two(key: str, text: str, bos: bool, heads: tuple, _lesson: Material) -> list[HeadView]:
    return attentions(_lesson.model, _lesson.encoding, heads, unit="words", special="hide")


def _fading(step: Step) -> Asked:
    finished = finished_run()
    if finished is None:
        st.info("The finished run of the four networks cannot be read. Train them yourself.", icon=":material/info:")
        to_page("recall", "Open “Why attention?”", ":material/history:")
        end_page()
    study = finished.study

    def pictures(guess: str | None, look: Look) -> list[Drawing]:
        return [draw_recall(study, "task" if guess is None else "accuracy", **look.keywords())]

    return Asked(step, answers.fading(study.result), finished.when, pictures, {})


def _on_text(step: Step, this: Opened, lesson: Material) -> Asked:
    def pictures(guess: str | None, look: Look) -> list[Drawing]:
        if step.name == "at_once":
            [view] = attentions(lesson.model, lesson.encoding, [lesson.head])
            return [draw_head(view, "heatmap", **look.keywords())]
        return [picture(step.name, lesson, answer, guess, look)]

    answer = ask(step.name, lesson)
    about: Material = answer.about.get("material", lesson)
    head = lesson.head.choice
    deeper: dict[str, dict[str, Any]] = {
        "at_once": head | {"view": "heatmap"},
        "best_key": head | {"query": about.query, "step": "k"},
        "without_factor": {"toy": toy_example("temperature"), "toy_step": "all"},
        "softmax_ratio": head | {"query": about.query, "step": "weights"},
        "hands_over": head | {"query": about.query, "step": "mixed"},
        "different_words": head | {"atlas": "maps"},
        "added_most": head | {"query": about.query, "step": "output"},
    }
    return Asked(step, answer, f"{_of(this)}\n{lesson.query}", pictures, deeper[step.name])


def _syntax(step: Step, this: Opened, lesson: Material) -> Asked:
    profile = profile_picker.first_of(this)
    pair = None if profile is None else opposites(profile.heads)
    if profile is None or pair is None:
        st.info(
            f"Which heads of {escape_markdown(this.model.title)} follow syntax has not been measured yet. Profile the "
            "model on Corpora, or choose MiniLM or SmolLM2, whose profiles are included.",
            icon=":material/info:",
        )
        to_page("corpus", "Profile this model", ":material/library_books:")
        end_page()
    rows = [row_of(profile, head) for head in pair]
    bits = [(head, float(row["bits_syntax"]), float(row["bits_context"])) for head, row in zip(pair, rows, strict=True)]
    corpus = f"{profile.about['sentences']['used']:,} sentences of {profile.about['file']}"
    answer = answers.syntax_head(bits, session.choices().text, corpus)
    views = _two(this.key, session.choices().text, this.bos, tuple(one[0] for one in answer.about["order"]), lesson)

    def pictures(guess: str | None, look: Look) -> list[Drawing]:
        return draw.draw_pair(views, answer, guess, look, arc_heights(views, width=look.width_or(600)))

    return Asked(step, answer, _of(this), pictures, pair[0].choice)


def _reach(step: Step, this: Opened) -> Asked:
    far, view = _far(this.key, this.model)

    def pictures(guess: str | None, look: Look) -> list[Drawing]:
        return [] if guess is None else [draw.draw_far(view, far, look)]

    return Asked(step, answers.reach(far), this.key, pictures, {"reach": "name"})


def story(this: Asked) -> None:
    """Step 10: the story, with both mentions of the name in bold."""
    before, seen, between, looks, after = this.answer.about["far"].trial.parts()
    parts = [escape_markdown(part).replace("\n", " ") for part in (before, seen, between, looks, after)]
    st.markdown(f"{parts[0]} **{parts[1]}** {parts[2]} **{parts[3]}** {parts[4]}")


def choose(this: Asked) -> None:
    """The choices; a click is a guess."""
    keys = {text.label(this.step.name, option): option.key for option in this.answer.options}
    key = f"course_{this.step.name}_{hash(this.of)}"
    st.session_state[key] = next((label for label, name in keys.items() if name == this.guess), None)
    st.pills(
        "Your guess",
        list(keys),
        format_func=escape_markdown,
        key=key,
        on_change=_take,
        args=(key, keys, this.step.name),
    )


def another_word(this: Asked) -> None:
    """Step 3: the same question about another word of the text."""
    now = opened()
    lesson = _lesson(now)
    key = f"course_about_{hash(_of(now))}"
    st.session_state[key] = lesson.query
    st.selectbox(
        "Ask about another word",
        lesson.queries,
        format_func=lambda place: lesson.labels[place],
        width=220,
        key=key,
        on_change=_ask_about,
        args=(key,),
    )


def _ask_about(key: str) -> None:
    session.change(asked=st.session_state[key])


def _of(this: Opened) -> str:
    return f"{this.key}\n{this.bos}\n{session.choices().text}"


def _take(key: str, keys: dict[str, str], step: str) -> None:
    if (label := st.session_state[key]) is not None:
        guesses = _guesses() | {step: keys[label]}
        session.change(guesses=" ".join(f"{name}:{guess}" for name, guess in guesses.items()))
    else:
        session.mark_widget_run()


def _guesses() -> dict[str, str]:
    """By the name of the step."""
    return dict(one.split(":", 1) for one in session.choices().guesses.split() if ":" in one)
