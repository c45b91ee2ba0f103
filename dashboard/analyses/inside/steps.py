"""One head from X to the layer's output, step by step, by the built-in attention: small maps, and one row in full.

No n × n matrix is kept: every step is reduced to a small map, block by block, and the row of one query is computed
again on request, which costs very little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from dashboard.analyses.inside.verify import Check, whole_layer
from dashboard.builtin.attention import Steps, contributions
from dashboard.builtin.source_listing import STEPS
from dashboard.capture import AttentionModel
from dashboard.capture.layer_trace import LayerRun
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.text.encoding import Encoding

SIDE = 96  # rows and columns of a map


@dataclass(frozen=True, eq=False)
class StepMap:
    """One step, reduced to a small map.

    Attributes
    ----------
    shape: rows and columns of the step itself
    low, high: its smallest and largest finite number
    values: at most 96 × 96: means over neighbouring rows and columns of the finite numbers; NaN where all are masked
    hidden: the number of cells that are −∞
    """

    shape: tuple[int, int]
    low: float
    high: float
    values: np.ndarray
    hidden: int = 0


@dataclass(frozen=True, eq=False)
class Layer:
    """What the heads of a layer share: the run, the queries, keys and values of all heads (h, n, d), and the maps and
    the check of the layer's result; `at_once` as in `Layerwise`."""

    run: LayerRun
    parts: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    maps: Mapping[str, StepMap]
    check: Check
    at_once: bool


@dataclass(frozen=True, eq=False)
class Inside:
    """One head over one text of n tokens and m keys: n, or n + 1 if the layer has a learned sink; of cross attention
    the tokens of the source.

    Attributes
    ----------
    head: the head
    layer: its layer
    maps: step → `StepMap`; x only if the layer's input is known, output only if its output projection is
    encoding: the text as the model sees it, of a decoder and cross attention the target
    keys: the labels of the keys (m)
    seen: the text of the keys; of cross attention the source
    model: the model's title
    name, revision: of the model, for the files
    part, source: of a decoder and cross attention the part, and the text that the encoder read; else ""
    reading: how the text was read, for the lines that reproduce it
    """

    head: HeadId
    layer: Layer
    maps: Mapping[str, StepMap]
    encoding: Encoding
    keys: tuple[str, ...]
    seen: Encoding
    model: str
    name: str = ""
    revision: str = ""
    part: str = ""
    source: str = ""
    reading: Mapping[str, object] = field(default_factory=dict)

    @property
    def crosses(self) -> bool:
        """Whether the keys are of another text than the queries."""
        return self.seen is not self.encoding

    @property
    def run(self) -> LayerRun:
        return self.layer.run

    @property
    def d(self) -> int:
        """The dimension of a query."""
        return self.layer.parts[0].shape[-1]

    @property
    def heads(self) -> int:
        return self.layer.parts[0].shape[0]


@dataclass(frozen=True, eq=False)
class QueryRow:
    """The row of one query token in every step of a head.

    Attributes
    ----------
    query, key: the query token, and the key token to show in detail, from 0
    products: the products q · k by dimension (d), which sum to the score
    scores, scaled, masked, weights: the row of each step (m); masked is −∞ for keys that the query may not see
    values: the value of each key (m, d)
    mixed: Σ weights · values (d)
    norms: of what each head adds to this token's row of the layer's output, ‖mixed_h · W_O,h‖ (h); None if there is no
        output projection to be seen
    """

    query: int
    key: int
    products: np.ndarray
    scores: np.ndarray
    scaled: np.ndarray
    masked: np.ndarray
    weights: np.ndarray
    values: np.ndarray
    mixed: np.ndarray
    norms: np.ndarray | None


@torch.inference_mode()
def open_layer(run: LayerRun) -> Layer:
    """The built-in attention of the whole layer, compared with the model's own."""
    whole = whole_layer(run)
    maps = {} if run.x is None else {"x": _map(run.x)}
    maps["joined"] = _map(whole.joined)
    if whole.output is not None:
        maps["output"] = _map(whole.output)
    return Layer(run, run.parts(), maps, whole.check, whole.at_once)


