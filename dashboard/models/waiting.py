"""Moments at which a long step may be given up: a person who chose another model does not wait for this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

_on_pause: ContextVar[Callable[[], None] | None] = ContextVar("waiting", default=None)


@contextmanager
def while_waiting(call: Callable[[], None]) -> Iterator[None]:
    """Within it, what takes long calls `call` again and again; what that raises ends it.

    Looking at a model's weights, waiting for another load, loading (after each tensor) and the first short passes
    through a new model (before each layer) do. To get past the handlers on its way, it must be no `Exception`.
    """
    token = _on_pause.set(call)
    try:
        yield
    finally:
        _on_pause.reset(token)


def pause() -> None:
    """Such a moment. Without `while_waiting` round it, nothing happens."""
    if call := _on_pause.get():
        call()


@contextmanager
def holding(lock: Lock) -> Iterator[None]:
    """Holds a lock; while others hold it, the wait for it may be given up."""
    while not lock.acquire(timeout=0.25):
        pause()
    try:
        yield
    finally:
        lock.release()
