"""Weights held as bfloat16 and multiplied as 32-bit floats: half the memory, for models that do not fit otherwise.

A weight that was stored as bfloat16 loses nothing, so its model gives the same numbers. Any other is rounded to 8
significant bits (a relative error of at most 1 in 256).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

STORED = "held_as_bfloat16_"
"""Before the name of a parameter under which its bfloat16 numbers are held."""

SUFFIX = "+bfloat16"
"""Behind the revision of a model whose weights were rounded: its numbers are not those of the files."""


def is_lossless(kinds: Iterable[str]) -> bool:
    """Whether weights of these types (as safetensors names them) are the same as bfloat16."""
    return all(kind == "BF16" for kind in kinds if kind.startswith(("F", "BF")))


def note(lossless: bool) -> str:
    """What a person should know of a model that is held so."""
    held = "Its weights are held as bfloat16 and multiplied as 32-bit floats, because 32-bit floats did not fit into"
    if lossless:
        return f"{held} memory. They are stored as bfloat16, so nothing is lost."
    return f"{held} memory. That rounds them by up to 1 part in 256, and every figure with them."


def widen(module: Any) -> None:
    """Let every module of a bfloat16 model hand out its parameters as 32-bit floats.

    Whoever asks a module for its weight, its own forward pass or ours, gets a copy in 32-bit floats, which lives as
    long as it is used. So no state changes during a pass, and several threads may run the model at once.
    """
    import torch

    for part in module.modules():
        names = [name for name, held in part._parameters.items() if held is not None and held.dtype == torch.bfloat16]
        for name in names:
            part._parameters[STORED + name] = part._parameters.pop(name)
        for name, held in part._buffers.items():
            if held is not None and held.dtype == torch.bfloat16:
                part._buffers[name] = held.float()
        if names:
            kind = type(part)
            handed_out = {name: property(_wide(STORED + name)) for name in names}
            part.__class__ = type(kind.__name__, (kind,), {"__module__": kind.__module__, **handed_out})


def _wide(stored: str):
    return lambda module: module._parameters[stored].float()
