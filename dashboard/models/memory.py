"""Is there room in memory? Asked before anything large is read."""

from __future__ import annotations

from pathlib import Path

from dashboard.errors import UserError

SPARE = 300_000_000  # bytes that a model needs besides its weights to read a text


def free_bytes() -> int:
    """Bytes that this process may still take: of the machine, or of the container that it runs in."""
    import psutil

    free = psutil.virtual_memory().available
    try:  # a container's limit (cgroup 2); what the kernel could give back at once is not counted as taken
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        taken = int((group / "memory.current").read_text()) - int(stat.get("inactive_file", 0))
        return max(0, min(free, limit - taken))
    except (OSError, ValueError):
        return free


def check_memory(needed: int, called: str) -> None:
    """Raises UserError where a model that takes `needed` bytes would not fit into memory."""
    free = free_bytes()
    if needed + SPARE > free:
        raise UserError(
            f"“{called}” needs {gigabytes(needed + SPARE)} of memory as 32-bit floats, and {gigabytes(free)} are free. "
            "Choose a smaller model, or close other programs."
        )


def gigabytes(size: int) -> str:
    """A size to read: ``1.5 GB``."""
    return f"{size / 1e9:.1f} GB"
