"""The errors that a person is meant to read, and what of all others may be written down."""

from __future__ import annotations

import traceback
from types import TracebackType


class UserError(Exception):
    """A plain sentence that says what is wrong and what to do next.

    Raised where an input enters (a model's name, a text, a file's ending). The page shows it as a notice; the command
    line prints it on standard error and exits with status 2. Any other exception is a bug.
    """


def places(kind: type[BaseException], at: TracebackType | None) -> str:
    """An exception's type and the lines through which it came, without its message."""
    lines = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(at)]
    return "\n".join([*lines, f"{kind.__module__}.{kind.__qualname__}"])
