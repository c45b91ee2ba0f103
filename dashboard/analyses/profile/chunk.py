"""The statistics of a chunk of sentences, as bytes with a checksum."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from dashboard.analyses.profile.budget import BudgetStatistics
from dashboard.analyses.profile.dependency_cases import DependencyStatistics
from dashboard.analyses.profile.explained import ExplainedStatistics
from dashboard.analyses.profile.features import PairFeatures
from dashboard.analyses.profile.gather import SentenceStatistics
from dashboard.text.sentence import LeftOut

_MARK = b"two-heads chunk 2\n"


@dataclass(frozen=True, eq=False)
class Chunk:
    """The results of a chunk: statistics of the sentences used, and the sentences left out, each in order."""

    used: tuple[SentenceStatistics, ...]
    left_out: tuple[LeftOut, ...]

    @classmethod
    def of(cls, found: Sequence[SentenceStatistics | LeftOut]) -> Chunk:
        used = tuple(one for one in found if not isinstance(one, LeftOut))
        return cls(used, tuple(one for one in found if isinstance(one, LeftOut)))

    def to_bytes(self, seal: str = "") -> bytes:
        """A mark, the SHA-256 of the seal and of what follows, and an archive of arrays.

        The seal identifies the chunk and is not written: a reader must know it.
        """
        columns: dict[str, list[np.ndarray]] = {}
        for one in self.used:
            for name, array in _arrays(one).items():
                columns.setdefault(name, []).append(array)
        packed: dict[str, np.ndarray] = {}
        for name, arrays in columns.items():
            packed[name] = np.concatenate([array.ravel() for array in arrays])
            packed[f"{name}.shape"] = np.array([array.shape for array in arrays], np.int64)
        relations = json.dumps([one.dependency.relations for one in self.used])
        left_out = json.dumps([asdict(one) for one in self.left_out])
        packed["relations"] = np.frombuffer(relations.encode(), np.uint8)
        packed["left_out"] = np.frombuffer(left_out.encode(), np.uint8)
        out = io.BytesIO()
        np.savez(out, allow_pickle=False, **packed)
        body = out.getvalue()
        return _MARK + _digest(seal, body) + body

    @classmethod
    def from_bytes(cls, data: bytes, seal: str = "") -> Chunk | None:
        """The chunk, or None where the bytes are incomplete or have another seal."""
        start = len(_MARK) + 32
        body = data[start:]
        if not data.startswith(_MARK) or _digest(seal, body) != data[len(_MARK) : start]:
            return None
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            packed = dict(file)
        relations = json.loads(packed.pop("relations").tobytes())
        left_out = tuple(LeftOut(**one) for one in json.loads(packed.pop("left_out").tobytes()))
        columns = {name: _unpacked(packed[name], packed[f"{name}.shape"]) for name in packed if "." not in name}
        used = tuple(
            _sentence({name: arrays[k] for name, arrays in columns.items()}, tuple(relations[k]))
            for k in range(len(relations))
        )
        return cls(used, left_out)


def _digest(seal: str, body: bytes) -> bytes:
    digest = hashlib.sha256(seal.encode() + b"\n")
    digest.update(body)
    return digest.digest()


def _unpacked(flat: np.ndarray, shapes: np.ndarray) -> list[np.ndarray]:
    ends = np.cumsum(shapes.prod(1))
    return [part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)]


def _arrays(one: SentenceStatistics) -> dict[str, np.ndarray]:
    features = one.explained.features
    return {
        "index": np.array([one.index, features.m, one.explained.mass.shape[1]]),
        "codes": one.codes,
        "spent": one.budget.spent,
        "mass": one.budget.mass,
        "profile": one.budget.profile,
        "offsets": one.dependency.offsets,
        "correct": one.dependency.correct,
        "pairs": features.pairs,
        "columns": features.columns,
        "cosine": features.cosine,
        "frequency": features.frequency,
        "expected": one.explained.expected,
        "entropy": one.explained.entropy,
    }


def _sentence(arrays: dict[str, np.ndarray], relations: tuple[str, ...]) -> SentenceStatistics:
    index, m, queries = (int(number) for number in arrays["index"])
    features = PairFeatures(m, arrays["pairs"], arrays["columns"], arrays["cosine"], arrays["frequency"])
    mass = arrays["mass"]
    return SentenceStatistics(
        index,
        arrays["codes"],
        BudgetStatistics(arrays["spent"], mass, arrays["profile"]),
        DependencyStatistics(index, relations, arrays["offsets"], arrays["correct"]),
        ExplainedStatistics(index, features, arrays["expected"], arrays["entropy"], mass[:, m - queries :]),
    )
