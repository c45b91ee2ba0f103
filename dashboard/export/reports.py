"""Reports stored on this machine, each under a key: the figures that a person collects outlive the tab.

A report is a folder in the cache: ``order.json`` lists its figures in order, each with its note; a figure is a zip of
its specification, its provenance (JSON), its table (Parquet) and its matrices (NPZ). All files are sealed
(`dashboard.files`), written atomically, and read without pickle. The key is random and part of the address; a person
who knows it can read the report. On a server for others it is its visitor's alone. If there are too many reports, the
oldest are deleted.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from dashboard import serving
from dashboard.errors import UserError
from dashboard.export.bundle import zipped
from dashboard.export.matrix import StoredMatrix, matrix_bytes
from dashboard.export.provenance import Provenance
from dashboard.export.report import ReportFigure
from dashboard.export.table import table_bytes
from dashboard.files import cache_dir, keep, whole
from dashboard.serving import visitor

MOST_FIGURES = 30  # of a report
MOST_REPORTS = 40
LARGEST_FIGURE = 30_000_000  # bytes
LARGEST = 600_000_000  # bytes of all reports
LONGEST_NOTE, LONGEST_TITLE = 4_000, 200  # characters
_ORDER = "order.json"
_KEY = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True)
class Entry:
    """A figure of a report: its name in the folder, a person's note, and their title for it."""

    name: str
    note: str = ""
    title: str = ""


def is_key(text: str) -> bool:
    """Whether this is the form of a report's key."""
    return _KEY.fullmatch(text) is not None


def entries(key: str) -> list[Entry]:
    """The figures of a report in order; empty if there is no such report, or its list is broken."""
    if not is_key(key) or visitor.nobody() or (data := whole(_place() / key / _ORDER)) is None:
        return []
    try:
        read = [Entry(*map(str, one)) for one in json.loads(data)]  # versions before wrote no title
        return [entry for entry in read if is_key(entry.name)]
    except (ValueError, TypeError):
        return []


def is_there(key: str) -> bool:
    """Whether there is a report with figures under this key."""
    return bool(entries(key))


def latest() -> str:
    """The key of the report that was changed last; "" if there is none."""
    if visitor.nobody() or not _place().is_dir():
        return ""
    there = [(_changed(folder), folder.name) for folder in _place().iterdir() if is_there(folder.name)]
    return max(there)[1] if there else ""


def figure(key: str, name: str) -> ReportFigure | None:
    """A figure of a report, without its note and title; None where its file is gone or is not as it was written."""
    data = whole(_file(key, name))
    try:
        return None if data is None else _unpacked(data)
    except Exception:  # the seal fits but the content does not: a file of another version
        return None


def stamp(key: str, name: str) -> int:
    """A number that changes with the figure's file."""
    try:
        return _file(key, name).stat().st_mtime_ns
    except OSError:
        return 0


def add(key: str, new: ReportFigure, place: int | None = None) -> str:
    """Add a figure at a place of a report, by default its end, and return the report's key, a new one if there is no
    report under this key.

    A figure that is in the report already moves there and keeps its note. Raises UserError if the report or the
    figure is too large, or cannot be stored.
    """
    origin = new.provenance.to_json().encode()
    name, data = hashlib.sha256(origin).hexdigest()[:24], _packed(new)
    if len(data) > LARGEST_FIGURE:
        raise UserError(
            f"This figure takes {len(data) / 1e6:.0f} MB, and a report keeps figures of at most "
            f"{LARGEST_FIGURE / 1e6:.0f} MB. Download it by itself, or choose a shorter text."
        )
    with _changing():
        visitor.check_space(len(data))
        there = entries(key)
        key = key if there else secrets.token_hex(12)
        same = [entry for entry in there if entry.name == name]
        others = [entry for entry in there if entry.name != name]
        if len(others) >= MOST_FIGURES:
            raise UserError(f"The report holds {MOST_FIGURES} figures. Take one out first.")
        _remove_oldest(key, len(data))
        keep(_file(key, name), data)
        others.insert(len(others) if place is None else place, same[0] if same else Entry(name, new.note, new.title))
        _write(key, others)
    return key


