"""How far the heads of one model are from those of another, kept: what comes along, and what is measured here, in the
background. One file serves both directions."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dashboard.analyses.similarity.api import distances_between
from dashboard.analyses.similarity.distances import Distances
from dashboard.capture import AttentionModel, open_model
from dashboard.corpus.builtin import builtin_corpus
from dashboard.files import cache_dir
from dashboard.jobs import job
from dashboard.jobs.results import corpus_sha256, file_name, first_of, known_as, own_folder, read_arrays, write_arrays
from dashboard.models import ModelSource
from dashboard.text import LeftOut

SHIPPED = Path(__file__).parent / "shipped"
FILE = "pair.npz"
_AGAIN = "Measure the two models again."


@dataclass(frozen=True)
class Asked:
    """What is measured: all heads of a model against all heads of another, over the sentences that come along.

    Attributes
    ----------
    first, second: (name, which weights) of each, see `dashboard.jobs.results.known_as`; in the order of the alphabet
    bos: whether a start token goes in front where a model sets none
    sha256: which sentences
    """

    first: tuple[str, str]
    second: tuple[str, str]
    bos: bool
    sha256: str

    @classmethod
    def of(cls, one: ModelSource, other: ModelSource, bos: bool = True) -> Asked:
        first, second = sorted((known_as(one), known_as(other)))
        return cls(first, second, bos, corpus_sha256())

    def key(self) -> dict[str, object]:
        """What a file must say that it is of."""
        return asdict(self) | {"first": list(self.first), "second": list(self.second)}


def folder_for(asked: Asked) -> Path:
    """The folder of a pair measured on this machine, there or not. Raises UserError where no folder is known."""
    return own_folder(cache_dir() / "maps", asked.first[0], asked.key(), "and", file_name(asked.second[0])[-40:])


def shipped_file(asked: Asked) -> Path:
    """Where the pair that comes with the dashboard lies or would lie."""
    return SHIPPED / f"{file_name(asked.first[0])}-{file_name(asked.second[0])}.npz"


def find_pair(one: ModelSource, other: ModelSource, bos: bool = True) -> Distances | None:
    """The heads of one model (rows) against those of another (columns); None where that is still to be measured.

    Raises UserError where there is a broken file and no other.
    """
    asked = Asked.of(one, other, bos)
    found = first_of((shipped_file(asked), folder_for(asked) / FILE), lambda file: read_pair(file, asked))
    return found if found is None or asked.first == known_as(one) else found.turned


def keep_pair(found: Distances, asked: Asked, file: Path) -> Path:
    """Writes what `api.distances_between` found of the first and the second model. Raises UserError."""
    about = {
        "of": asked.key(),
        "per_layer": found.per_layer,
        "used": found.used,
        "left_out": [asdict(one) for one in found.left_out],
    }
    return write_arrays(file, about, values=found.values.astype(np.float32), rows=found.rows.astype(np.int32))


def read_pair(file: Path, asked: Asked) -> Distances | None:
    """What a file holds, the first model's heads in the rows; None where there is no file, or it is of something else.

    Raises UserError where it cannot be read or is not one of ours.
    """

    def made(about: dict, arrays: dict[str, np.ndarray]) -> Distances:
        values, rows, (a, b) = arrays["values"].astype(float), arrays["rows"], about["per_layer"]
        if values.shape != rows.shape or len(values) % a or values.shape[1] % b or ((values < 0) | (values > 1)).any():
            raise ValueError
        return Distances(values, rows, (a, b), about["used"], tuple(LeftOut(**one) for one in about["left_out"]))

    return read_arrays(file, asked.key(), made, f"The distances in “{file}” are broken and cannot be read. {_AGAIN}")


def begin(model: AttentionModel, other: ModelSource, bos: bool = True) -> job.Job:
    """Measures them in the background. Raises UserError where that is going on, or nothing can be written."""
    asked = Asked.of(model.source, other, bos)
    first, second = asked.first[0], asked.second[0]
    return job.start(
        first,
        builtin_corpus(),
        folder_for(asked),
        work="dashboard.analyses.similarity.pair_job",
        second=second,
        bos=bos,
    )


def _make(out: Path, asked: dict, progress) -> None:
    progress(0.0, "Opening the models")
    first, second = open_model(asked["model"]), open_model(asked["second"])
    found = distances_between(first, second, bos=asked["bos"], progress=progress)
    keep_pair(found, Asked.of(first.source, second.source, asked["bos"]), out / FILE)


if __name__ == "__main__":
    from dashboard.jobs.runner import main

    sys.exit(main(Path(sys.argv[1]), _make))
