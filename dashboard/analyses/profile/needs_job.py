"""What the models of all heads keep over the built-in sentences, as a measurement in the background: METRICS §9.

What is done is kept in a file in the result's folder, so a restart goes on after it. The result is a table with a row
per head, stored as Parquet with the request in the file.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from dashboard.analyses.profile.needs.api import SENTENCES, Needs, measured
from dashboard.capture import AttentionModel
from dashboard.export import Provenance, table_bytes
from dashboard.export.metadata import KEY
from dashboard.files import write_parts
from dashboard.heads.head_id import HeadId, heads_by_layer, heads_of
from dashboard.jobs.measurement import Measurement, NotOurs
from dashboard.jobs.results import AllHeads, pack, unpack
from dashboard.jobs.work import OnProgress

SO_FAR = "so_far.npz"
VERSION = 1  # of the figures: raised where the same request gives others
SEAL = "table_sha256"


@dataclass(frozen=True)
class Request(AllHeads):
    """Every head of a model, over sentences of the built-in corpus, evenly spread.

    sentences: how many; numbers: the layers that have attention; fewer: those that have fewer heads, and how many
    """

    sentences: int = SENTENCES
    numbers: tuple[int, ...] = ()
    fewer: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, model: AttentionModel, bos: bool = True, sentences: int = SENTENCES) -> Self:
        """The request for an open model."""
        fewer = tuple(sorted(model.fewer.items()))
        return super().of(model, bos, sentences=sentences, numbers=model.numbers, fewer=fewer)

    @property
    def every(self) -> list[HeadId]:
        """All heads of the model, in order."""
        most = dict(self.fewer)
        return heads_by_layer({layer: most.get(layer, self.heads) for layer in self.numbers})

    @property
    def shipped_name(self) -> str:
        return f"needs-{super().shipped_name}"

    @property
    def options(self) -> dict[str, str | int | float | bool | None]:
        return {"bos": self.bos, "sentences": self.sentences}

    def key(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "revision": self.revision,
            "heads": [self.layers, self.heads],
            "bos": self.bos,
            "sentences": self.sentences,
            "sha256": self.sha256,
            "version": VERSION,
        }


class _File:
    """What is done, in a file of a request's folder: a `state.Store`."""

    def __init__(self, file: Path, key: dict[str, Any]):
        self.file, self.key = file, key

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        try:
            about, arrays = unpack(self.file.read_bytes())
        except Exception:  # there is none, or it is no file of ours: all is measured anew
            return None
        return (about, arrays) if about.get("of") == self.key else None

    def save(self, about: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_parts(self.file, [pack(about | {"of": self.key}, **arrays)])


def _compute(model: AttentionModel, request: Request, progress: OnProgress) -> Needs:
    store = _File(MEASUREMENT.folder(request) / SO_FAR, request.key())
    found = measured(model, None, None, sentences=request.sentences, bos=request.bos, progress=progress, store=store)
    MEASUREMENT.keep(found, request)
    with suppress(OSError):
        store.file.unlink(missing_ok=True)
    return found


def _encode(found: Needs, request: Request) -> bytes:
    made = replace(found.provenance, options=found.provenance.options | {"of": request.key()})
    sealed = replace(made, options=made.options | {SEAL: _seal(found, made)})
    return table_bytes(found.table, "parquet", sealed)


def _decode(data: bytes, request: Request) -> Needs | None:
    import pyarrow.parquet as pq

    stored = pq.read_table(BytesIO(data))
    fields = json.loads(stored.schema.metadata[KEY.encode()])
    made = Provenance.from_dict(fields)
    seal = made.options.pop(SEAL, None)
    table = stored.to_pandas()
    table.attrs["provenance"] = made.to_dict()
    found = Needs(table, made)
    if seal != _seal(found, made):
        raise NotOurs("was changed since it was made")
    return found if made.options.get("of") == request.key() and heads_of(table) == request.every else None


def _seal(found: Needs, made: Provenance) -> str:
    """The SHA-256 of a table and its provenance."""
    return hashlib.sha256(table_bytes(found.table, "csv") + made.to_json().encode()).hexdigest()


class _Resumes(Measurement[Request, Needs]):
    resumes: ClassVar[bool] = True
    """A restart goes on with the heads that are not done."""


MEASUREMENT = _Resumes(
    module=__name__,
    place="needs",
    file="needs.parquet",
    shipped=Path(__file__).parent / "shipped",
    request=Request.of,
    compute=_compute,
    encode=_encode,
    decode=_decode,
    act="Measure what is kept",
    noun="The measured table",
)
