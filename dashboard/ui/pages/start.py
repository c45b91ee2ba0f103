"""What “Start” shows: two heads over the visitor's sentence, and all heads along a pair of words."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import partial

import streamlit as st

from dashboard.analyses.find_heads.api import draw_found_grid
from dashboard.analyses.find_heads.by_example import Examples, examples, pairs_of
from dashboard.analyses.find_heads.text import example_finding
from dashboard.analyses.profile.names import HeadName
from dashboard.analyses.start import api
from dashboard.analyses.start.api import TwoHeads
from dashboard.builtin.attention import attend
from dashboard.builtin.source_listing import listing
from dashboard.errors import UserError
from dashboard.heads.chance_words import verdict
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId
from dashboard.ui import head_names, session
from dashboard.ui.figure import Figure
from dashboard.ui.frame import example_texts
from dashboard.ui.frame.top import LONGEST_TEXT
from dashboard.ui.model_and_text import Opened, Reading
from dashboard.ui.results_cache import cached
from dashboard.ui.url_state import DEFAULTS

EXAMPLE = "start_example"  # the key of the chips
BOX, SHOWN = "start_text", "start_shown"  # the key of the box; what it showed last, and what before
SENTENCES = {
    "Agreement across a clause": "The keys to the cabinet in the hall are on the table.",
    "A garden path": "The horse raced past the barn fell.",
    "A pronoun with two candidates": "The nurse told the doctor that she would be late.",
    "Two meanings of one word": "She sat by the bank of the river and asked the bank for a loan.",
    "A list": "We bought bread, cheese, two lemons and a bottle of wine.",
    "A quotation": "“I will come,” said the king, “when the rain has stopped.”",
}
"""What each chip offers."""


def names_of(this: Opened) -> Mapping[HeadId, HeadName]:
    """Every head's name, where the model has a profile; else none has one."""
    unnamed = HeadName("unnamed", "unnamed", "There is no profile of this model yet: make one on “Corpora”.")
    return head_names.names_of(this) or dict.fromkeys(this.model.all_heads, unnamed)


@cached("Reading your sentence…")
def _two_heads(
    key: str, text: str, bos: bool, names: str, _this: Reading, _names: Mapping[HeadId, HeadName]
) -> TwoHeads:
    return api.two_heads(_this.model, _this.encoding, _names)


def two_heads(this: Reading) -> TwoHeads:
    """The two heads for this sentence. Raises UserError where it cannot be read."""
    names = names_of(this)
    return _two_heads(this.key, this.encoding.text, this.bos, str(hash(tuple(names.items()))), this, names)


def code() -> list[str]:
    """The lines of the minimal attention, without comments and types."""
    lines = (line.partition("#")[0].rstrip() for line in listing(attend).code.split("\n"))
    return [_untyped(line) if line.startswith("def ") else line for line in lines if line]


def _untyped(line: str) -> str:
    """``def f(q: Tensor, scale: float | None = None) -> Steps:`` → ``def f(q, scale=None):``"""
    return re.sub(r": [\w |]+(?=[,)=])", "", re.sub(r" -> \w+:$", ":", line)).replace("= ", "=")


def take_pair(i: int, j: int) -> None:
    """Two words were clicked: all heads are ranked along them."""
    session.change(pairs=f"{i} > {j}")


def marked_pair(this: Reading) -> tuple[int, int] | None:
    """The two words that were clicked, or that a link names; None where there is none of this text."""
    if session.choices().pairs == DEFAULTS.pairs:
        return None
    try:
        pairs = pairs_of(this.encoding, session.choices().pairs)
    except UserError:
        return None
    return pairs[0] if len(pairs) == 1 and max(pairs[0]) < len(this.encoding.words) else None


@cached()
def along(key: str, text: str, bos: bool, pair: tuple[int, int], _this: Reading) -> Examples:
    """All heads along a pair of words. Raises UserError where no head can see it."""
    return examples(_this.model, _this.encoding, [pair], _this.options)


def winner(found: Examples, names: Mapping[HeadId, HeadName]) -> str:
    """Which head links the two words best, by name, beside what it gives to words just as far away, and whether
    that is beyond chance."""
    best = found.row(found.best)
    if not best["n"] or not best["lift"] > 0:
        return example_finding(found)
    name = names[found.best]
    called = "" if name.kind == "unnamed" else f" ({name.text})"
    first, second = (found.words[k] for k in found.pairs[0])
    said = (
        f"{found.best}{called} links “{first}” to “{second}” best of all {len(found.table)} heads: "
        f"{percent(float(best['score']))}, against {percent(float(best['baseline']))} for words just as far apart."
    )
    return f"{said} {verdict(float(best['q']), found.table['q'].to_numpy())}".rstrip()


def squares(found: Examples, width: int) -> Figure:
    """All heads as squares, by their attention from the first word to the second."""
    draw = partial(draw_found_grid, found, **session.look(min(width, 560)).keywords())
    chart = draw(tray=session.choices().pinned, epoch=session.epoch())
    return Figure(chart, found.table, "squares", still=draw)


def sentence() -> None:
    """The sentence, to be typed, and sentences to try."""
    _shown(session.choices().text)
    st.text_input(
        "Your sentence",
        key=BOX,
        label_visibility="collapsed",
        placeholder="Type a sentence",
        max_chars=LONGEST_TEXT,
        on_change=_take_text,
    )
    example_texts.offer("", SENTENCES, EXAMPLE, _read)


def _shown(text: str) -> None:
    """Put the text into the box, and note which one stood there before, and until when."""
    before, gone = st.session_state.get(SHOWN, (text, {}))
    now = time.monotonic()
    gone = {one: when for one, when in gone.items() if now - when < session.STALE}
    if text != before:
        gone[before] = now
    st.session_state[SHOWN], st.session_state[BOX] = (text, gone), text


def _take_text() -> None:
    """Read what was typed. A browser that has not heard yet of another text tells the one before again, with the next
    thing that it has."""
    typed, (_, gone) = st.session_state[BOX], st.session_state[SHOWN]
    if example_texts.taken(EXAMPLE):
        return
    if time.monotonic() - gone.get(typed, float("-inf")) < session.STALE:
        session.mark_widget_run()
        return
    _read(typed)


def _read(text: str) -> None:
    """Another sentence: the pair that was marked on the one before is let go."""
    session.change(text=text, start=0, pairs=DEFAULTS.pairs)
