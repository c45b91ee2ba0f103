"""A set of pairs as a measurement in the background. A pair that is done is kept, so a restart goes on after it."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from dashboard.analyses.patching.over_set import LeftOutPair, SetResult, measure_set
from dashboard.analyses.patching.sets import set_named, sets_sha256
from dashboard.capture import AttentionModel
from dashboard.files import write_parts
from dashboard.heads.head_id import HeadId
from dashboard.jobs.measurement import Measurement
from dashboard.jobs.results import AllHeads, pack, unpack
from dashboard.jobs.work import OnProgress

PAIRS = "pairs.npz"


@dataclass(frozen=True)
class Request(AllHeads):
    """Every head of a model in every pair of a set. sha256: of the sets"""

    set: str = "agreement"
    sha256: str = field(default_factory=sets_sha256, kw_only=True)

    @classmethod
    def of(cls, model: AttentionModel, set: str = "agreement", bos: bool = True) -> Self:
        """The request for an open model."""
        return super().of(model, bos, set=set_named(set).name)

    @property
    def options(self) -> dict[str, str | int | float | bool | None]:
        return {"bos": self.bos, "set": self.set}

    @property
    def named(self) -> tuple[str, ...]:
        return (self.set,)

    @property
    def shipped_name(self) -> str:
        return f"{super().shipped_name}-{self.set}"


class _Kept(MutableMapping[int, tuple[np.ndarray, np.ndarray]]):
    """What was measured of each pair, written to a file as it comes."""

    def __init__(self, file: Path, key: dict[str, Any]):
        self.file, self.key = file, key
        self.held: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        try:
            about, arrays = unpack(file.read_bytes())
        except Exception:  # there is none, or it is no file of ours: it is measured anew
            return
        if about.get("of") == key:
            both = arrays["recovered"], arrays["control"]
            self.held = {int(place): (a, b) for place, a, b in zip(arrays["places"], *both, strict=True)}

    def __getitem__(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        return self.held[place]

    def __setitem__(self, place: int, found: tuple[np.ndarray, np.ndarray]) -> None:
        self.held[place] = found
        recovered, control = (np.stack(each) for each in zip(*self.held.values(), strict=True))
        self.file.parent.mkdir(parents=True, exist_ok=True)
        packed = pack({"of": self.key}, places=np.array(list(self.held)), recovered=recovered, control=control)
        write_parts(self.file, [packed])

    def __delitem__(self, place: int) -> None:
        del self.held[place]

    def __iter__(self) -> Iterator[int]:
        return iter(self.held)

    def __len__(self) -> int:
        return len(self.held)


def _compute(model: AttentionModel, request: Request, progress: OnProgress) -> SetResult:
    kept = _Kept(MEASUREMENT.folder(request) / PAIRS, request.key())
    return measure_set(model, set_named(request.set), bos=request.bos, progress=progress, kept=kept)


def _encode(found: SetResult, request: Request) -> bytes:
    left_out = [[one.place, one.why] for one in found.left_out]
    about = {"of": request.key(), "name": found.name, "total": found.total, "left_out": left_out}
    about["heads"] = list(map(str, found.heads))
    return pack(about, places=np.array(found.places), m=found.m, recovered=found.recovered, control=found.control)


def _decode(data: bytes, request: Request) -> SetResult | None:
    about, arrays = unpack(data)
    if about["of"] != request.key():
        return None
    places, m, recovered, control = (arrays[name] for name in ("places", "m", "recovered", "control"))
    heads = tuple(map(HeadId.parse, about["heads"]))
    if (
        recovered.shape != control.shape
        or recovered.shape[1] != len(heads)
        or m.shape != (len(places), 2)
        or len(recovered) != len(places)
    ):
        raise ValueError("arrays of different lengths")
    left_out = tuple(LeftOutPair(int(place), str(why)) for place, why in about["left_out"])
    return SetResult(
        about["name"], int(about["total"]), heads, tuple(map(int, places)), m, recovered, control, left_out
    )


class _Resumes(Measurement[Request, SetResult]):
    resumes: ClassVar[bool] = True
    """A restart goes on with the pairs that are not done."""


MEASUREMENT = _Resumes(
    module=__name__,
    place="patching",
    file="set.npz",
    shipped=Path(__file__).parent / "shipped",
    request=Request.of,
    compute=_compute,
    encode=_encode,
    decode=_decode,
    act="Measure all pairs",
    noun="The measured set",
)
