"""The map of all heads of a model over the built-in sentences, as a measurement.

    request = Request.of(model)
    MEASUREMENT.find(request).table               # shipped, or made on this machine

A file holds the distances and their description; places and clusters are computed from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.spatial.distance import squareform

from dashboard.analyses.similarity.api import map_heads, origin_of_map
from dashboard.analyses.similarity.embedding import CLUSTERS, HeadMap, map_table
from dashboard.capture import AttentionModel
from dashboard.corpus.read_twice import part_for_corpus
from dashboard.heads.head_id import Part
from dashboard.jobs.measurement import Measurement
from dashboard.jobs.results import AllHeads, known_as, pack, unpack
from dashboard.jobs.work import OnProgress


@dataclass(frozen=True)
class Request(AllHeads):
    """The map of all heads of a model. part: of an encoder–decoder "decoder" or "cross", "" for the model itself"""

    part: Part = ""

    @classmethod
    def of(cls, model: AttentionModel, bos: bool = True, part: Part = "", **more: Any) -> Self:
        """The request for an open model. Raises UserError as `part_for_corpus` does."""
        read = part_for_corpus(model, part)
        if read.part not in ("decoder", "cross") or read.whole is None:
            return super().of(model, bos, **more)
        bos = bos or not read.whole.parts["encoder"].causal
        return cls(*known_as(model.source), read.layers, read.heads, bos, read.part, **more)

    @property
    def options(self) -> dict[str, str | int | float | bool | None]:
        return super().options | ({"part": self.part} if self.part else {})

    @property
    def named(self) -> tuple[str, ...]:
        return (self.part,) if self.part else ()

    @property
    def shipped_name(self) -> str:
        return "-".join([super().shipped_name, *self.named])

    def key(self) -> dict[str, Any]:
        return {name: value for name, value in super().key().items() if (name, value) != ("part", "")}


_ABOUT = ("corpus", "sentences", "left_out", "rows", "model", "name", "revision", "reading")


def _compute(model: AttentionModel, request: Request, progress: OnProgress) -> HeadMap:
    return map_heads(model, part=request.part, bos=request.bos, progress=progress)


def _encode(found: HeadMap, request: Request) -> bytes:
    about = {"of": request.key()} | {name: getattr(found, name) for name in _ABOUT}
    return pack(about, distances=squareform(found.distances, checks=False).astype(np.float32))


def _decode(data: bytes, request: Request) -> HeadMap | None:
    about, arrays = unpack(data)
    if about["of"] != request.key():
        return None
    condensed, every = arrays["distances"].astype(float), request.layers * request.heads
    if condensed.shape != (every * (every - 1) // 2,) or ((condensed < 0) | (condensed > 1)).any():
        raise ValueError("no distances of these heads")
    distances = squareform(condensed)
    table, kept = map_table(distances, request.heads, int(about["reading"].get("clusters", CLUSTERS)), request.part)
    found = HeadMap(table, distances, kept, *(about[name] for name in _ABOUT))
    table.attrs["provenance"] = origin_of_map(found).to_dict()
    return found


MEASUREMENT = Measurement(
    module=__name__,
    place="maps",
    file="map.npz",
    shipped=Path(__file__).parent / "shipped",
    request=Request.of,
    compute=_compute,
    encode=_encode,
    decode=_decode,
    act="Make the map",
    noun="The map",
)
