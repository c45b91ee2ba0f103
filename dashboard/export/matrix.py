"""One head's matrix as a file: NPZ."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from dashboard.export.provenance import Provenance
from dashboard.export.sanitize import legal
from dashboard.formats import content
from dashboard.heads.map_axis import MapAxis
from dashboard.heads.view import HeadView

_NAMES = {
    "weight": "weights",
    "contribution": "contributions",
    "rollout": "rollout",
    "mean_weight": "mean_weights",
    "summed_weight": "summed_weights",
    "largest_weight": "largest_weights",
}


@dataclass(frozen=True)
class StoredMatrix:
    """A head's matrix in a stored report: the head's name, and the bytes of `npz_bytes`."""

    head: str
    data: bytes


def matrix_bytes(view: HeadView | StoredMatrix, provenance: Provenance | None = None, fmt: str = "npz") -> bytes:
    """The matrix of a head as a file's content. Same view, same bytes.

    fmt: an ending whose entry in `FORMATS` holds a matrix

    Raises ValueError for another format.
    """
    return content("matrix", fmt, view, provenance)


def npz_bytes(view: HeadView | StoredMatrix, provenance: Provenance | None = None) -> bytes:
    """The arrays of `arrays_of` for ``numpy.load``, without pickle."""
    if isinstance(view, StoredMatrix):
        return view.data
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays_of(view, provenance))
    return out.getvalue()


def arrays_of(view: HeadView | StoredMatrix, provenance: Provenance | None = None) -> dict[str, np.ndarray]:
    """The arrays of a file with a head's matrix, by name.

    Arrays
    ------
    weights: float32 (m, k); row i holds the weights of query i; named "contributions" or "rollout" if the view measures
        that, and of several heads at once "mean_weights", "summed_weights" or "largest_weights". k = m, except for
        cross attention, whose rows and columns belong to two texts: then the next four are of the rows, and arrays with
        key_ before the name, like key_tokens, of the columns
    tokens: str (m), the text of each position
    special: bool (m), True for a special token
    unknown: int64 (m), how many of its tokens are the tokenizer's unknown token: characters the model has not read
    spans: int64 (m, 2), character span in the text; (-1, -1) for what is not in it. For a pair, the span in the first
        text, a line end and the second text
    segments: for a pair, int64 (m): 0, or 1 if the position belongs to the second text
    stretches: for one text of several stretches, str (m): the name of each position's, like "prompt"
    allowed: if only links from one text to the other are chosen, bool (m, m): those. The others are written as 0
    provenance: str (), JSON
    """
    if isinstance(view, StoredMatrix):
        with np.load(io.BytesIO(view.data), allow_pickle=False) as stored:
            return dict(stored)
    arrays = {
        _NAMES[view.measure]: np.ascontiguousarray(view.weights, dtype=np.float32),
        **_along(view.queries),
    }
    if not view.one_axis:
        arrays |= {f"key_{name}": array for name, array in _along(view.keys).items()}
    if view.queries.segments:
        arrays["segments"] = np.array(view.queries.segments, dtype=np.int64)
    if view.crosses:
        arrays["allowed"] = view.allowed
    if provenance is not None:
        arrays["provenance"] = np.array(provenance.to_json())
    return arrays


def _along(axis: MapAxis) -> dict[str, np.ndarray]:
    """The arrays for one axis."""
    named = axis.stretches and not axis.segments  # of a pair the segments say it
    return {
        "tokens": np.array([legal(label) for label in axis.labels], dtype=np.str_),
        "special": np.array(axis.special, dtype=np.bool_),
        "unknown": np.array(axis.unknown or [0] * len(axis), dtype=np.int64),
        "spans": np.array([span or (-1, -1) for span in axis.spans], dtype=np.int64).reshape(-1, 2),
    } | ({"stretches": np.array(axis.stretches, dtype=np.str_)} if named else {})
