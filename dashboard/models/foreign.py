"""What a model's own code raises, as a sentence: its code is anybody's, and so are its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.errors import UserError

_NO_MEMORY = ("can't allocate memory", "out of memory", "not enough memory", "unable to allocate")


@contextmanager
def foreign(doing: str, advice: str = "Try another text, else choose another model.") -> Iterator[None]:
    """Within this context a model's code runs: whatever it raises becomes a UserError.

    doing: the step and the model, as in "… failed"; advice: what to try. A UserError passes as it is; so does what ends
    a run from outside (Ctrl+C, Streamlit's stop), which is no Exception.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or any(part in str(error).lower() for part in _NO_MEMORY):
            raise UserError(f"{doing} needs more memory than is free. {advice}") from error
        raise UserError(f"{doing} failed: {reason(error)} {advice}") from error


def reason(error: Exception) -> str:
    """The library's own first line, as one sentence of bearable length, with the kind of error where that says more."""
    line = (str(error).strip().splitlines() or [""])[0].strip()
    if not line:
        line = type(error).__name__
    elif not isinstance(error, (RuntimeError, ValueError, OSError)):
        line = f"{type(error).__name__}: {line}"
    line = line if len(line) <= 200 else f"{line[:200]}…"
    return line if line.endswith((".", "…", "!", "?")) else f"{line}."
