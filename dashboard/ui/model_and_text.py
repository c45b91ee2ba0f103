"""The model and the text that a page is about, or a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from dashboard.analyses.scores.survey import Survey
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.export.provenance import reading as read_again
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import Between, HeadView, links_between
from dashboard.models import CATALOGUE, NotInstalled, find
from dashboard.text import Encoding, Special, Unit, reading_notes
from dashboard.ui import caches, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import end_page
from dashboard.ui.paths import NotChosenHere
from dashboard.ui.url_state import FIRST_TEXT

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Opened:
    """A model, and whether a start token is put before what it reads."""

    model: AttentionModel
    bos: bool
    key: str


@dataclass(frozen=True, eq=False)
class Reading(Opened):
    """What a page is about: one model, one text as it sees it."""

    encoding: Encoding

    @property
    def options(self) -> dict[str, Any]:
        """How the text was read, for the lines that read it again."""
        cut = caches.TOKENS_AT_MOST if self.encoding.left_out else None
        return read_again(self.encoding, bos=self.bos, limit=cut)

    @property
    def between(self) -> Between | None:
        """Which links of a sentence pair a person asked for; None for all, and for a single text."""
        asked = session.choices().between
        return None if self.encoding.second is None or asked == "all" else asked

    @property
    def links(self) -> dict[str, Any]:
        """`between` as an option of what draws heads, where a person asked for some links only."""
        return {"between": self.between} if self.between else {}

    def between_texts(self, views: Sequence[HeadView]) -> list[HeadView]:
        """Of these views the links between the texts that a person asked for."""
        return links_between(views, self.between)

    def overview(self) -> Survey:
        return caches.overview(self.key, self.encoding.text, self.bos, self.model, self.encoding, self.between)

    def views(self, *heads: HeadId, unit: Unit | None = None, special: Special | None = None) -> list[HeadView]:
        """The heads' weights. unit, special: where they are not the chosen ones"""
        return self._made(caches.views, heads, unit, special)

    def contributions(self, *heads: HeadId, unit: Unit | None = None, special: Special | None = None) -> list[HeadView]:
        """What the heads carry over, as `views`. Raises UserError where that cannot be measured."""
        return self._made(caches.contributions, heads, unit, special)

    def measured(self, *heads: HeadId, unit: Unit | None = None, special: Special | None = None) -> list[HeadView]:
        """What a person chose to see of the heads, as `views`: their weights or their contributions; where these cannot
        be measured, a sentence and the weights."""
        carried = contributed(lambda: self.contributions(*heads, unit=unit, special=special))
        return carried or self.views(*heads, unit=unit, special=special)

    def _made(self, make: Callable[..., list[HeadView]], heads: tuple[HeadId, ...], *how: str | None) -> list[HeadView]:
        """how: unit and special, None where they are the chosen ones"""
        chosen = session.choices().unit, session.choices().special
        asked = [one or usual for one, usual in zip(how, chosen, strict=True)]
        return make(self.key, self.encoding.text, self.bos, heads, *asked, self.model, self.encoding)


def contributed(make: Callable[[], Made]) -> Made | None:
    """What `make` makes of contributions, where a person chose to see them; None where not, and with a sentence where
    they cannot be measured."""
    if session.choices().measure_of == "contribution":
        try:
            return make()
        except UserError as wrong:
            st.info(escape_markdown(str(wrong)), icon=":material/info:")
    return None


def open_reading() -> Reading:
    """Raises UserError: no such model, a text that cannot be read …"""
    return _read(_open(), pairs=True)


def _open() -> Opened:
    chosen = session.choices()
    model, key = caches.opened(chosen.model)
    return Opened(model, chosen.bos == "yes", key)


def _read(this: Opened, pairs: bool = False) -> Reading:
    chosen = session.choices()
    pair = chosen.pair if pairs and this.model.has_pairs else ""
    # What is kept of a pair is not taken for what one text gave, nor for a pair that is divided elsewhere.
    key = f"{this.key}\npair {len(chosen.text)}" if pair else this.key
    encoding = caches.encoding(key, chosen.text, this.bos, this.model, pair)
    return Reading(this.model, this.bos, key, encoding)


def reading(pairs: bool = False) -> Reading:
    """For a page that is about a text: the reading, or a sentence and the end of the page. pairs: as in `read_text`"""
    if not _has_text():
        end_page()
    return text_or_end(opened(), pairs)


