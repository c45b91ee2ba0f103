"""Which sums add a part of a layer to the stream: found in the arithmetic itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class Sums(TorchDispatchMode):
    """Watches one layer's arithmetic for the sums in which its parts are added to the stream.

    Tensors are known by their memory, so that a view is the thing it views. Whatever is known is also held, so that
    its memory is not given to another tensor while the layer lasts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.close()

    def close(self) -> None:
        self.before: torch.Tensor | None = None
        self.attention: torch.Tensor | None = None
        self.cross: torch.Tensor | None = None
        self.other: torch.Tensor | None = None
        self._held: list[torch.Tensor] = []
        self._stream: set[int] = set()  # the vectors between the parts
        self._normed: set[int] = set()  # … those that a norm of the stream itself gave
        self._mixed: set[int] = set()  # what came out of the heads and is not yet added
        self._waits = False  # for the sum that adds it
        self._counted: set[int] = set()  # sums of parts, on their way to the stream
        self._added_to_normed = False

    def open(self, vectors: torch.Tensor | None) -> None:
        self.close()
        if vectors is not None:
            self.before = vectors.clone()
            self._know(vectors, self._stream)

    def heads(self, values: torch.Tensor) -> None:
        """From here on: what is computed from these values comes out of the heads."""
        if self.before is not None and self.attention is None:
            self._await(values)

    def cross_heads(self, values: torch.Tensor) -> None:
        """The same of the heads of a decoder's cross attention, which come after its own."""
        if self.before is not None and self.attention is not None and self.cross is None:
            self._await(values)

    def _await(self, values: torch.Tensor) -> None:
        self._mixed, self._waits = set(), True
        self._know(values, self._mixed)

    def normalises(self, after: torch.Tensor) -> bool:
        """Whether the stream itself was normalised in this layer."""
        return self._added_to_normed or _place(after) in self._normed

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.before is None:
            return func(*args, **kwargs)
        name = func.overloadpacket.__name__
        found = self._sum(args, kwargs) if name in ("add", "add_") else None
        from_heads = found is None and self._waits and self._any_mixed(args, kwargs)
        output = func(*args, **kwargs)
        first = output[0] if isinstance(output, tuple | list) else output
        if found is not None:
            self._know(first, found)
        elif from_heads:
            for one in output if isinstance(output, tuple | list) else (output,):
                self._know(one, self._mixed)
        if name in ("native_layer_norm", "_fused_rms_norm") and _place(args[0]) in self._stream:
            self._know(first, self._stream)
            self._know(first, self._normed)
        return output

    def _sum(self, args: Sequence[Any], kwargs: dict) -> set[int] | None:
        """Takes note of a sum in which a part is added; to which of the known things its result belongs, if to any."""
        left, right = args[0], args[1]
        if not (isinstance(right, torch.Tensor) and left.shape == right.shape and self._is_whole(left)):
            return None
        if self._waits:
            mixed = [_place(one) in self._mixed for one in (left, right)]
            if mixed[0] == mixed[1]:
                return None
            part, other = (left, right) if mixed[0] else (right, left)
            added = part * kwargs.get("alpha", 1) if part is right else part.clone()
            if self.attention is not None:
                if _place(other) not in self._stream:
                    return None
                self.cross, self._waits = added, False
                return self._met(other)
            self.attention, self._waits = added, False
            if _place(other) in self._stream:
                return self._met(other)
            self.other = other.clone()  # both parts are summed up before they go to the stream
            return self._counted
        if self.attention is None:
            return None
        for part, other in ((left, right), (right, left)):
            if _place(other) in self._stream and _place(part) not in self._stream:
                if _place(part) not in self._counted:
                    factor = kwargs.get("alpha", 1) if part is right else 1
                    self.other = part * factor if self.other is None else self.other + part * factor
                return self._met(other)
        return None

    def _met(self, stream: torch.Tensor) -> set[int]:
        self._added_to_normed |= _place(stream) in self._normed
        return self._stream

    def _is_whole(self, tensor: torch.Tensor) -> bool:
        """A vector for each token, however the tokens are arranged."""
        before = self.before
        return before is not None and tensor.numel() == before.numel() and tensor.shape[-1] == before.shape[-1]

    def _any_mixed(self, args: Sequence[Any], kwargs: dict) -> bool:
        return any(
            _place(one) in self._mixed
            for given in (*args, *kwargs.values())
            for one in (given if isinstance(given, tuple | list) else (given,))
            if isinstance(one, torch.Tensor)
        )

    def _know(self, tensor: object, among: set[int]) -> None:
        if isinstance(tensor, torch.Tensor):
            self._held.append(tensor)
            among.add(_place(tensor))


def _place(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
