"""A model's own code: what it raises, as a sentence, and a model that is built without drawing numbers for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.errors import UserError

_SPEAKING = (ImportError, OSError, RuntimeError, ValueError)
"""Kinds of error whose own words say enough; of others, like "list index out of range", Python's name is said too."""
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


def reason(error: BaseException) -> str:
    """What a library says, as one sentence of bearable length, with the kind of error where that says more."""
    if isinstance(error, KeyError):
        return f"“{str(error.args[0])[:80] if error.args else ''}” is missing, or not known."
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    line = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
    pythons = type(error).__module__ == "builtins" and type(error) is not Exception
    if pythons and str(error).strip() and not isinstance(error, _SPEAKING):
        line = f"{type(error).__name__}: {line}"
    line = line if len(line) <= 200 else f"{line[:200]}…"
    return line if line.endswith((".", "…", "!", "?")) else f"{line}."


@contextmanager
def undrawn() -> Iterator[None]:
    """Within it, this thread draws no numbers for tensors that hold none.

    torch draws them in Python there, and imports sympy for it.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    draws = {torch.Tensor.normal_, torch.nn.init.normal_, torch.nn.init.trunc_normal_}
    draws |= {torch.Tensor.uniform_, torch.nn.init.uniform_, torch.nn.init.kaiming_uniform_}

    class Undrawn(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            if function in draws and (tensor := args[0] if args else kwargs["tensor"]).is_meta:
                return tensor
            return function(*args, **kwargs)

    with Undrawn():
        yield
