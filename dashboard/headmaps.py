"""Maps of heads that are kept: those that come with the dashboard, and those made here, in the background."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from scipy.spatial.distance import squareform

from dashboard.capture import AttentionModel, open_model
from dashboard.corpus import builtin_corpus, job
from dashboard.corpus.allheads import corpus_sha256
from dashboard.errors import UserError
from dashboard.export.write import write_parts
from dashboard.heads.headmap import CLUSTERS, HeadMap, map_table
from dashboard.models.catalogue import CATALOGUE, cache_dir
from dashboard.relations import map_heads, origin_of_map

SHIPPED = Path(__file__).parent / "corpus" / "maps"
FILE = "map.npz"
_AGAIN = "Make the map again."


@dataclass(frozen=True)
class Asked:
    """What is mapped: all heads of a model with these weights, over the sentences that come with the dashboard.

    model, revision: its name, of a folder the whole path, and which weights; layers, heads: how many it has;
    bos: whether a start token goes in front, True where it makes no difference; sha256: which sentences
    """

    model: str
    revision: str
    layers: int
    heads: int
    bos: bool
    sha256: str

    @classmethod
    def of(cls, model: AttentionModel, bos: bool = True) -> Asked:
        source = model.source
        is_folder = source.revision.startswith("sha256:") and source.name not in CATALOGUE
        name = str(source.folder.resolve()) if is_folder else source.name
        return cls(name, source.revision, model.layers, model.heads, bos or not model.causal, corpus_sha256())


def folder_for(asked: Asked) -> Path:
    """The folder of a map made on this machine, there or not."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", re.split(r"[\\/]", asked.model.rstrip("\\/"))[-1])[:40]
    digest = hashlib.sha256(json.dumps(asdict(asked), sort_keys=True).encode()).hexdigest()[:16]
    return cache_dir() / "maps" / f"{name}-{digest}"


def shipped_file(model: str) -> Path:
    """Where the map that comes with the dashboard lies or would lie."""
    return SHIPPED / f"{re.sub(r'[^A-Za-z0-9_-]', '-', model)[:60]}.npz"


def find_map(asked: Asked) -> HeadMap | None:
    """The map of this model, these weights, these sentences; None where it is still to be made.

    Raises UserError where there is a broken one and no other.
    """
    broken = None
    for file in (shipped_file(asked.model), folder_for(asked) / FILE):
        try:
            found = read_map(file, asked)
        except UserError as error:
            broken = error
            continue
        if found is not None:
            return found
    if broken:
        raise broken
    return None


def keep_map(found: HeadMap, asked: Asked, file: Path) -> Path:
    """Writes the distances and what they are of; places and clusters follow from them. Raises UserError."""
    about = {
        "of": asdict(asked), "corpus": found.corpus, "sentences": found.sentences, "left_out": found.left_out,
        "rows": found.rows, "model": found.model, "name": found.name, "revision": found.revision,
        "reading": found.reading,
    }  # fmt: skip
    written = BytesIO()
    np.savez_compressed(
        written, distances=squareform(found.distances, checks=False).astype(np.float32),
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
    )  # fmt: skip
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder “{file.parent}” cannot be made: {error.strerror}. Free its place.") from error
    write_parts(file, [written.getvalue()])
    return file


def read_map(file: Path, asked: Asked) -> HeadMap | None:
    """The map that a file holds; None where there is no file, or it is of something else.

    Raises UserError where it cannot be read or is not one of ours.
    """
    try:
        with np.load(file, allow_pickle=False) as held:
            condensed, about = held["distances"].astype(float), json.loads(held["about"].tobytes())
        if about["of"] != asdict(asked):
            return None
        every = asked.layers * asked.heads
        if condensed.shape != (every * (every - 1) // 2,) or ((condensed < 0) | (condensed > 1)).any():
            raise ValueError
        distances = squareform(condensed)
        clusters = int(about["reading"].get("clusters", CLUSTERS))
        table, kept = map_table(distances, asked.heads, clusters)
        names = ("corpus", "sentences", "left_out", "rows", "model", "name", "revision", "reading")
        found = HeadMap(table, distances, kept, *(about[name] for name in names))
    except FileNotFoundError:
        return None
    except Exception as error:  # whatever numpy and json raise at bytes that are none of theirs
        raise UserError(f"The map in “{file}” is broken and cannot be read. {_AGAIN}") from error
    table.attrs["provenance"] = origin_of_map(found).to_dict()
    return found


def begin(model: AttentionModel, bos: bool = True) -> job.Job:
    """Makes the map in the background. Raises UserError where that is going on, or nothing can be written."""
    asked = Asked.of(model, bos)
    return job.start(asked.model, builtin_corpus(), folder_for(asked), work="dashboard.headmaps", bos=asked.bos)


def _make(out: Path, asked: dict, progress) -> None:
    progress(0.0, "Opening the model")
    model = open_model(asked["model"])
    found = map_heads(model, bos=asked["bos"], progress=progress)
    keep_map(found, Asked.of(model, asked["bos"]), out / FILE)


if __name__ == "__main__":
    from dashboard.corpus.jobwork import main

    sys.exit(main(Path(sys.argv[1]), _make))
