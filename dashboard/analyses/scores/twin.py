"""The scores of a model's untrained twin over a text, as a measurement in the background.

    request = twin_request(Request.of(model, **reading), model.source)
    MEASUREMENT.find(request)                     # shipped, or measured on this machine: a row per head

A file holds the figures and the hash of the text, not the text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from dashboard.analyses.scores.scores import SCORES
from dashboard.analyses.scores.survey import survey
from dashboard.capture import AttentionModel, read_part
from dashboard.heads.head_id import Part, columns_of, heads_of
from dashboard.heads.view import Between
from dashboard.jobs.measurement import Measurement
from dashboard.jobs.results import AllHeads, known_as, pack, unpack
from dashboard.jobs.work import OnProgress
from dashboard.text import Encoding
from dashboard.text.stretches import Continued

_TEXTS = ("text", "pair", "target")  # what a person typed, of which a file holds the hash alone


@dataclass(frozen=True)
class Request(AllHeads):
    """The request: every head over one text. sha256: of the texts and how they are read

    text: the text; of a decoder and its cross attention the source; border: how many of its characters came before
        what a model wrote, −1 for a text that none wrote
    pair, target: the second text of a pair, what a decoder reads; "" for none
    part: of an encoder–decoder, "" for the model itself
    between: which links of a pair are counted, "" for all
    most: how many tokens are read at most, 0 for as many as the model reads
    """

    text: str = ""
    border: int = -1
    pair: str = ""
    target: str = ""
    part: Part = ""
    between: str = ""
    most: int = 0

    @classmethod
    def of(cls, model: AttentionModel, bos: bool = True, **reading: Any) -> Self:
        """The request for an open model, which may be a part that has its source. reading: the other attributes"""
        how = {name: reading[name] for name in sorted(reading)}
        digest = hashlib.sha256(json.dumps([bos, how], sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
        return cls(*known_as(model.source), model.layers, model.heads, bos, sha256=digest, **reading)

    @classmethod
    def reads(
        cls, model: AttentionModel, encoding: Encoding, *, bos: bool = True, most: int = 0, between: str = ""
    ) -> Self:
        """The same for a text that this model, or part of one, has read.

        most: how many tokens were read, of a text that was cut off
        """
        read = model.given.source.texts[0] if model.given else encoding.texts[0]
        reading = {
            "text": str(read),
            "border": read.border if isinstance(read, Continued) else -1,
            "pair": encoding.pair or "",
            "target": encoding.text if model.given else "",
            "part": model.part if model.given else "",
            "between": between,
            "most": most if encoding.left_out else 0,
        }
        return cls.of(model, bos, **reading)

    @property
    def options(self) -> dict[str, str | int | float | bool | None]:
        return {name: getattr(self, name) for name in ("bos", "border", *_TEXTS, "part", "between", "most")}

    @property
    def shipped_name(self) -> str:
        return f"{super().shipped_name}-{self.sha256[:12]}"

    def key(self) -> dict[str, Any]:
        return {name: value for name, value in super().key().items() if name not in _TEXTS}


def _compute(model: AttentionModel, request: Request, progress: OnProgress) -> pd.DataFrame:
    progress(0.5, "Reading the text")
    text = request.text if request.border < 0 else Continued.of(request.text, request.border)
    reading = {"bos": request.bos, "pair": request.pair or None, "limit": request.most or None}
    part, encoding = read_part(model, text, request.part, request.target or None, **reading)
    between: Between | None = request.between or None  # pyright: ignore[reportAssignmentType]
    return survey(part, encoding, thumbnails=False, between=between).scores


def _encode(found: pd.DataFrame, request: Request) -> bytes:
    numbers = found.select_dtypes("number")
    part = {"part": found["part"].iloc[0]} if "part" in found else {}
    return pack({"of": request.key(), "columns": list(numbers.columns), **part}, scores=numbers.to_numpy(np.float64))


def _decode(data: bytes, request: Request) -> pd.DataFrame | None:
    about, arrays = unpack(data)
    if about["of"] != request.key():
        return None
    return _table(about, arrays["scores"])


def _table(about: Mapping[str, Any], numbers: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(numbers, columns=about["columns"]).astype(dict.fromkeys(("layer", "head"), np.int64))
    if "part" in about:
        table.insert(2, "part", about["part"])
    if (
        not len(table)
        or not set(table) - set(columns_of(table)) <= set(SCORES)
        or len(set(heads_of(table))) < len(table)
    ):
        raise ValueError("no scores of heads")
    return table


MEASUREMENT = Measurement(
    module=__name__,
    place="twin-scores",
    file="scores.npz",
    shipped=Path(__file__).parent / "shipped",
    request=Request.of,
    compute=_compute,
    encode=_encode,
    decode=_decode,
    act="Measure the untrained twin",
    noun="The scores of the untrained twin",
    broken="are broken and cannot be read",
    of_a_text=True,
)
