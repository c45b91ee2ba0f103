"""What was found once in a run of the script, and need not be looked up again before the next one.

A page asks for its model and its profile some ten times a run, and each time the files of their folders were looked at:
15 ms of a click. A fragment that runs alone goes on with what the run before it found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar

Value = TypeVar("Value")

_here = threading.local()  # Streamlit runs the script of a session in a thread


def begin() -> None:
    """Forget what the run before found."""
    _here.found = {}


def once(key: Hashable, make: Callable[[], Value]) -> Value:
    """What `make` gives, made once in a run for each key; each time where no run has begun. Errors are not kept."""
    found = getattr(_here, "found", None)
    if found is None:
        return make()
    if key not in found:
        found[key] = make()
    return found[key]
