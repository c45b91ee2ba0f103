"""What the absence of each head of a model changes over our own sentences, kept: METRICS §7.

A table of `dashboard.ablate_in` with a row per head, as Parquet, with what it is of in the file. Those that come with
the dashboard lie in ``shipped/``, a person's own in the folder for what is kept on this machine.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.export import Provenance, table_bytes
from dashboard.export.metadata import KEY
from dashboard.files import cache_dir
from dashboard.heads.head_id import HeadId, every_head, heads_of
from dashboard.jobs.results import AllHeads, corpus_sha256, file_name, first_of, own_folder, write

SENTENCES = 32
SHIPPED = Path(__file__).parent / "shipped"
TABLE = "effects.parquet"
SEAL = "table_sha256"
_AGAIN = "Measure all heads again."


@dataclass(frozen=True)
class Asked(AllHeads):
    """What is measured: every head of a model, over so many sentences of our own corpus.

    by: what takes the place of a head's output, "zero" or "mean"
    numbers: the layers that have attention, empty for all
    """

    by: str = "zero"
    numbers: tuple[int, ...] = ()

    @classmethod
    def of(cls, model: AttentionModel, by: str = "zero", bos: bool = True) -> Self:
        """Of an open model."""
        return super().of(model, bos, by=by, numbers=model.numbers)

    @property
    def every(self) -> list[HeadId]:
        """All heads that there are, in order."""
        return every_head(self.numbers or self.layers, self.heads)

    def key(self) -> dict[str, object]:
        """What a file must say that it is of."""
        return {
            "model": self.model,
            "revision": self.revision,
            "heads": [self.layers, self.heads],
            "by": self.by,
            "bos": self.bos,
            "sentences": SENTENCES,
            "sha256": corpus_sha256(),
        }


@dataclass(frozen=True, eq=False)
class Measured:
    """A table of `effect.effect_table` over sentences, a row per head of a model in order, and where it
    comes from."""

    table: pd.DataFrame
    provenance: Provenance

    @property
    def measure(self) -> str:
        """ "loss_change" (nats per token) or "shift"."""
        return "shift" if "shift" in self.table else "loss_change"


def folder_for(asked: Asked) -> Path:
    """The folder of a person's own table, there or not. Raises UserError where no folder is known."""
    return own_folder(cache_dir() / "effects", asked.model, asked.key(), asked.by)


def shipped_file(model: str, by: str) -> Path:
    """Where the table that comes with the dashboard lies or would lie."""
    return SHIPPED / f"{file_name(model)}-{by}.parquet"


def find_measured(asked: Asked) -> Measured | None:
    """The table of this model, these weights, this way, over these sentences; None where it is still to be measured.

    Raises UserError where there is a broken one and no other.
    """

    def read(file: Path) -> Measured | None:
        found = read_measured(file)
        return found if found is not None and _is_of(found, asked) else None

    return first_of((shipped_file(asked.model, asked.by), folder_for(asked) / TABLE), read)


def keep_measured(table: pd.DataFrame, asked: Asked, file: Path) -> Path:
    """Writes a table of `dashboard.ablate_in` over our own sentences. Raises UserError where that cannot be."""
    origin = Provenance.from_dict(table.attrs["provenance"])
    origin = replace(origin, options=origin.options | {"of": asked.key()})
    sealed = replace(origin, options=origin.options | {SEAL: _seal(table, origin)})
    return write(file, table_bytes(table, "parquet", sealed))


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
    if not isinstance(found.provenance.options, dict):
        raise UserError(f"The measured effects in “{file}” are not what they should be. {_AGAIN}")
    if (seal := found.provenance.options.pop(SEAL, None)) and seal != _seal(found.table, found.provenance):
        raise UserError(f"The measured effects in “{file}” were changed since they were made. {_AGAIN}")
    name = found.measure
    columns = ["layer", "head", name, f"{name}_low", f"{name}_high", "sentences", "tokens"]
    kinds = {kind for column in columns for kind in [getattr(found.table.get(column), "dtype", np.dtype(object)).kind]}
    if not kinds <= set("iuf") or not len(found.table):
        raise UserError(f"The measured effects in “{file}” are not what they should be. {_AGAIN}")
    return found


def _seal(table: pd.DataFrame, origin: Provenance) -> str:
    """The SHA-256 of a table and where it comes from."""
    return hashlib.sha256(table_bytes(table, "csv") + origin.to_json().encode()).hexdigest()


def _is_of(found: Measured, asked: Asked) -> bool:
    return found.provenance.options.get("of") == asked.key() and heads_of(found.table) == asked.every
