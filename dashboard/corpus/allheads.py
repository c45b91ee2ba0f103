"""What the absence of each head of a model changes over our own sentences, kept: METRICS §7.

A table of `dashboard.ablate_in` with a row per head, as Parquet, with what it is of in the file. Those that come with
the dashboard lie in ``effects/``, a person's own in the folder for what is kept on this machine.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.capture import AttentionModel
from dashboard.corpus.shipped import builtin_corpus
from dashboard.errors import UserError
from dashboard.export import Provenance, table_bytes
from dashboard.export.stamp import KEY
from dashboard.export.write import write_parts
from dashboard.models.catalogue import CATALOGUE, cache_dir

SENTENCES = 32
SHIPPED = Path(__file__).parent / "effects"
TABLE = "effects.parquet"
_AGAIN = "Measure all heads again."


@dataclass(frozen=True)
class Asked:
    """What is measured: every head of a model with these weights, over so many sentences of our own corpus.

    Attributes
    ----------
    model, revision: its name, of a folder the whole path, and which weights
    layers, heads: how many it has
    by: what takes the place of a head's output, "zero" or "mean"
    bos: whether a start token goes in front; True where it makes no difference
    """

    model: str
    revision: str
    layers: int
    heads: int
    by: str
    bos: bool

    @classmethod
    def of(cls, model: AttentionModel, by: str = "zero", bos: bool = True) -> Asked:
        """Of an open model."""
        source = model.source
        is_folder = source.revision.startswith("sha256:") and source.name not in CATALOGUE
        name = str(source.folder.resolve()) if is_folder else source.name
        return cls(name, source.revision, model.layers, model.heads, by, bos or not model.causal)

    def key(self) -> dict[str, object]:
        """What a file must say that it is of."""
        return {
            "model": self.model, "revision": self.revision, "heads": [self.layers, self.heads], "by": self.by,
            "bos": self.bos, "sentences": SENTENCES, "sha256": corpus_sha256(),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Measured:
    """A table of `dashboard.heads.effect.effect_table` over sentences, a row per head of a model in order, and where it
    comes from."""

    table: pd.DataFrame
    provenance: Provenance

    @property
    def measure(self) -> str:
        """ "loss_change" (nats per token) or "shift"."""
        return "shift" if "shift" in self.table else "loss_change"


@lru_cache(maxsize=1)
def corpus_sha256() -> str:
    """Which sentences: the SHA-256 of our own corpus."""
    return hashlib.sha256(builtin_corpus().read_bytes()).hexdigest()


def folder_for(asked: Asked) -> Path:
    """The folder of a person's own table, there or not. Raises UserError where no folder is known."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", re.split(r"[\\/]", asked.model.rstrip("\\/"))[-1])[:40]
    digest = hashlib.sha256(json.dumps(asked.key(), sort_keys=True).encode()).hexdigest()[:16]
    return cache_dir() / "effects" / f"{name}-{asked.by}-{digest}"


def shipped_file(model: str, by: str) -> Path:
    """Where the table that comes with the dashboard lies or would lie."""
    return SHIPPED / f"{re.sub(r'[^A-Za-z0-9_-]', '-', model)[:60]}-{by}.parquet"


def find_measured(asked: Asked) -> Measured | None:
    """The table of this model, these weights, this way, over these sentences; None where it is still to be measured.

    Raises UserError where there is a broken one and no other.
    """
    broken = None
    for file in (shipped_file(asked.model, asked.by), folder_for(asked) / TABLE):
        try:
            found = read_measured(file)
        except UserError as error:
            broken = error
            continue
        if found is not None and _is_of(found, asked):
            return found
    if broken:
        raise broken
    return None


def keep_measured(table: pd.DataFrame, asked: Asked, file: Path) -> Path:
    """Writes a table of `dashboard.ablate_in` over our own sentences. Raises UserError where that cannot be."""
    origin = Provenance.from_dict(table.attrs["provenance"])
    origin = replace(origin, options=origin.options | {"of": asked.key()})
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder “{file.parent}” cannot be made: {error.strerror}. Free its place.") from error
    write_parts(file, [table_bytes(table, "parquet", origin)])
    return file


def read_measured(file: Path) -> Measured | None:
    """The table that a file holds; None where there is no file. Raises UserError where it cannot be read or is not one
    of ours."""
    import pyarrow.parquet as pq

    try:
        held = pq.read_table(file)
        said = json.loads(held.schema.metadata[KEY.encode()])
        found = Measured(held.to_pandas(), Provenance.from_dict(said))
    except FileNotFoundError:
        return None
    except Exception as error:  # whatever the readers raise at bytes that are none of theirs
        raise UserError(f"The measured effects in “{file}” are broken and cannot be read. {_AGAIN}") from error
    name = found.measure
    columns = ["layer", "head", name, f"{name}_low", f"{name}_high", "sentences", "tokens"]
    kinds = {kind for column in columns for kind in [getattr(found.table.get(column), "dtype", np.dtype(object)).kind]}
    if not kinds <= set("iuf") or not len(found.table) or not isinstance(found.provenance.options, dict):
        raise UserError(f"The measured effects in “{file}” are not what they should be. {_AGAIN}")
    return found


def _is_of(found: Measured, asked: Asked) -> bool:
    every = [(layer, head) for layer in range(asked.layers) for head in range(asked.heads)]
    heads = list(zip(found.table["layer"], found.table["head"], strict=True))
    return found.provenance.options.get("of") == asked.key() and heads == every
