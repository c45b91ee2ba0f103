"""Which of a model's layers have attention: the model's own numbers, where only some of its layers have it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch

Place = dict[int, int]  # list of modules (by identity) → which of its members is running


class Numbering:
    """Notes in which members of the model's lists of modules each call of attention was made."""

    def __init__(self, model: torch.nn.Module):
        self.lists = {id(one): one for one in model.modules() if isinstance(one, torch.nn.ModuleList) and len(one) > 1}
        self.calls: list[Place] = []
        self._running: list[tuple[int, int]] = []

    def note(self) -> None:
        """Attention is being called now."""
        self.calls.append(dict(self._running))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within this context it is known which members run, in this thread."""
        mine, handles = threading.get_ident(), []

        def enter(where: tuple[int, int]):
            return lambda *_: self._running.append(where) if threading.get_ident() == mine else None

        def leave(*_: Any) -> None:
            if threading.get_ident() == mine:
                self._running.pop()

        for key, members in self.lists.items():
            for number, member in enumerate(members):
                handles += [member.register_forward_pre_hook(enter((key, number))), member.register_forward_hook(leave)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def numbers(self) -> tuple[int, tuple[int, ...]]:
        """How many layers the model has, and the numbers of those that called, in the order of the calls.

        The layers are the longest list of modules whose members called one after the other, at most once each. Where
        there is none longer than the number of calls, every layer called: they are counted from 0.
        """
        count = len(self.calls)
        for key, members in sorted(self.lists.items(), key=lambda one: -len(one[1])):
            numbers = [place[key] for place in self.calls if key in place]
            if len(members) > count == len(numbers) and _rises(numbers):
                return len(members), tuple(numbers)
        return count, tuple(range(count))


def named_numbers(config: Any, count: int) -> tuple[int, tuple[int, ...]] | None:
    """The same by what a configuration calls its layers, for a model that handed out so many maps of attention; None
    where it has another number of layers with attention than that."""
    layers = getattr(config, "num_hidden_layers", None)
    if layers == count:
        return count, tuple(range(count))
    for name in ("layer_types", "layers_block_type", "layer_block_types", "block_types"):
        kinds = getattr(config, name, None)
        if isinstance(kinds, Sequence) and not isinstance(kinds, str):
            numbers = tuple(n for n, kind in enumerate(kinds) if "attention" in str(kind) and "linear" not in str(kind))
            if len(numbers) == count:
                return len(kinds), numbers
    return None


def _rises(numbers: Sequence[int]) -> bool:
    return all(a < b for a, b in pairwise(numbers))
