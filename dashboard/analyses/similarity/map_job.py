"""Maps of heads that are kept: those that come with the dashboard, and those made here, in the background."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.distance import squareform

from dashboard.analyses.similarity.api import map_heads, origin_of_map
from dashboard.analyses.similarity.embedding import CLUSTERS, HeadMap, map_table
from dashboard.capture import AttentionModel, open_model
from dashboard.corpus.builtin import builtin_corpus
from dashboard.files import cache_dir
from dashboard.jobs import job
from dashboard.jobs.results import AllHeads, corpus_sha256, file_name, first_of, own_folder, read_arrays, write_arrays

SHIPPED = Path(__file__).parent / "shipped"
FILE = "map.npz"
_AGAIN = "Make the map again."


@dataclass(frozen=True)
class Asked(AllHeads):
    """What is mapped: all heads of a model, over the sentences that come with the dashboard.

    sha256: which sentences
    """

    sha256: str = field(default_factory=corpus_sha256)


def folder_for(asked: Asked) -> Path:
    """The folder of a map made on this machine, there or not. Raises UserError where no folder is known."""
    return own_folder(cache_dir() / "maps", asked.model, asdict(asked))


def shipped_file(model: str) -> Path:
    """Where the map that comes with the dashboard lies or would lie."""
    return SHIPPED / f"{file_name(model)}.npz"


def find_map(asked: Asked) -> HeadMap | None:
    """The map of this model, these weights, these sentences; None where it is still to be made.

    Raises UserError where there is a broken one and no other.
    """
    files = shipped_file(asked.model), folder_for(asked) / FILE
    return first_of(files, lambda file: read_map(file, asked))


def keep_map(found: HeadMap, asked: Asked, file: Path) -> Path:
    """Writes the distances and what they are of; places and clusters follow from them. Raises UserError."""
    about = {
        "of": asdict(asked),
        "corpus": found.corpus,
        "sentences": found.sentences,
        "left_out": found.left_out,
        "rows": found.rows,
        "model": found.model,
        "name": found.name,
        "revision": found.revision,
        "reading": found.reading,
    }
    return write_arrays(file, about, distances=squareform(found.distances, checks=False).astype(np.float32))


def read_map(file: Path, asked: Asked) -> HeadMap | None:
    """The map that a file holds; None where there is no file, or it is of something else.

    Raises UserError where it cannot be read or is not one of ours.
    """

    def made(about: dict, arrays: dict[str, np.ndarray]) -> HeadMap:
        condensed, every = arrays["distances"].astype(float), asked.layers * asked.heads
        if condensed.shape != (every * (every - 1) // 2,) or ((condensed < 0) | (condensed > 1)).any():
            raise ValueError
        distances = squareform(condensed)
        table, kept = map_table(distances, asked.heads, int(about["reading"].get("clusters", CLUSTERS)))
        names = ("corpus", "sentences", "left_out", "rows", "model", "name", "revision", "reading")
        return HeadMap(table, distances, kept, *(about[name] for name in names))

    found = read_arrays(file, asdict(asked), made, f"The map in “{file}” is broken and cannot be read. {_AGAIN}")
    if found is not None:
        found.table.attrs["provenance"] = origin_of_map(found).to_dict()
    return found


def begin(model: AttentionModel, bos: bool = True) -> job.Job:
    """Makes the map in the background. Raises UserError where that is going on, or nothing can be written."""
    asked = Asked.of(model, bos)
    return job.start(
        asked.model, builtin_corpus(), folder_for(asked), work="dashboard.analyses.similarity.map_job", bos=asked.bos
    )


def _make(out: Path, asked: dict, progress) -> None:
    progress(0.0, "Opening the model")
    model = open_model(asked["model"])
    found = map_heads(model, bos=asked["bos"], progress=progress)
    keep_map(found, Asked.of(model, asked["bos"]), out / FILE)


if __name__ == "__main__":
    from dashboard.jobs.runner import main

    sys.exit(main(Path(sys.argv[1]), _make))
