"""Is there room in memory? Asked before anything large is read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dashboard import serving
from dashboard.errors import UserError

SPARE = 300_000_000  # bytes that a model needs besides its weights to read a text

Dtype = Literal["float32", "bfloat16"]
"""How weights are held in memory. They are multiplied as 32-bit floats either way."""


def free_bytes() -> int:
    """Bytes that this process may still take: of the machine, of the container that it runs in, and on a server for
    others of its share of what the rules give."""
    import psutil

    free = psutil.virtual_memory().available
    rules = serving.rules()
    if rules is not None and rules.memory_gigabytes:
        free = min(free, max(0, int(rules.memory_gigabytes * 1e9 / rules.processes) - used_bytes()))
    try:  # a container's limit (cgroup 2); what the kernel could give back at once is not counted as taken
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        taken = int((group / "memory.current").read_text()) - int(stat.get("inactive_file", 0))
        return max(0, min(free, limit - taken))
    except (OSError, ValueError):
        return free


def used_bytes() -> int:
    """Bytes of memory that this process takes."""
    import psutil

    return psutil.Process().memory_info().rss


def needed_bytes(numbers: int, largest: int, dtype: Dtype) -> int:
    """The bytes that a model takes in memory, with what it needs to read a text.

    numbers: how many numbers its weights are; largest: those of its largest tensor, which as bfloat16 is widened to
    32-bit floats while it is used
    """
    weights = 4 * numbers if dtype == "float32" else 2 * numbers + 4 * largest
    return weights + SPARE


def dtype_that_fits(numbers: int, largest: int, free: int | None = None) -> Dtype | None:
    """float32 where that fits into memory, else bfloat16 where that does; None where neither does."""
    free = free_bytes() if free is None else free
    kinds: tuple[Dtype, ...] = ("float32", "bfloat16")
    return next((kind for kind in kinds if needed_bytes(numbers, largest, kind) <= free), None)


def check_fits(numbers: int, largest: int, called: str) -> Dtype:
    """How the weights are held in memory: see `dtype_that_fits`. Raises UserError where they do not fit."""
    free = free_bytes()
    if (dtype := dtype_that_fits(numbers, largest, free)) is None:
        both = [gigabytes(needed_bytes(numbers, largest, kind)) for kind in ("float32", "bfloat16")]
        raise UserError(
            f"“{called}” needs {both[0]} of memory as 32-bit floats, or {both[1]} as bfloat16, and {gigabytes(free)} "
            "are free. Choose a smaller model, or close other programs."
        )
    return dtype


def check_memory(needed: int, called: str) -> None:
    """Raises UserError where work on a model that takes `needed` bytes would not fit into memory."""
    free = free_bytes()
    if needed + SPARE > free:
        raise UserError(
            f"“{called}” needs {gigabytes(needed + SPARE)} of memory as 32-bit floats, and {gigabytes(free)} are free. "
            "Choose a smaller model, or close other programs."
        )


def gigabytes(size: int) -> str:
    """A size to read: ``1.5 GB``."""
    return f"{size / 1e9:.1f} GB"
