"""The bits of a model's untrained twin over the corpus of a profile, as a measurement in the background.

    request = Request.of_profile(model, profile)
    MEASUREMENT.find(request)                     # shipped, or measured on this machine: a row per head

A job measures it over the built-in sentences; of another corpus only its hash is known, so its file must be there:
`dashboard.profile` of the twin, in the library.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from dashboard.analyses.profile.library import profiles_of, read_profile
from dashboard.analyses.profile.roles import FIGURES
from dashboard.analyses.profile.tables import TABLES, Profile
from dashboard.capture import AttentionModel
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.heads.head_id import heads_of
from dashboard.heads.untrained import UNTRAINED, beside
from dashboard.jobs.measurement import Measurement
from dashboard.jobs.results import AllHeads, corpus_sha256, known_as, pack, twin_request, unpack
from dashboard.jobs.work import OnProgress
from dashboard.models import ModelSource, find
from dashboard.models.twin.source import untrained

COLUMNS = tuple(name for name in TABLES["heads"] if name.startswith("budget_")) + tuple(
    f"bits_{figure}{end}" for figure in FIGURES for end in ("", "_low", "_high")
)
"""The figures of a head that a twin has as well."""


@dataclass(frozen=True)
class Request(AllHeads):
    """The request: every head over a corpus. sha256: of the corpus file

    limit: how many of its sentences were read, None for all; read_as: "text" or "words"; parser: of a text, "" for none
    rows: how many heads there are
    """

    rows: int = 0
    limit: int | None = None
    read_as: str = "text"
    parser: str = ""

    @classmethod
    def of(cls, model: AttentionModel, bos: bool = True, **more: Any) -> Self:
        """The request for an open model, over the built-in sentences."""
        return super().of(model, True, rows=len(model.all_heads), **more)

    @classmethod
    def of_profile(cls, source: ModelSource, profile: Profile) -> Self:
        """The request for the untrained twin of a profile's model, over the same corpus, read in the same way. Raises
        UserError for a model that has none."""
        heads, about = profile.heads, profile.about
        size = int(heads["layer"].max()) + 1, int(heads["head"].max()) + 1
        read = {"read_as": about.get("read_as", "text"), "parser": about.get("parser") or ""}
        own = cls(*known_as(source), *size, True, len(heads), about.get("limit"), **read, sha256=about["sha256"])
        return twin_request(own, source)

    @property
    def options(self) -> dict[str, str | int | float | bool | None]:
        return {}

    @property
    def built_in(self) -> bool:
        """Whether a job can measure it: over all of the built-in sentences."""
        return replace(self, sha256=corpus_sha256(), limit=None, read_as="text", parser="") == self

    @property
    def shipped_name(self) -> str:
        return f"{super().shipped_name}-{self.sha256[:12]}"

    def key(self) -> dict[str, Any]:
        return {name: value for name, value in super().key().items() if name not in ("layers", "heads")}


def twin_bits(source: ModelSource, profile: Profile) -> pd.DataFrame | None:
    """The bits of the untrained twin over the corpus of a profile: shipped, measured here, or of a profile of the twin
    in the library; None where there are none. Raises UserError as `Request.of_profile`, and where a file is broken."""
    request = Request.of_profile(source, profile)
    if (there := MEASUREMENT.find(request)) is not None:
        return there
    for entry in profiles_of(untrained(source)):
        with suppress(UserError, OSError):
            found = read_profile(entry.folder)
            if all(
                found.about.get(part) == profile.about.get(part) for part in ("sha256", "limit", "read_as", "parser")
            ):
                return found.heads
    return None


def with_twin(profile: Profile, twin: pd.DataFrame) -> Profile:
    """The profile with the bits and the budgets of the untrained twin in its table of heads, as ``untrained_…``."""
    return replace(profile, heads=beside(profile.heads, twin, COLUMNS))


def profile_with_twin(profile: Profile) -> Profile:
    """A profile with the bits and the budgets of the model's untrained twin beside its own (METRICS §10), in columns
    ``untrained_…`` of its table of heads. `dashboard.draw_scatter` and `dashboard.draw_budget` then draw them.

    They are measured now where they are not known and the profile is over the built-in sentences. Raises UserError
    where the model of the profile is not here, for what has no trained weights, and where the bits of the twin over
    another corpus are not known: the sentence says how to measure them.
    """
    if UNTRAINED + COLUMNS[0] in profile.heads:
        return profile
    source = find(profile.about["model"])
    if (there := twin_bits(source, profile)) is None:
        request = Request.of_profile(source, profile)
        if not request.built_in:
            raise UserError(elsewhere(source, profile))
        from dashboard.capture import untrained_twin

        there = MEASUREMENT.measure(request, untrained_twin(source.name))
    return with_twin(profile, there)


def elsewhere(source: ModelSource, profile: Profile) -> str:
    """What to do where the twin's bits over the file of a profile are not known."""
    return (
        f"The untrained twin has not been measured over {profile.about['file']}. Profile that file with the model "
        f"{untrained(source).name}."
    )


def _compute(model: AttentionModel, request: Request, progress: OnProgress) -> pd.DataFrame:
    from dashboard.analyses.profile.run import profile

    with tempfile.TemporaryDirectory() as folder:
        return profile(model, builtin_corpus(), folder, texts=False, progress=progress).heads


def _encode(found: pd.DataFrame, request: Request) -> bytes:
    numbers = found[["layer", "head", *(name for name in COLUMNS if name in found)]]
    part = {"part": found["part"].iloc[0]} if "part" in found else {}
    about = {"of": request.key(), "columns": list(numbers), **part}
    return pack(about, figures=numbers.to_numpy(np.float64).astype(np.float32))


def _decode(data: bytes, request: Request) -> pd.DataFrame | None:
    about, arrays = unpack(data)
    if about["of"] != request.key():
        return None
    table = pd.DataFrame(arrays["figures"].astype(np.float64), columns=about["columns"])
    table = table.astype(dict.fromkeys(("layer", "head"), np.int64))
    if "part" in about:
        table.insert(2, "part", about["part"])
    if len(set(heads_of(table))) != request.rows or "bits_total" not in table:
        raise ValueError("no figures of these heads")
    return table


MEASUREMENT = Measurement(
    module=__name__,
    place="twin-bits",
    file="bits.npz",
    shipped=Path(__file__).parent / "shipped",
    request=Request.of,
    compute=_compute,
    encode=_encode,
    decode=_decode,
    act="Measure the untrained twin over the sentences",
    noun="The bits of the untrained twin",
    broken="are broken and cannot be read",
)
