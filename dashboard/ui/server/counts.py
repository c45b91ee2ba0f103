"""What a monitor of a server for others sees: times, errors and open pages. No text, no address, nobody's key.

Each process writes its counts into the folder that PROMETHEUS_MULTIPROC_DIR names; `dashboard.ui.server.processes` sums
them up. On one's own machine nothing is counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from dashboard import serving
from dashboard.errors import UserError

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60)  # the bounds of the histogram of times


@lru_cache(maxsize=1)
def _counters() -> tuple[Histogram, Counter, Gauge]:
    from prometheus_client import Counter, Gauge, Histogram

    return (
        Histogram("two_heads_page_seconds", "Time of one run of a page", ["page"], buckets=SECONDS, registry=None),
        Counter("two_heads_broken_pages", "Runs of a page that ended with an error of ours", ["page"], registry=None),
        Gauge("two_heads_open_pages", "Tabs that are connected", multiprocess_mode="livesum", registry=None),
    )


@contextmanager
def timed(page: str) -> Iterator[None]:
    """Count one run of a page, with its time, and whether it broke."""
    if not serving.for_others():
        yield
        return
    runs, broken, _ = _counters()
    begun = time.perf_counter()
    try:
        yield
    except UserError:
        raise
    except Exception:
        broken.labels(page).inc()
        raise
    finally:
        runs.labels(page).observe(time.perf_counter() - begun)


@contextmanager
def connected() -> Iterator[None]:
    """Count a tab that is connected meanwhile."""
    if not serving.for_others():
        yield
        return
    _, _, tabs = _counters()
    tabs.inc()
    try:
        yield
    finally:
        tabs.dec()
