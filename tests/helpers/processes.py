"""The processes that a process has started and that still live."""

from __future__ import annotations

from contextlib import suppress

import psutil


def living(process: psutil.Process | None = None, command: str = "") -> list[psutil.Process]:
    """The children of a process (default: this one) that have not ended, with this part in their command line.

    One that has ended and was not yet taken leave of is none of them: it has no command line.
    """
    found = []
    for child in (process or psutil.Process()).children():
        with suppress(psutil.NoSuchProcess):  # a zombie is one as well
            if child.status() != psutil.STATUS_ZOMBIE and (not command or command in child.cmdline()):
                found.append(child)
    return found
