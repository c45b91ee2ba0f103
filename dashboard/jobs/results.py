"""What is measured of all heads of a model over our own sentences, and kept: of which model it is, and where it lies.

Some of it comes with the dashboard, the rest is made on this machine, each in a folder named after what it is of.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from dashboard.capture import AttentionModel
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.files import write_parts
from dashboard.models import ModelSource
from dashboard.models.catalogue import CATALOGUE

Found = TypeVar("Found")


@dataclass(frozen=True)
class AllHeads:
    """All heads of a model with these weights.

    Attributes
    ----------
    model, revision: its name, of a folder the whole path, and which weights
    layers, heads: how many it has
    bos: whether a start token goes in front; True where it makes no difference
    """

    model: str
    revision: str
    layers: int
    heads: int
    bos: bool

    @classmethod
    def of(cls, model: AttentionModel, bos: bool = True, **more: object) -> Self:
        """Of an open model."""
        return cls(*known_as(model.source), model.layers, model.heads, bos or not model.causal, **more)


def known_as(source: ModelSource) -> tuple[str, str]:
    """A model's name, of a folder the whole path, and which weights it has."""
    is_folder = source.revision.startswith("sha256:") and source.name not in CATALOGUE
    return str(source.folder.resolve()) if is_folder else source.name, source.revision


@lru_cache(maxsize=1)
def corpus_sha256() -> str:
    """Which sentences: the SHA-256 of our own corpus."""
    return hashlib.sha256(builtin_corpus().read_bytes()).hexdigest()


def own_folder(place: Path, model: str, key: dict[str, object], *said: str) -> Path:
    """The folder in `place` of what was made here, there or not: the model's name, `said`, and a digest of the key."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", re.split(r"[\\/]", model.rstrip("\\/"))[-1])[:40]
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    return place / "-".join([name, *said, digest])


def file_name(model: str) -> str:
    """A model's name as a file that comes with the dashboard has it."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", model)[:60]


def first_of(files: Iterable[Path], read: Callable[[Path], Found | None]) -> Found | None:
    """What the first of these files that fits holds; None where none does.

    read: what a file holds, None where it is not there or of something else; raises UserError where it is broken. That
    is raised again where there is a broken file and none that fits.
    """
    broken = None
    for file in files:
        try:
            found = read(file)
        except UserError as error:
            broken = error
            continue
        if found is not None:
            return found
    if broken:
        raise broken
    return None


def write(file: Path, data: bytes) -> Path:
    """Writes it, whole or not at all, in a folder that is made where it is missing. Raises UserError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder “{file.parent}” cannot be made: {error.strerror}. Free its place.") from error
    write_parts(file, [data])
    return file


def write_arrays(file: Path, about: dict[str, object], **arrays: np.ndarray) -> Path:
    """Writes arrays and what they are of (`about`, with a key "of") as NPZ. Raises UserError."""
    written = BytesIO()
    np.savez_compressed(written, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    return write(file, written.getvalue())


def read_arrays(
    file: Path, of: dict[str, object], make: Callable[[dict, dict[str, np.ndarray]], Found], broken: str
) -> Found | None:
    """What `make` makes of a file of `write_arrays`, from what it is of and its arrays; None where there is no file, or
    it is of something else.

    Raises UserError with the sentence `broken` where it cannot be read, or `make` raises.
    """
    try:
        with np.load(file, allow_pickle=False) as held:
            arrays = dict(held)
        about = json.loads(arrays.pop("about").tobytes())
        return make(about, arrays) if about["of"] == of else None
    except FileNotFoundError:
        return None
    except Exception as error:  # whatever numpy and json raise at bytes that are none of theirs
        raise UserError(broken) from error
