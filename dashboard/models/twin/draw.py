"""Weights as the library's own initialiser draws them, the same in every process."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from dashboard.models.twin.source import SEED


def draw(kind: Any, config: Any, *, dtype: str, attn_implementation: str) -> Any:
    """A model of that class and configuration, by the class's own `from_config`, seed 0, on the CPU.

    kind: AutoModel or one of its mappings, or a class of models; dtype: of the weights, "float32" or "bfloat16"

    The same call gives the same bytes in every process; the generators of torch, numpy and Python are left as they
    were. What the initialiser leaves unset is 0, not what the memory held.
    """
    how = {"dtype": getattr(torch, dtype), "attn_implementation": attn_implementation}
    make = kind._from_config if hasattr(kind, "_from_config") else kind.from_config
    with _seeded(), torch.device("cpu"), _Empty():
        return make(config, **how)


@contextmanager
def _seeded() -> Iterator[None]:
    """Generators at the seed, and afterwards as they were."""
    plain, numbers = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(SEED)  # torch.manual_seed would seed the GPU's too
        random.seed(SEED)
        np.random.seed(SEED)
        try:
            yield
        finally:
            random.setstate(plain)
            np.random.set_state(numbers)


class _Empty(TorchDispatchMode):
    """Within it, memory that is asked for unset is 0."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if func.overloadpacket in _UNSET and made.device.type != "meta":
            made.zero_()
        return made


_UNSET = {torch.ops.aten.empty, torch.ops.aten.new_empty, torch.ops.aten.empty_like, torch.ops.aten.empty_strided}
