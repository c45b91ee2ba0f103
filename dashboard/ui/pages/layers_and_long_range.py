"""“Long range” and “Layer by layer”: measurements, cached, with progress if they take long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.analyses.layers import api
from dashboard.analyses.layers.residual_stream import ResidualStream
from dashboard.analyses.long_range.measure import LongRange, Step, gather, measure_step
from dashboard.analyses.long_range.questions import Question
from dashboard.analyses.long_range.trial import Trial
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.view import HeadView
from dashboard.text import Special, Unit
from dashboard.ui import caches, session
from dashboard.ui.model_and_text import Opened, Reading
from dashboard.ui.page import end_page, problem
from dashboard.ui.results_cache import cached

AT_ONCE = 3.0  # seconds; longer measurements need a click
SPEED = 5e10  # multiplications and additions a second that two cores of a laptop manage


@st.cache_resource(max_entries=8, show_spinner=False)
def _held(key: str, question: str) -> dict[int, Step]:
    """The distances measured so far, by index. Filled as they are measured."""
    return {}


@st.cache_resource(max_entries=8, show_spinner=False)
def _seconds(key: str, question: str, _model: AttentionModel, _texts: Sequence[Trial]) -> float:
    """About how many seconds a measurement takes: two operations per token and weight outside the embeddings."""
    table = _model.token_table
    weights = sum(p.numel() for p in _model.loaded.model.parameters()) - (table.weight.numel() if table else 0)
    return 2 * weights * sum(len(_model.encode(trial.text)) for trial in _texts) / SPEED


def long_range(this: Opened, question: Question) -> LongRange:
    """The measurement: at once if it takes under 3 seconds, else after a click.

    All sessions share the results. If it cannot be measured, a sentence and the end of the page.
    """
    trials = question.trials()
    steps = list(zip(*trials, strict=True))
    held = _held(this.key, question.name)
    if len(held) < len(steps):
        seconds = _seconds(this.key, question.name, this.model, [trial for row in trials for trial in row])
        if seconds > AT_ONCE and not held:
            st.info(
                f"Reads {len(trials)} {question.items} at {len(steps)} distances with {len(this.model.all_heads)} "
                f"heads: about {_rounded(seconds)} seconds on this model. The result is kept until you close the "
                "dashboard."
            )
            if not st.button("Measure", type="primary", icon=":material/play_arrow:"):
                end_page()
        _measure(this.model, steps, held)
    return gather(this.model, question, [held[place] for place in range(len(steps))])


def _measure(model: AttentionModel, steps: Sequence[Sequence[Trial]], held: dict[int, Step]) -> None:
    bar = st.progress(0.0, f"Distance 1 of {len(steps)}…")
    try:
        for place, trials in enumerate(steps):
            bar.progress(place / len(steps), f"Distance {place + 1} of {len(steps)}…")
            if place not in held:
                held[place] = measure_step(model, trials)
    except UserError as wrong:
        problem(wrong)
        end_page()
    finally:
        bar.empty()


def _rounded(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds < 10 else f"{round(seconds, -1):.0f}" if seconds < 100 else f"{seconds:.2g}"


def adds(model: AttentionModel) -> str:
    """What the parts of a layer add, as the end of a sentence and one more."""
    if model.given is not None:
        return (
            "self attention adds what it gathers from other words of the target, and cross attention what it gathers "
            "from the text. Then the feed-forward part adds its own update."
        )
    return "attention adds what it gathers from other words. Then the feed-forward part adds its own update."


@cached("Following the words…")
def _stream(key: str, text: str, bos: bool, unit: Unit, special: Special, _this: Reading) -> ResidualStream:
    return api.residual_stream(_this.model, _this.encoding, unit=unit, special=special, **_this.options)


def residual_stream(this: Reading) -> ResidualStream:
    """The residual stream of the text; or a sentence and the end of the page."""
    chosen = session.choices()
    try:
        found = _stream(this.key, this.encoding.text, this.bos, chosen.unit, chosen.special, this)
    except UserError as wrong:
        problem(wrong)
        end_page()
    if not len(found.words):
        st.info("There is no word in this text to follow through the layers. Type some.")
        end_page()
    if chosen.word >= len(found.words):
        session.correct(word=len(found.words) - 1)  # another text, or another unit, has fewer
    return found


def word_in_sight(stream: ResidualStream, most: int) -> dict[str, Any]:
    """Arguments that tie a widget to the followed word, as `session.bound` does.

    If the text is too long for one picture, the `most` drawn words move with it.
    """
    tied = session.bound("word")

    def take(*given: str) -> None:
        tied["on_change"](*given)
        chosen = session.choices()
        place = int(stream.words[chosen.word])
        if not chosen.start <= place < chosen.start + most:
            session.change(start=max(0, min(place - most // 2, len(stream) - most)))

    return tied | {"on_change": take}


def rolled(this: Reading) -> HeadView:
    """Attention rolled out over the layers that a person chooses, with the slider that chooses them."""
    most = this.model.layers - 1
    first, _, last = session.choices().rolled.partition("-")
    low, high = (min(int(first), most), min(int(last), most)) if last else (0, most)
    low, high = min(low, high), max(low, high)
    if most:
        st.session_state["choose_rolled"] = (low, high)
        st.slider(
            "Layers",
            0,
            most,
            key="choose_rolled",
            on_change=_take_rolled,
            args=(most,),
            width=420,
            help="The first and the last layer that are multiplied.",
        )
    special = session.choices().special
    return caches.rollout(this.key, this.encoding.text, this.bos, low, high, special, this.model, this.encoding)


def _take_rolled(most: int) -> None:
    low, high = st.session_state["choose_rolled"]
    session.change(rolled="" if (low, high) == (0, most) else f"{low}-{high}")
