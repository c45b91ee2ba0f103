"""The model and the text of a page; if one is missing, a sentence that says what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from dashboard import serving
from dashboard.analyses.scores.survey import Survey
from dashboard.capture import AttentionModel
from dashboard.corpus.read_twice import part_for_corpus
from dashboard.errors import UserError
from dashboard.export.provenance import reading as read_again
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import Between, HeadView, links_between
from dashboard.models import NotInstalled
from dashboard.text import Encoding, Special, Unit, reading_notes
from dashboard.ui import caches, page_list, session
from dashboard.ui.markdown import error_said
from dashboard.ui.missing_model import offer, offer_path
from dashboard.ui.page import end_page, problem
from dashboard.ui.page_list import LONG
from dashboard.ui.paths import NotChosenHere
from dashboard.ui.target_offer import offer_targets
from dashboard.ui.url_fields import digest
from dashboard.ui.url_state import FIRST_TEXT

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Opened:
    """An open model. bos: whether a start token goes before the text; key: the cache key of what is computed with it"""

    model: AttentionModel
    bos: bool
    key: str


@dataclass(frozen=True, eq=False)
class Reading(Opened):
    """A model and an encoded text. most: how many tokens are read here"""

    encoding: Encoding
    most: int = caches.TOKENS_AT_MOST

    @property
    def options(self) -> dict[str, Any]:
        """How the text was encoded, as options of the lines that make a figure again."""
        cut = self.most if self.encoding.left_out else None
        return read_again(self.encoding, bos=self.bos, limit=cut)

    @property
    def between(self) -> Between | None:
        """The chosen links of a sentence pair; None for all, and for a single text."""
        wanted = session.choices().between
        return None if self.encoding.second is None or wanted == "all" else wanted

    @property
    def links(self) -> dict[str, Any]:
        """`between` as an option for drawing heads; empty if it is None."""
        return {"between": self.between} if self.between else {}

    def between_texts(self, views: Sequence[HeadView]) -> list[HeadView]:
        """These views, reduced to the chosen links between the texts."""
        return links_between(views, self.between)

    def overview(self) -> Survey:
        return caches.overview(self.key, self.encoding.text, self.bos, self.model, self.encoding, self.between)

    def views(self, *heads: HeadId, unit: Unit | None = None, special: Special | None = None) -> list[HeadView]:
        """The heads' weights. unit, special: None for the chosen ones"""
        return self._made(caches.views, heads, unit, special)

    def contributions(self, *heads: HeadId, unit: Unit | None = None, special: Special | None = None) -> list[HeadView]:
        """The heads' contributions, as `views`. Raises UserError if they cannot be measured."""
        return self._made(caches.contributions, heads, unit, special)

    def chosen_views(self, *heads: HeadId, unit: Unit | None = None, special: Special | None = None) -> list[HeadView]:
        """The weights or the contributions of the heads, whichever is chosen, as `views`.

        If contributions cannot be measured, shows a sentence and returns the weights.
        """
        carried = contributed(lambda: self.contributions(*heads, unit=unit, special=special))
        return carried or self.views(*heads, unit=unit, special=special)

    def _made(self, make: Callable[..., list[HeadView]], heads: tuple[HeadId, ...], *how: str | None) -> list[HeadView]:
        """how: unit and special, None for the chosen ones"""
        chosen = session.choices().unit, session.choices().special
        options = [one or usual for one, usual in zip(how, chosen, strict=True)]
        return make(self.key, self.encoding.text, self.bos, heads, *options, self.model, self.encoding)


def contributed(make: Callable[[], Made]) -> Made | None:
    """The result of `make` if contributions are chosen, else None; None and a sentence if they cannot be measured."""
    if session.choices().measure_of == "contribution":
        try:
            return make()
        except UserError as wrong:
            st.info(error_said(wrong), icon=":material/info:")
    return None


def open_reading() -> Reading:
    """The chosen model and text. Raises UserError: no such model, a text that cannot be read …"""
    return _read(_open(), pairs=True)


def _open() -> Opened:
    chosen = session.choices()
    model, key = caches.opened(chosen.model)
    return Opened(model, chosen.bos == "yes", key)


def _read(this: Opened, pairs: bool = False, parts: bool = False) -> Reading:
    chosen = session.choices()
    if parts and reads_target(this):
        part = caches.part(this.key, chosen.part, chosen.text, this.bos, this.model)
        key = f"{this.key}\n{chosen.part} of {digest(chosen.text)}"
        return Reading(part, this.bos, key, caches.encoding(key, chosen.target, this.bos, part))
    pair = chosen.pair if pairs and this.model.has_pairs else ""
    # A pair needs cache keys of its own, different from one text and from a pair divided elsewhere; so does a text that
    # a model continued.
    divided = f"pair {len(chosen.text)}" if pair else chosen.border
    key = f"{this.key}\n{divided}" if divided else this.key
    most = _most(this.model, pair)
    serving.check_text(chosen.read, pair)
    return Reading(this.model, this.bos, key, caches.encoding(key, chosen.read, this.bos, this.model, pair, most), most)


