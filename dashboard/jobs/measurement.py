"""Measurements over the built-in sentences: requested, computed, stored, found again, and run as a background job.

A module of an analysis, ``dashboard/analyses/<topic>/<module>.py``, defines one as ``MEASUREMENT``. It gives

    MEASUREMENT.find(request)     # what ships with the dashboard, else what was measured on this machine, else None
    MEASUREMENT.begin(request)    # measures it in the background: a job, see `dashboard.jobs.job`
    job_panel.result_or_offer(MEASUREMENT, request, …)       # both, on a page

A job's file names only the module, so nothing here lists the measurements.
"""

from __future__ import annotations

import hashlib
import json
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from dashboard import serving
from dashboard.capture import AttentionModel, open_model
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.files import cache_dir, write_parts
from dashboard.jobs import job
from dashboard.jobs.record import ALWAYS
from dashboard.jobs.work import OnProgress
from dashboard.models.made import alone
from dashboard.models.twin.source import UNTRAINED
from dashboard.serving import visitor


class Request(Protocol):
    """A request for a measurement: a frozen dataclass of plain values, such as `results.AllHeads`."""

    @property
    @abstractmethod
    def models(self) -> tuple[str, ...]:
        """The models, one or two, by the names that `dashboard.open_model` takes."""

    @property
    @abstractmethod
    def options(self) -> dict[str, str | int | float | bool | None]:
        """The settings, besides the models, with which a job makes the same request."""

    @property
    @abstractmethod
    def named(self) -> tuple[str, ...]:
        """The parts of its folder's name between the first model and the digest of the key."""

    @property
    @abstractmethod
    def shipped_name(self) -> str:
        """The name, without its ending, of the file that ships with the dashboard."""

    @abstractmethod
    def key(self) -> dict[str, Any]:
        """The key that a file of this request holds, as JSON reads it back."""


RequestType = TypeVar("RequestType", bound=Request)
Found = TypeVar("Found")


class NotOurs(ValueError):
    """Bytes that are not a result. The message continues “The map in “FILE””, like "is not what it should be"."""


@dataclass(frozen=True, eq=False)
class Measurement(Generic[RequestType, Found]):
    """One measurement over the built-in sentences.

    Attributes
    ----------
    module: where it is defined, `__name__`; jobs name it
    place: the folder within the cache folder, like "effects"; two measurements may share one
    file: the name of its file in a folder of its own there; a shipped file has the same ending
    shipped: the folder of the files that ship with the dashboard
    request: (the open models, and by name `Request.options`) → the request
    compute: (the open models, the request, a callback for progress, `OnProgress`) → the result
    encode: (the result, the request) → the bytes of a file, which hold the request's key
    decode: (bytes, the request) → the result; None if it is of another request. Raises for bytes that are not a result;
        `NotOurs` says why
    act: the label of its button: "Measure all heads"
    noun, broken: "The map" and "is broken and cannot be read", or "are …"
    of_a_text: whether it is of a text that a person typed. On a server for others such a result is the visitor's own;
        all others are of the models and serve everyone
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
    of_a_text: bool = False

    resumes: ClassVar[bool] = False
    """A restart begins from the start."""

    def folder(self, request: RequestType) -> Path:
        """The folder of its result on this machine, existing or not. Raises UserError if no folder is known."""
        model = re.split(r"[\\/]", request.models[0].rstrip("\\/"))[-1]
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", model)[:40]
        digest = hashlib.sha256(json.dumps(request.key(), sort_keys=True).encode()).hexdigest()[:16]
        where = visitor.own_folder() if self.of_a_text and serving.for_others() else cache_dir()
        return where / self.place / "-".join([name, *request.named, digest])

    def shipped_file(self, request: RequestType) -> Path:
        """The path of the shipped result, existing or not."""
        return self.shipped / f"{request.shipped_name}{Path(self.file).suffix}"

    def files(self, request: RequestType) -> tuple[Path, Path]:
        """The paths of the shipped result and of the one measured on this machine. Raises as `folder` does."""
        return self.shipped_file(request), self.folder(request) / self.file

    def find(self, request: RequestType) -> Found | None:
        """The result, shipped or measured here; None if there is none yet.

        Raises UserError if there is only a broken file.
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
        """The result in a file; None if the file is missing or of another request.

        Raises UserError if it cannot be read or is not one of ours.
        """
        try:
            return self.decode(file.read_bytes(), request)
        except FileNotFoundError:
            return None
        except Exception as error:  # readers raise many kinds of errors for foreign bytes
            wrong = str(error) if isinstance(error, NotOurs) else self.broken
            raise UserError(f"{self.noun} in “{file}” {wrong}. {self.act} again.") from error

    def keep(self, found: Found, request: RequestType, file: Path | None = None) -> Path:
        """Write a result atomically to a file, by default where `find` looks for it. Raises UserError."""
        file = self.folder(request) / self.file if file is None else file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder “{file.parent}” cannot be made: {error.strerror}. Free its place.") from error
        write_parts(file, [self.encode(found, request)])
        return file

    def measure(self, request: RequestType, *models: AttentionModel, progress: OnProgress | None = None) -> Found:
        """Measure the open models now. Raises UserError as `compute` does."""
        return self.compute(*models, request, progress or (lambda fraction, sentence: None))

    def begin(self, request: RequestType) -> job.Job:
        """Start a background job that measures it. Raises UserError if one is going, or nothing can be written."""
        first, *second = request.models
        settings: dict[str, Any] = request.options | ({"second": second[0]} if second else {})
        return job.start(first, builtin_corpus(), self.folder(request), work=self.module, **settings)

    def make(self, out: Path, settings: Mapping[str, Any], progress: OnProgress) -> None:
        """The work of a job that `begin` started. settings: those in the job's file"""
        names = [settings[name] for name in ("model", "second") if name in settings]
        options = {name: value for name, value in settings.items() if name not in ALWAYS | {"second"}}
        with one_twin(names, progress):
            progress(0.0, "Opening the model" + "s" * (len(names) > 1))
            models = [open_model(name) for name in names]
            request = self.request(*models, **options)
            self.keep(self.measure(request, *models, progress=progress), request, out / self.file)


@contextmanager
def one_twin(names: Iterable[str], progress: OnProgress) -> Iterator[None]:
    """Within it, no other job on this machine holds an untrained twin: each takes as much memory as its model."""
    if not any(name.startswith(UNTRAINED) for name in names):
        yield
        return
    cache_dir().mkdir(parents=True, exist_ok=True)
    with alone(cache_dir() / "untrained", "Another untrained twin is being measured. Waiting for it.", progress):
        yield
