"""Distances of the heads of one model from those of another, as a measurement. One file serves both directions.

request = Request.of(minilm.source, smollm2.source)
request.rows_of(minilm.source, MEASUREMENT.find(request))     # minilm's heads in the rows
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.analyses.similarity.api import distances_between
from dashboard.analyses.similarity.distances import Distances
from dashboard.capture import AttentionModel
from dashboard.jobs.measurement import Measurement
from dashboard.jobs.results import corpus_sha256, file_name, known_as, pack, unpack
from dashboard.jobs.work import OnProgress
from dashboard.models import ModelSource
from dashboard.text import LeftOut


@dataclass(frozen=True)
class Request:
    """A measurement of all heads of one model against all heads of another, over the built-in sentences.

    Attributes
    ----------
    first, second: (name, revision) of each, see `dashboard.jobs.results.known_as`; in alphabetical order
    bos: put a start token in front where the model's tokenizer sets none
    sha256: of the sentences
    """

    first: tuple[str, str]
    second: tuple[str, str]
    bos: bool
    sha256: str

    @classmethod
    def of(cls, one: ModelSource, other: ModelSource, bos: bool = True) -> Request:
        first, second = sorted((known_as(one), known_as(other)))
        return cls(first, second, bos, corpus_sha256())

    @property
    def models(self) -> tuple[str, ...]:
        return self.first[0], self.second[0]

    @property
    def options(self) -> dict[str, str | int | float | bool | None]:
        return {"bos": self.bos}

    @property
    def named(self) -> tuple[str, ...]:
        return "and", file_name(self.second[0])[-40:]

    @property
    def shipped_name(self) -> str:
        return f"{file_name(self.first[0])}-{file_name(self.second[0])}"

    def key(self) -> dict[str, Any]:
        return asdict(self) | {"first": list(self.first), "second": list(self.second)}

    def rows_of(self, one: ModelSource, found: Distances) -> Distances:
        """The distances with the heads of model `one` in the rows; `found` has those of `first`."""
        return found if self.first == known_as(one) else found.turned


def _compute(first: AttentionModel, second: AttentionModel, request: Request, progress: OnProgress) -> Distances:
    return distances_between(first, second, bos=request.bos, progress=progress)


def _encode(found: Distances, request: Request) -> bytes:
    about = {
        "of": request.key(),
        "per_layer": found.per_layer,
        "used": found.used,
        "left_out": [asdict(one) for one in found.left_out],
    }
    return pack(about, values=found.values.astype(np.float32), rows=found.rows.astype(np.int32))


def _decode(data: bytes, request: Request) -> Distances | None:
    about, arrays = unpack(data)
    if about["of"] != request.key():
        return None
    values, rows, (a, b) = arrays["values"].astype(float), arrays["rows"], about["per_layer"]
    if values.shape != rows.shape or len(values) % a or values.shape[1] % b or ((values < 0) | (values > 1)).any():
        raise ValueError("no distances of the heads of two models")
    return Distances(values, rows, (a, b), about["used"], tuple(LeftOut(**one) for one in about["left_out"]))


MEASUREMENT = Measurement(
    module=__name__,
    place="maps",
    file="pair.npz",
    shipped=Path(__file__).parent / "shipped",
    request=lambda first, second, **how: Request.of(first.source, second.source, **how),
    compute=_compute,
    encode=_encode,
    decode=_decode,
    act="Measure the two models",
    noun="The distances",
    broken="are broken and cannot be read",
)