def _most(model: AttentionModel, pair: str = "") -> int:
    """How many tokens this page reads."""
    long = LONG in page_list.at(st.session_state.get("page", "")).uses and model.route == "tap" and not pair
    return min(model.limit, caches.LONGEST if long else caches.TOKENS_AT_MOST)


def reading(pairs: bool = False, parts: bool = False) -> Reading:
    """The reading, for a page about a text; else a sentence and the end of the page. pairs: as in `read_text`

    parts: of an encoder–decoder, of the chosen part, whose text may be the target
    """
    if not _has_text():
        end_page()
    return text_or_end(opened(), pairs, parts)


def reads_target(this: Opened) -> bool:
    """Whether the chosen part of the model reads a target."""
    return bool(this.model.parts) and session.choices().part in ("decoder", "cross")


def has_pairs() -> bool:
    """Whether the chosen model reads sentence pairs."""
    try:
        return _open().model.has_pairs
    except UserError:
        return False


def opened(parts: bool = False) -> Opened:
    """The model, for a page that works without a text; else a sentence and the end of the page.

    parts: of an encoder–decoder the chosen part, which has no source yet
    """
    try:
        this = _open()
        if not (parts and reads_target(this)):
            return this
        part = session.choices().part
        return Opened(part_for_corpus(this.model, part), this.bos, f"{this.key}\n{part}")
    except NotInstalled as missing:
        offer(session.choices().model, str(missing))
    except NotChosenHere as refused:
        offer_path(refused, "model")
    except UserError as wrong:
        problem(wrong)
    end_page()
    return None


def opened_or_none() -> Opened | None:
    """The model, where it can be opened; the page says why not."""
    try:
        return _open()
    except UserError:
        return None


def read_text(this: Opened, pairs: bool = False, parts: bool = False) -> Reading | None:
    """The encoded text; or a sentence with what to do, and None.

    pairs: with the second text, if there is one and the tokenizer knows pairs; without `pairs` the page says that it
        reads the first text alone
    parts: as in `reading`; where the chosen part reads a target and there is none, the page offers two
    """
    if not _has_text():
        return None
    if parts and reads_target(this) and not session.choices().target.strip():
        offer_targets(this)
        return None
    if not pairs and session.choices().pair and this.model.has_pairs:
        st.caption("This page uses only the first text.")
    try:
        return _read(this, pairs, parts)
    except UserError as wrong:
        problem(wrong)
        return None


def text_or_end(this: Opened, pairs: bool = False, parts: bool = False) -> Reading:
    """As `read_text`, but ends the page if there is no text to read."""
    text = read_text(this, pairs, parts)
    if text is None:
        end_page()
    return text


def _has_text() -> bool:
    """Whether there is a text; if not, the page says so."""
    if session.choices().text.strip():
        return True
    st.info("There is no text yet. Type one at the top, or use an example.", icon=":material/edit:")
    st.button("Use the first example", on_click=session.change, kwargs={"text": FIRST_TEXT, "start": 0})
    return False


def fit_choices(parts: bool = False) -> None:
    """Replace chosen heads that the model does not have, before anything is drawn. parts: whether the page reads every
    part of an encoder–decoder; another one reads the encoder"""
    try:
        model, _ = caches.opened(session.choices().model)
    except UserError:
        return  # the page reports it
    if model.own_text is not None:
        session.read_own(model.own_text.text, model.title)
    if model.whole is None:
        session.fit_to(model.layers, model.heads, model.numbers, exist=model.all_heads if model.fewer else ())
        return
    every, chosen = model.whole.parts, session.choices().part or "encoder"
    read = every[chosen if parts else "encoder"]
    others = [head for one in every.values() if one.part != read.part for head in one.all_heads]
    session.fit_to(read.layers, read.heads, read.numbers, "" if read.part == "encoder" else read.part, others)


def has_parts() -> bool:
    """Whether the chosen model is an encoder–decoder."""
    try:
        return bool(_open().model.parts)
    except UserError:
        return False


def is_causal() -> bool:
    this = opened_or_none()
    return this is not None and this.model.causal


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
    encoding, limit = seen.encoding, seen.most
    words, special = len(encoding.words), sum(encoding.special)
    both = "" if encoding.second is None else " in two texts"
    named = [f"{count:,} {name}" for name, count in Counter(encoding.stretches).items() if not both]
    told = f"{counted(words, 'words')}{both}, {len(encoding):,} tokens (at most {limit:,}), {special} of them special"
    return ", ".join([told, *named]) + "."


def reading_remarks() -> list[str]:
    """What the model did not read of the text as it stands: lost or unknown words, an end cut off."""
    try:
        seen = open_reading()
    except UserError:
        return []
    return reading_notes(seen.encoding, seen.model.title, seen.most)
