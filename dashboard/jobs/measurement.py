"""What is measured over our own sentences: how it is asked for, computed, written, found again, and made by a job.

A module of an analysis, ``dashboard/analyses/<topic>/<module>.py``, defines one as ``MEASUREMENT``. With it come

    MEASUREMENT.find(request)     # what ships with the dashboard, else what was measured on this machine, else None
    MEASUREMENT.begin(request)    # measures it in the background: a job, see `dashboard.jobs.job`
    job_panel.result_or_offer(MEASUREMENT, request, …)       # both, on a page

The name of the module is all that a job's file says of it, so nothing here lists the measurements.
"""

from __future__ import annotations

import hashlib
import json
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from dashboard.capture import AttentionModel, open_model
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.files import cache_dir, write_parts
from dashboard.jobs import job


class Request(Protocol):
    """What is asked of a measurement: a frozen dataclass of plain values. `results.AllHeads` is one for all heads."""

    @property
    @abstractmethod
    def models(self) -> tuple[str, ...]:
        """The models, one or two, by the names that `dashboard.open_model` takes."""

    @property
    @abstractmethod
    def options(self) -> dict[str, str | int | float | bool | None]:
        """What the job must be told to ask the same again, beside the models."""

    @property
    @abstractmethod
    def named(self) -> tuple[str, ...]:
        """What stands in the name of its folder, between the first model and the digest of the key."""

    @property
    @abstractmethod
    def shipped_name(self) -> str:
        """The name, without its ending, of the file that ships with the dashboard."""

    @abstractmethod
    def key(self) -> dict[str, Any]:
        """What a file must say that it is of, as JSON gives it back."""


RequestType = TypeVar("RequestType", bound=Request)
Found = TypeVar("Found")


class NotOurs(ValueError):
    """Bytes that are no result; in words that follow “The map in “FILE””, like "is not what it should be"."""


@dataclass(frozen=True, eq=False)
class Measurement(Generic[RequestType, Found]):
    """One measurement over our own sentences.

    Attributes
    ----------
    module: where it is defined, `__name__`; jobs name it
    place: the folder within the cache folder, like "effects"; two measurements may share one
    file: what its file is called in a folder of its own there; a file that ships has the same ending
    shipped: the folder of those that ship with the dashboard
    request: what is asked for, of the open models, and by name what `Request.options` says
    compute: the result, of the open models, the request, and what to tell how far it is (`job.OnProgress`)
    encode: the bytes of a file, with the request's key in them
    decode: what bytes hold; None where it is of another request. Raises where they are no result; `NotOurs` says why
    act: what it does, as a button says it: "Measure all heads"
    noun, broken: "The map" and "is broken and cannot be read", or "are …"
    """

    module: str
    place: str
    file: str
    shipped: Path
    request: Callable[..., RequestType]
    compute: Callable[..., Found]
    encode: Callable[[Found, RequestType], bytes]
    decode: Callable[[bytes, RequestType], Found | None]
    act: str
    noun: str
    broken: str = "is broken and cannot be read"

    resumes: ClassVar[bool] = False
    """It begins anew where it was stopped."""

    def folder(self, request: RequestType) -> Path:
        """Where it is measured to on this machine, there or not. Raises UserError where no folder is known."""
        model = re.split(r"[\\/]", request.models[0].rstrip("\\/"))[-1]
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", model)[:40]
        digest = hashlib.sha256(json.dumps(request.key(), sort_keys=True).encode()).hexdigest()[:16]
        return cache_dir() / self.place / "-".join([name, *request.named, digest])

    def shipped_file(self, request: RequestType) -> Path:
        """Where the one that ships with the dashboard lies or would lie."""
        return self.shipped / f"{request.shipped_name}{Path(self.file).suffix}"

    def files(self, request: RequestType) -> tuple[Path, Path]:
        """Where the result may lie: as it ships, and as it was measured on this machine. Raises as `folder` does."""
        return self.shipped_file(request), self.folder(request) / self.file

    def find(self, request: RequestType) -> Found | None:
        """The result, as it ships or was measured here; None where it is still to be measured.

        Raises UserError where there is a broken file and no other.
        """
        broken = None
        for file in self.files(request):
            try:
                found = self.read(file, request)
            except UserError as error:
                broken = error
                continue
            if found is not None:
                return found
        if broken:
            raise broken
        return None

    def read(self, file: Path, request: RequestType) -> Found | None:
        """What a file holds; None where there is no file, or it is of something else.

        Raises UserError where it cannot be read or is not one of ours.
        """
        try:
            return self.decode(file.read_bytes(), request)
        except FileNotFoundError:
            return None
        except Exception as error:  # whatever the readers raise at bytes that are none of theirs
            wrong = str(error) if isinstance(error, NotOurs) else self.broken
            raise UserError(f"{self.noun} in “{file}” {wrong}. {self.act} again.") from error

    def keep(self, found: Found, request: RequestType, file: Path | None = None) -> Path:
        """Writes a result, whole or not at all, to a file: the one where `find` looks for it. Raises UserError."""
        file = self.folder(request) / self.file if file is None else file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder “{file.parent}” cannot be made: {error.strerror}. Free its place.") from error
        write_parts(file, [self.encode(found, request)])
        return file

    def measure(self, request: RequestType, *models: AttentionModel, progress: job.OnProgress | None = None) -> Found:
        """The result, measured now, of the open models. Raises UserError as `compute` does."""
        return self.compute(*models, request, progress or (lambda fraction, sentence: None))

    def begin(self, request: RequestType) -> job.Job:
        """Measures it in the background. Raises UserError where that is going on, or nothing can be written."""
        first, *second = request.models
        settings: dict[str, Any] = request.options | ({"second": second[0]} if second else {})
        return job.start(first, builtin_corpus(), self.folder(request), work=self.module, **settings)

    def make(self, out: Path, settings: Mapping[str, Any], progress: job.OnProgress) -> None:
        """The work of a job that `begin` started: `told` is what stands in its file."""
        names = [settings[name] for name in ("model", "second") if name in settings]
        progress(0.0, "Opening the model" + "s" * (len(names) > 1))
        models = [open_model(name) for name in names]
        options = {name: value for name, value in settings.items() if name not in job.ALWAYS | {"second"}}
        request = self.request(*models, **options)
        self.keep(self.measure(request, *models, progress=progress), request, out / self.file)
