"""The effect of ablating each head of a model over the built-in sentences, as a measurement: METRICS §7.

    request = Request.of(model, "mean")
    MEASUREMENT.find(request).table               # shipped, or measured on this machine

The result is a table of `dashboard.ablate_in` with a row per head. It is stored as Parquet, with the request in the
file.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from dashboard.analyses.ablation.api import ablate_in
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import By
from dashboard.corpus.builtin import builtin_corpus
from dashboard.export import Provenance, table_bytes
from dashboard.export.metadata import KEY
from dashboard.heads.head_id import HeadId, heads_by_layer, heads_of
from dashboard.jobs.measurement import Measurement, NotOurs
from dashboard.jobs.results import AllHeads
from dashboard.jobs.work import OnProgress

SENTENCES = 32
SEAL = "table_sha256"


@dataclass(frozen=True)
class Request(AllHeads):
    """The request: every head of a model, over sentences of the built-in corpus, evenly spread.

    by: what replaces a head's output, "zero" or "mean"
    numbers: the layers that have attention, empty for all; fewer: those that have fewer heads, and how many
    sentences: how many sentences
    """

    by: By = "zero"
    numbers: tuple[int, ...] = ()
    sentences: int = SENTENCES
    fewer: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, model: AttentionModel, by: By = "zero", bos: bool = True, sentences: int = SENTENCES) -> Self:
        """The request for an open model."""
        fewer = tuple(sorted(model.fewer.items()))
        return super().of(model, bos, by=by, numbers=model.numbers, sentences=sentences, fewer=fewer)

    @property
    def every(self) -> list[HeadId]:
        """All heads of the model, in order."""
        most = dict(self.fewer)
        return heads_by_layer({layer: most.get(layer, self.heads) for layer in self.numbers or range(self.layers)})

    @property
    def options(self) -> dict[str, str | int | float | bool | None]:
        fewer = {} if self.sentences == SENTENCES else {"sentences": self.sentences}
        return {"by": self.by, "bos": self.bos} | fewer

    @property
    def named(self) -> tuple[str, ...]:
        return (self.by,)

    @property
    def shipped_name(self) -> str:
        return f"{super().shipped_name}-{self.by}"

    def key(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "revision": self.revision,
            "heads": [self.layers, self.heads],
            "by": self.by,
            "bos": self.bos,
            "sentences": self.sentences,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, eq=False)
class HeadEffects:
    """An `effect.effect_table` over sentences, with a row per head of a model in order, and its provenance."""

    table: pd.DataFrame
    provenance: Provenance

    @property
    def measure(self) -> str:
        """ "loss_change" (nats per token) or "shift"."""
        return "shift" if "shift" in self.table else "loss_change"


def _compute(model: AttentionModel, request: Request, progress: OnProgress) -> HeadEffects:
    found = ablate_in(
        model, builtin_corpus(), by=request.by, sentences=request.sentences, bos=request.bos, progress=progress
    ).table
    return HeadEffects(found, Provenance.from_dict(found.attrs["provenance"]))


def _encode(found: HeadEffects, request: Request) -> bytes:
    origin = replace(found.provenance, options=found.provenance.options | {"of": request.key()})
    sealed = replace(origin, options=origin.options | {SEAL: _seal(found.table, origin)})
    return table_bytes(found.table, "parquet", sealed)


def _decode(data: bytes, request: Request) -> HeadEffects | None:
    import pyarrow.parquet as pq

    stored = pq.read_table(BytesIO(data))
    origin = json.loads(stored.schema.metadata[KEY.encode()])
    found = HeadEffects(stored.to_pandas(), Provenance.from_dict(origin))
    options = found.provenance.options
    if not isinstance(options, dict):
        raise NotOurs("are not what they should be")
    if (seal := options.pop(SEAL, None)) and seal != _seal(found.table, found.provenance):
        raise NotOurs("were changed since they were made")
    name = found.measure
    columns = ["layer", "head", name, f"{name}_low", f"{name}_high", "sentences", "tokens"]
    kinds = {kind for column in columns for kind in [getattr(found.table.get(column), "dtype", np.dtype(object)).kind]}
    if not kinds <= set("iuf") or not len(found.table):
        raise NotOurs("are not what they should be")
    return found if options.get("of") == request.key() and heads_of(found.table) == request.every else None


def _seal(table: pd.DataFrame, origin: Provenance) -> str:
    """The SHA-256 of a table and its provenance."""
    return hashlib.sha256(table_bytes(table, "csv") + origin.to_json().encode()).hexdigest()


MEASUREMENT = Measurement(
    module=__name__,
    place="effects",
    file="effects.parquet",
    shipped=Path(__file__).parent / "shipped",
    request=Request.of,
    compute=_compute,
    encode=_encode,
    decode=_decode,
    act="Measure all heads",
    noun="The measured effects",
    broken="are broken and cannot be read",
)
