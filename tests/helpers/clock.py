"""How long work takes, on a machine that may be busy with other things."""

from __future__ import annotations

import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[], object], times: int = 3) -> float:
    """The least processor time, in seconds, that this process spends on the work in some tries.

    All threads of the process count together; what other programs do meanwhile does not.
    """
    took = []
    for _ in range(times):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)
