"""What the attention of all layers over one text follows from, kept on the disk: any row of any head, without another
forward pass.

The weights of one head over 8,192 tokens are 268 MB, of all heads of SmolLM2 72 GB. Its queries and keys, from which
every weight follows, are 755 MB, in a file that the system drops with its last reader.
"""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, replace
from typing import IO

import numpy as np
import torch

from dashboard.capture.attention_call import Call
from dashboard.capture.model import AttentionModel
from dashboard.capture.visit import Block
from dashboard.capture.weight_file import check_runs
from dashboard.errors import UserError
from dashboard.files import cache_dir, not_written
from dashboard.heads.head_id import HeadId
from dashboard.text.encoding import Encoding

MOST_HELD = 400_000_000  # bytes of masks and position biases, which stay in memory


@dataclass(frozen=True)
class _Kept:
    """Where a layer's queries and keys stand in the file, and the call without them."""

    queries: int
    keys: int
    of_queries: torch.Size  # 1, heads, n, d
    of_keys: torch.Size  # 1, heads that share keys, n, d
    call: Call


@dataclass(frozen=True, eq=False)
class KeptHead:
    """One head over the text of n tokens, whose rows are computed when they are asked for. call: of this head alone"""

    call: Call

    def rows(self, rows: slice) -> np.ndarray:
        """The weights from these queries: float32 (rows, n). Rows sum to 1 (to less where the model has a learned
        sink)."""
        found = np.zeros((rows.stop - rows.start, self.call.k.shape[2]), np.float32)
        with torch.inference_mode():
            weights = self.call.weights(rows)[0, 0].numpy()
        found[:, : weights.shape[-1]] = weights
        return found

    @property
    def masked(self) -> bool:
        """Whether what a query may see does not follow from the model being causal or not."""
        return self.call.mask is not None

    def allowed(self, rows: slice) -> np.ndarray:
        """What these queries may see where it is `masked`: bool (rows, n)."""
        allowed = self.call.allowed(rows)
        assert allowed is not None
        return allowed[0].numpy()


class KeptCalls:
    """Visitor for one text: keeps what the weights of every layer follow from, and afterwards gives each head.

    Queries and keys are float32, as they enter the dot product, so the rows are those of the forward pass itself.

    The visit raises UserError for a model of route "eager", which does not tell them, and where the model's masks or
    position biases take more than `most_held` bytes.
    """

    def __init__(self, model: AttentionModel, encoding: Encoding, most_held: int = MOST_HELD):
        self._n, self._model, self._most_held = len(encoding), model, most_held
        self._file = _unnamed_file()
        self._lock = threading.Lock()
        self._layers: dict[int, _Kept] = {}
        # By address, which is nobody else's as long as the first is held: layers often share one mask.
        self._held: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def block(self, block: Block) -> None:
        if block.rows.start or block.layer in self._layers:
            return
        call = block.call
        if call is None:
            check_runs(self._model)
            raise UserError(
                f"{self._model.title} computes its attention in a way of its own, so a long text cannot be looked at. "
                "Choose another model, or a shorter text."
            )
        mask, bias = self._here(call.mask), self._here(call.bias)
        without, sink = call.q.new_empty(0).cpu(), None if call.sink is None else call.sink.cpu()
        bare = replace(call, q=without, k=without, v=without, module=None, mask=mask, bias=bias, sink=sink)
        self._layers[block.layer] = _Kept(
            self._write(call.q[0]), self._write(call.k[0]), call.q.shape, call.k.shape, bare
        )

    def of_head(self, head: HeadId) -> KeptHead:
        """One head, with its queries and keys read from the file."""
        kept = self._layers[head.layer]
        _, heads, n, d = kept.of_queries
        groups = kept.of_keys[1]
        q = self._read(kept.queries, head.head, (n, d))
        k = self._read(kept.keys, head.head // (heads // groups), (n, kept.of_keys[3]))
        return KeptHead(kept.call.of_head(head.head, q, k))

    def _here(self, tensor: torch.Tensor | None) -> torch.Tensor | None:
        """It in the memory of this machine, where queries and keys are read again: once, where layers share it."""
        if tensor is None:
            return None
        _, here = self._held.setdefault(tensor.data_ptr(), (tensor, tensor.cpu()))
        taken = sum(one.numel() * one.element_size() for _, one in self._held.values())
        if taken > self._most_held:
            raise UserError(
                f"{self._model.title} masks or moves each pair of tokens, which takes {taken / 1e9:.1f} GB for "
                f"{self._n:,} tokens. Use a shorter text."
            )
        return here

    @property
    def size(self) -> int:
        """Bytes of all queries and keys."""
        with self._lock:
            return self._file.seek(0, 2)

    def _write(self, tensor: torch.Tensor) -> int:
        """Append float32 numbers to the file; returns where they begin. Raises UserError where the disk is full."""
        with self._lock:
            try:
                place = self._file.seek(0, 2)
                self._file.write(np.ascontiguousarray(tensor.float().cpu().numpy()).data)
            except OSError as wrong:
                raise not_written(wrong, "the queries and keys of this text") from None
        return place

    def _read(self, place: int, which: int, shape: tuple[int, int]) -> torch.Tensor:
        """Of the matrices of this shape that begin at a place the one with this number: (1, 1, n, d)."""
        size = 4 * shape[0] * shape[1]
        with self._lock:
            self._file.seek(place + which * size)
            numbers = np.frombuffer(bytearray(self._file.read(size)), np.float32)
        return torch.from_numpy(numbers.reshape(1, 1, *shape))


def _unnamed_file() -> IO[bytes]:
    """A file that is gone with its last reader; in the cache folder, as the system's own place for such files may be
    memory."""
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=cache_dir(), prefix="two-heads-")
    except (OSError, UserError):
        return tempfile.TemporaryFile(prefix="two-heads-")
