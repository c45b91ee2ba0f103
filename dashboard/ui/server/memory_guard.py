"""Before memory runs short, what is kept between clicks is let go: a result is computed again, a process that the
system ends takes everyone's page with it."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from contextlib import suppress

from dashboard.models.memory import free_bytes
from dashboard.ui import caches, results_cache

SHORT = 400_000_000  # bytes that are still free, under which caches are emptied
PAUSE = 30.0  # seconds until they are emptied again: something else may take the memory

_looking = threading.Lock()
_last = -PAUSE


def look() -> bool:
    """Where memory is short, empty the caches of results; where it still is then, close the models. Whether it was."""
    global _last
    if time.monotonic() - _last < PAUSE or free_bytes() >= SHORT or not _looking.acquire(blocking=False):
        return False
    try:
        _last = time.monotonic()
        results_cache.empty()
        _give_back()
        if free_bytes() < SHORT:
            caches.close_all()
            _give_back()
        return True
    finally:
        _looking.release()


def _give_back() -> None:
    """Hand what is free in this process back to the system."""
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)