def has_pairs() -> bool:
    """Whether the chosen model reads sentence pairs."""
    try:
        return _open().model.has_pairs
    except UserError:
        return False


def opened() -> Opened:
    """For a page that can do without a text: the model, or a sentence and the end of the page."""
    try:
        return _open()
    except NotInstalled as missing:
        offer(session.choices().model, str(missing))
    except NotChosenHere as asked:
        offer_path(asked, "model")
    except UserError as wrong:
        st.error(escape_markdown(str(wrong)), icon=":material/error:")
    end_page()
    return None


def read_text(this: Opened, pairs: bool = False) -> Reading | None:
    """The text as the model sees it; or a sentence with what to do, and None.

    pairs: together with the second text, where there is one and the tokenizer knows pairs; a page that does not says so
    """
    if not _has_text():
        return None
    if not pairs and session.choices().pair and this.model.has_pairs:
        st.caption("This page uses only the first text.")
    try:
        return _read(this, pairs)
    except UserError as wrong:
        st.error(escape_markdown(str(wrong)), icon=":material/error:")
        return None


def text_or_end(this: Opened, pairs: bool = False) -> Reading:
    """For a page whose end is about a text: the text as the model sees it; or a sentence and the end of the page."""
    text = read_text(this, pairs)
    if text is None:
        end_page()
    return text


def _has_text() -> bool:
    """Whether there is a text; where there is none it is said."""
    if session.choices().text.strip():
        return True
    st.info("There is no text yet. Type one at the top, or use an example.", icon=":material/edit:")
    st.button("Use the first example", on_click=session.change, kwargs={"text": FIRST_TEXT, "start": 0})
    return False


def fit_choices() -> None:
    """Heads that the model does not have are changed before anything is drawn."""
    try:
        model, _ = caches.opened(session.choices().model)
    except UserError:
        return  # the page says it
    session.fit_to(model.layers, model.heads, model.numbers)


def is_causal() -> bool:
    try:
        return caches.opened(session.choices().model)[0].causal
    except UserError:
        return False


def note() -> str | None:
    """What a person should know about how the chosen model is read."""
    try:
        return caches.opened(session.choices().model)[0].note
    except UserError:
        return None


def counts() -> str:
    """How much of the text the model sees, in one line."""
    try:
        seen = open_reading()
    except UserError:
        return "Nothing has been read yet."
    encoding, model = seen.encoding, seen.model
    limit = min(model.limit, caches.TOKENS_AT_MOST)
    words, special = len(encoding.words), sum(encoding.special)
    both = "" if encoding.second is None else " in two texts"
    return f"{counted(words, 'words')}{both}, {len(encoding):,} tokens (at most {limit:,}), {special} of them special."


def reading_remarks() -> list[str]:
    """What the model did not see of the text as it stands: words that it lost or did not know, an end cut off."""
    try:
        seen = open_reading()
    except UserError:
        return []
    return reading_notes(seen.encoding, seen.model.title, min(seen.model.limit, caches.TOKENS_AT_MOST))


def offer(name: str, sentence: str) -> None:
    """What a model that is not on this machine is, and a button that brings it here."""
    st.info(escape_markdown(sentence), icon=":material/download:")
    if name in CATALOGUE:
        card = CATALOGUE[name]
        st.markdown(f"{card.about} {card.layers} layers × {card.heads} heads. Licence: {card.licence}.")
    get_button(name)


def offer_path(asked: NotChosenHere, choice: str) -> None:
    """What a link names by a path, and a button that opens it. choice: which one it is, by its field"""
    st.info(escape_markdown(str(asked)), icon=":material/link_off:")
    if not asked.elsewhere:
        st.button(
            "Open it",
            key=f"open_{choice}",
            icon=":material/folder_open:",
            on_click=session.change,
            kwargs={choice: asked.name},
        )


def get_button(name: str) -> None:
    """A button that brings a model to this machine, with progress."""
    known = CATALOGUE.get(name)
    label = f"Get {known.title} ({known.download_bytes / 1e6:.0f} MB)" if known else f"Get {escape_markdown(name)}"
    if not st.button(label, key=f"get_{name}", icon=":material/download:"):
        return
    bar = st.progress(0.0, "Starting…")

    def tell(fraction: float, step: str) -> None:
        bar.progress(min(max(fraction, 0.0), 1.0), step)

    try:
        find(name, fetch_missing=True, progress=tell)
    except UserError as wrong:
        bar.empty()
        st.error(escape_markdown(str(wrong)), icon=":material/error:")
    else:
        st.rerun()
