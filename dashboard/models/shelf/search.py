"""The hub, looked at before anything is fetched: models by name, and what would be fetched of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboard import serving
from dashboard.errors import UserError
from dashboard.models import hub

MOST = 20
"""So many models are listed."""
SECONDS = 20
OFFLINE = "The hub cannot be reached. Connect to the network and search again; the models on this machine work without."


@dataclass(frozen=True)
class Found:
    """A model of the hub.

    Attributes
    ----------
    hub_id: owner/name
    downloads: in the last 30 days
    licence: "" where the hub names none
    gated: whether it is given out on request only
    numbers: how many numbers its weights are; None where the hub does not say
    """

    hub_id: str
    downloads: int
    licence: str
    gated: bool
    numbers: int | None


@dataclass(frozen=True)
class Files:
    """What would be fetched of a model.

    Attributes
    ----------
    found: the model
    files: name and bytes of each file, the largest first
    """

    found: Found
    files: tuple[tuple[str, int], ...]

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.files)


def search(text: str) -> list[Found]:
    """The most downloaded models of the hub with safetensors whose name holds the text.

    Raises UserError for an empty text, and where the hub cannot be reached.
    """
    from huggingface_hub import HfApi

    serving.own_machine_only("The hub is searched")
    if not (text := text.strip()):
        raise UserError("There is nothing to search for. Type a part of a model's name, like bert.")
    with hub.asking(text, OFFLINE):
        # What is asked for is fetched when the listing is read.
        every = HfApi().list_models(
            search=text,
            filter="safetensors",
            sort="downloads",
            limit=MOST,
            expand=["downloads", "gated", "safetensors", "tags"],
        )
        return [_found(one) for one in every]


def files_of(hub_id: str) -> Files:
    """What `dashboard.models.hub.download` would fetch of ``owner/name[@revision]``.

    Raises UserError where there is no such model, nothing in it can be opened, or the hub cannot be reached.
    """
    from huggingface_hub import HfApi

    serving.own_machine_only("The hub is searched")
    repo, _, revision = hub_id.partition("@")
    with hub.asking(hub_id, OFFLINE):
        info = HfApi().model_info(repo, revision=revision or None, files_metadata=True, timeout=SECONDS)
        sizes = {one.rfilename: one.size or 0 for one in info.siblings or ()}
        names = hub.wanted(hub_id, list(sizes))
    files = sorted(((name, sizes[name]) for name in names), key=lambda file: (-file[1], file[0]))
    return Files(_found(info, hub_id), tuple(files))


def _found(info: Any, hub_id: str = "") -> Found:
    total = getattr(info.safetensors, "total", None) if getattr(info, "safetensors", None) else None
    return Found(hub_id or info.id, info.downloads or 0, hub.licence_of(info.tags), bool(info.gated), total)
