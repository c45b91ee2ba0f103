"""Texts that all heads read in one pass, after which any head takes a millisecond: a short text at once, a long one in
a thread of its own, so that whoever leaves the page meanwhile comes back to what is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

import streamlit as st

from dashboard.analyses.explore.long_text import LongReading, read_long
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import By, Held
from dashboard.errors import UserError
from dashboard.text import Encoding
from dashboard.ui.results_cache import cached, give_way

if TYPE_CHECKING:
    from dashboard.ui.model_and_text import Reading

Made = TypeVar("Made")

FROM = 513  # tokens; up to here a whole map is drawn at once
# Bytes of the masks and position biases of a text that is read at once, and of its queries and keys on the disk.
MOST_HELD, MOST_KEPT = 32_000_000, 128_000_000
LOOK = 0.2  # seconds between two looks at how far it is
LEFT = 60.0  # seconds that nobody has waited for it until it is given up


def tells(model: AttentionModel, encoding: Encoding) -> bool:
    """Whether one pass tells what every head's weights over this text follow from."""
    return model.route == "tap" and not model.given and encoding.second is None


def at_once(key: str, text: str, bos: bool, model: AttentionModel, encoding: Encoding) -> LongReading | None:
    """A text of fewer than `FROM` tokens; None for a longer one, and where a model does not tell what its weights
    follow from or reads another text besides."""
    if not tells(model, encoding) or len(encoding) >= FROM:
        return None
    return _at_once(key, text, bos, model, encoding)


@cached("Reading the heads…", many=24, few=4, holds=True)
def _at_once(key: str, text: str, bos: bool, _model: AttentionModel, _encoding: Encoding) -> LongReading | None:
    try:
        found = read_long(_model, _encoding, give_way, most_held=MOST_HELD)
    except (UserError, OSError):  # what is wrong with the text is said by what reads it otherwise
        return None
    return found if found.calls.size <= MOST_KEPT else None


@cached(many=8, few=2, holds=True)
def held(key: str, text: str, bos: bool, by: By, _model: AttentionModel, _encoding: Encoding) -> Held:
    """What has run of this text to ablate heads in it."""
    return Held(_model, _encoding)


class _Left(BaseException):
    """Ends work that nobody waits for. No error, so no `except Exception` may hold it."""


@dataclass(eq=False)
class Slot(Generic[Made]):
    """Something that is being made in a thread of its own, or was.

    work: makes it; is given what to tell how far it is, a fraction and a sentence
    what: what is given up if nobody waits, as a sentence begins with it
    done, sentence: how far it is; found, wrong: how it ended; enough: whether a person has stopped it
    """

    work: Callable[[Callable[[float, str], None]], Made]
    what: str
    sentence: str
    done: float = 0.0
    found: Made | None = None
    wrong: Exception | None = None
    awaited: float = 0.0
    enough: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    thread: threading.Thread | None = None

    def begin(self) -> None:
        """Make it, unless it is made or being made. An earlier failure is tried again."""
        with self.lock:
            self.awaited = time.monotonic()
            if self.found is None and not (self.thread and self.thread.is_alive()):
                self.wrong, self.enough = None, False
                self.thread = threading.Thread(target=self._make, daemon=True)
                self.thread.start()

    @property
    def runs(self) -> bool:
        self.awaited = time.monotonic()
        return self.found is None and self.wrong is None and bool(self.thread and self.thread.is_alive())

    def stop(self) -> None:
        """What is there is enough. The work sees to it, if it can end early."""
        self.enough = True

    def again(self) -> None:
        """What a person has stopped is made from the start."""
        with self.lock:
            self.found, self.enough = None, False

    def result(self) -> Made:
        """It; while it is being made, a bar says how far that is. Raises what its work raised."""
        self.begin()
        if self.runs:
            bar = st.progress(self.done, self.sentence)
            while self.runs:
                bar.progress(self.done, self.sentence)
                time.sleep(LOOK)
            bar.empty()
        if self.found is None:
            raise self.wrong or UserError(f"{self.what} was given up. Reload the page to start again.")
        return self.found

    def _make(self) -> None:
        try:
            self.found = self.work(self._tell)
        except _Left:
            pass
        except Exception as wrong:
            self.wrong = wrong

    def _tell(self, fraction: float, sentence: str) -> None:
        if time.monotonic() - self.awaited > LEFT:
            raise _Left
        self.done, self.sentence = fraction, sentence


@cached(many=1, few=3, holds=True)
def _slot(key: str, text: str, bos: bool, most: int, _model: AttentionModel, _encoding: Encoding) -> Slot[LongReading]:
    return Slot(partial(read_long, _model, _encoding), "Reading this text", "Reading the text")


def read(this: Reading) -> LongReading:
    """The text as all heads read it; while that is under way, a bar says how far it is.

    Raises UserError for a model of which that cannot be had (`read_long`).
    """
    return _slot(this.key, this.encoding.text, this.bos, this.most, this.model, this.encoding).result()
