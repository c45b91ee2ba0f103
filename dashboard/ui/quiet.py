"""Short garbage collections.

Streamlit collects after every run, with Python's lock held. Half a million objects of imported libraries and open
models stay from start to end, and looking at them took 0.3 s a run: three quarters of all processor time, and nobody
else was answered meanwhile. So what survives a long collection is set aside (`gc.freeze`), and the next ones look only
at what is new. What is set aside can become garbage too, as the sessions of people who left (0.1 MB each) and a model
that nobody uses any more; so all of it is looked at again every minute in which somebody does something, and after a
model is let go.
"""

from __future__ import annotations

import gc
import time

LONG = 0.01  # seconds of processor time after which what survived is set aside
AGAIN = 60.0  # seconds after which all is looked at again

_begun = 0.0
_next = 0.0


def short_collections() -> None:
    """From here on, in this process. A second call does nothing."""
    if _watch not in gc.callbacks:
        gc.callbacks.append(_watch)


def look_again(*_: object) -> None:
    """Have the next full collection look at everything."""
    global _next
    _next = 0.0


def _watch(phase: str, about: dict[str, int]) -> None:
    """Called by Python before and after each collection, which no other thread can interrupt."""
    global _begun, _next
    if about["generation"] < 2:
        return
    if phase == "start":
        _begun = time.thread_time()
        if time.monotonic() > _next:
            gc.unfreeze()
            _next = time.monotonic() + AGAIN
    elif time.thread_time() - _begun > LONG:
        gc.freeze()  # all that is left was just found to be in use