@torch.inference_mode()
def inside(
    layer: Layer,
    head: int,
    encoding: Encoding,
    model: AttentionModel,
    reading: Mapping[str, object],
) -> Inside:
    """All steps of one head (counted from 0) of a layer.

    encoding: the text that the layer ran over; model: what ran; reading: as in `Inside`.
    Raises UserError for a head that the layer does not have.
    """
    run, (q, k, v) = layer.run, layer.parts
    if not 0 <= head < len(q):
        raise UserError(f"{model.title} has heads 0 to {len(q) - 1}; there is no head {head}.")
    reduced: dict[str, list[_Reduced]] = {name: [] for name in ("scores", "scaled", "masked", "weights")}
    mixed = []
    for rows in run.blocks():
        steps = run.attend(layer.parts, rows, slice(head, head + 1)).head(0)
        for step, blocks in reduced.items():
            blocks.append(_Reduced.of(getattr(steps, step)))
        mixed.append(steps.mixed)
    found = {"q": _map(q[head]), "k": _map(k[head]), "v": _map(v[head]), "mixed": _map(torch.cat(mixed))}
    found |= {**{name: _Reduced.join(blocks) for name, blocks in reduced.items()}, **layer.maps}
    seen = encoding if model.source_text is None else model.source_text
    keys = seen.drawn if run.call.sink is None else (*seen.drawn, "(nowhere)")
    maps = {name: found[name] for name in STEPS if name in found}
    part, source = model.read_beside
    return Inside(
        HeadId(run.number, head, model.part),
        layer,
        maps,
        encoding,
        keys,
        seen,
        model.title,
        model.name,
        model.revision,
        part,
        source,
        reading,
    )


@torch.inference_mode()
def query_row(this: Inside, query: int, key: int | None = None) -> QueryRow:
    """The row of one query token, from its scores to what every head of the layer adds to it.

    query: from 0; key: the key to show in detail, from 0, or None for the one with the largest weight. Raises UserError
    for a token that the text does not have.
    """
    run, number = this.run, this.head.head
    n = len(this.encoding)
    if not 0 <= query < n:
        raise UserError(f"This text has tokens 0 to {n - 1}.")
    if key is not None and not 0 <= key < len(this.keys):
        raise UserError(f"There are keys 0 to {len(this.keys) - 1}.")
    every = run.attend(this.layer.parts, slice(query, query + 1))
    row: Steps = every.head(number)
    weights = row.weights[0]
    key = int(weights.argmax()) if key is None else key
    norms = None
    if run.w_o is not None:
        norms = contributions(every.mixed, run.w_o)[:, 0].norm(dim=-1).numpy()
    # The keys of this head's group; the key of a sink is a zero vector at the end.
    keys = row.k
    return QueryRow(
        query,
        key,
        (row.q[0] * keys[key]).numpy(),
        row.scores[0].numpy(),
        row.scaled[0].numpy(),
        row.masked[0].numpy(),
        weights.numpy(),
        row.v.numpy(),
        row.mixed[0].numpy(),
        norms,
    )


def _map(values: torch.Tensor) -> StepMap:
    return _Reduced.join([_Reduced.of(values)])


@dataclass(frozen=True, eq=False)
class _Reduced:
    """Some rows of a step, with columns summed in at most `SIDE` bins: sums and counts (rows, bins)."""

    sums: np.ndarray
    counts: np.ndarray
    columns: int
    low: float
    high: float
    hidden: int

    @classmethod
    def of(cls, block: torch.Tensor) -> _Reduced:
        values = block.float().cpu().numpy()
        seen = np.isfinite(values)
        finite = np.where(seen, values, 0.0)
        edges = _edges(values.shape[1])
        every = finite if seen.all() else values[seen]
        low, high = (float(every.min()), float(every.max())) if every.size else (np.inf, -np.inf)
        sums, counts = (np.add.reduceat(part, edges, axis=1) for part in (finite, seen.astype(np.float32)))
        return cls(sums, counts, values.shape[1], low, high, int(values.size - seen.sum()))

    @staticmethod
    def join(blocks: list[_Reduced]) -> StepMap:
        sums, counts = (np.concatenate([getattr(b, part) for b in blocks]) for part in ("sums", "counts"))
        rows = len(sums)
        sums, counts = (np.add.reduceat(part, _edges(rows), axis=0) for part in (sums, counts))
        values = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
        low, high = min(b.low for b in blocks), max(b.high for b in blocks)
        return StepMap((rows, blocks[0].columns), low, high, values, sum(b.hidden for b in blocks))


def _edges(count: int) -> np.ndarray:
    """Where the bins begin: `count` bins, but at most `SIDE`, as equal as possible."""
    bins = min(SIDE, count)
    return np.arange(bins) * count // bins
