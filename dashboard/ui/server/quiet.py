"""Short garbage collections, and none while the server starts.

The import of torch and transformers makes half a million objects that all stay. Python checks them again and again
while it goes on, which took a quarter of the time of the imports: 3.7 s with, 2.7 s without.

Streamlit collects after every run, with Python's lock held. Half a million objects of imported libraries and open
models live as long as the server, and checking them took 0.3 s a run: three quarters of all processor time, during
which no other session was served. So what survives a long collection is set aside (`gc.freeze`), and the next ones
check only new objects. Objects set aside can become garbage too, such as the sessions of people who left (0.1 MB each)
or a model that nobody uses any more. So everything is checked again once in every minute with activity, and after a
model is closed.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

LONG = 0.01  # seconds of processor time of a collection after which its survivors are set aside
AGAIN = 60.0  # seconds after which everything is checked again

_begun = 0.0
_next = 0.0


@contextmanager
def no_collections() -> Iterator[None]:
    """Collect nothing meanwhile, in any thread, and set aside what is there after it."""
    global _next
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        _next = time.monotonic() + AGAIN
        gc.enable()


def short_collections() -> None:
    """Turn it on in this process. A second call does nothing."""
    if _watch not in gc.callbacks:
        gc.callbacks.append(_watch)


def look_again(*_: object) -> None:
    """Let the next full collection check everything."""
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
        gc.freeze()  # everything left was just found to be in use