def change(
    key: str,
    name: str,
    *,
    note: str | None = None,
    title: str | None = None,
    step: int = 0,
    out: bool = False,
) -> None:
    """Change one figure's position, note or title, or remove it; nothing if it is gone. Raises UserError.

    step: -1 moves it one place up, 1 one place down
    """
    with _changing():
        there = entries(key)
        at = next((k for k, entry in enumerate(there) if entry.name == name), None)
        if at is None:
            return
        if note is not None:
            there[at] = replace(there[at], note=note[:LONGEST_NOTE])
        if title is not None:
            there[at] = replace(there[at], title=" ".join(title.split())[:LONGEST_TITLE])
        if 0 <= (other := at + step) < len(there):
            there[other], there[at] = there[at], there[other]
        if out:
            del there[at]
        if not there:
            _remove(key)
            return
        _write(key, there)
        if out:
            for file in _place().glob(f"{key}/{name}.*"):
                file.unlink(missing_ok=True)


def clear(key: str) -> None:
    """Delete a report from this machine. Raises UserError."""
    with _changing():
        if is_key(key):
            _remove(key)


def _packed(one: ReportFigure) -> bytes:
    chart = one.chart if isinstance(one.chart, dict) else one.chart.to_dict()
    files = {
        "chart.json": json.dumps(chart).encode(),
        "provenance.json": one.provenance.to_json().encode(),
        "table.parquet": table_bytes(one.table, "parquet"),
    }
    files |= {f"matrices/{view.head}.npz": matrix_bytes(view, one.provenance) for view in one.views}
    return zipped("figure", files)


def _unpacked(data: bytes) -> ReportFigure:
    import pandas as pd

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    matrices = (name for name in files if name.startswith("matrices/"))
    return ReportFigure(
        json.loads(files["chart.json"]),
        pd.read_parquet(io.BytesIO(files["table.parquet"])),
        tuple(StoredMatrix(Path(name).stem, files[name]) for name in matrices),
        Provenance.from_dict(json.loads(files["provenance.json"])),
    )


def _place() -> Path:
    if serving.for_others():
        return visitor.own_folder() / "reports"
    try:
        return cache_dir() / "reports"
    except UserError:  # no home folder is known
        return _place_of_this_process()


@lru_cache(maxsize=1)
def _place_of_this_process() -> Path:
    return Path(tempfile.mkdtemp(prefix="two-heads-reports-"))


def _file(key: str, name: str) -> Path:
    return _place() / key / f"{name}.zip"


def _write(key: str, there: list[Entry]) -> None:
    keep(_place() / key / _ORDER, json.dumps([astuple(entry) for entry in there]).encode())


def _remove(key: str) -> None:
    shutil.rmtree(_place() / key, ignore_errors=True)


def _remove_oldest(key: str, size: int) -> None:
    """Delete the least recently changed reports if there are too many or they take too much space."""
    folders = [(_changed(folder), _size(folder), folder.name) for folder in _place().iterdir() if is_key(folder.name)]
    folders.sort(reverse=True)
    total = size
    for k, (_, takes, name) in enumerate(folders):
        total += takes
        if name != key and (k >= MOST_REPORTS - 1 or total > LARGEST):
            _remove(name)
            total -= takes


def _changed(folder: Path) -> float:
    with suppress(OSError):
        return (folder / _ORDER).stat().st_mtime
    return 0.0


def _size(folder: Path) -> int:
    total = 0
    with suppress(OSError):
        for file in folder.iterdir():
            total += file.stat().st_size
    return total


@contextmanager
def _changing() -> Iterator[None]:
    """A lock for changes: two tabs may show the same report."""
    try:
        _place().mkdir(parents=True, exist_ok=True)
        with FileLock(_place() / "lock").acquire(timeout=5):
            yield
    except Timeout:
        raise UserError("The report is being changed in another tab. Try again.") from None
    except OSError as error:
        raise UserError(f"The report cannot be kept in “{_place()}”: {error.strerror or error}.") from error
