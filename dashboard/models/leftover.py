"""Weights in a model's files that its architecture has no place for: said, or a reason not to open it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dashboard.errors import UserError
from dashboard.models.files import read_json
from dashboard.models.resolve import ModelSource

_NUMBER = re.compile(r"\.(\d+)(?=\.)")
# Tables and masks that are computed, which older versions of the library stored.
_COMPUTED = re.compile(r"(inv_freq|masked_bias|position_ids|attn\.bias|attention\.bias|causal_mask|rotary_emb\..*)$")


def left_over(source: ModelSource, model, unexpected: Iterable[str]) -> tuple[str, ...]:
    """Notes on weights that were not read.

    model: as the library made it; unexpected: the names in its files that it had no place for. What belongs to a head
    for a task (lm_head, classifier, cls, pooler …) stands outside the layers and is no news.

    Raises UserError where a layer or the embeddings have weights of their own left over: the numbers would not be the
    model's.
    """
    lists = {path: len(one) for path, one in model.named_modules() if type(one).__name__ == "ModuleList"}
    unknown: list[str] = []
    beyond: dict[str, int] = {}
    for key in sorted(unexpected):
        if _COMPUTED.search(key):
            continue
        path, number = _in_list(key, lists) or ("", 0)
        if not path:
            unknown += [key] if _in_part(key, model) else []
        elif number < lists[path]:
            unknown.append(key)
        else:
            beyond[path] = max(beyond.get(path, 0), number)
    if unknown:
        raise UserError(
            f"“{source.name}” has {len(unknown)} weights in its layers or embeddings that the library's "
            f"“{model.config.model_type}” does not know, {unknown[0]} first. Without them its attention would be "
            "another one. Choose another model."
        )
    return tuple(
        f"Its file has layers up to {last} ({path}), its configuration names {lists[path]}: the layers from "
        f"{lists[path]} on are not read."
        for path, last in sorted(beyond.items())
    )


def own_code(source: ModelSource) -> tuple[str, ...]:
    """A note where a folder names code of its own over an architecture that the library knows."""
    config = read_json(source.folder / "config.json", source.name)
    notes, named = [], config.get("auto_map")
    named = named if isinstance(named, dict) else {}
    if code := next((str(code) for task, code in named.items() if task.startswith("AutoModel")), None):
        notes.append(
            f"Its folder names code of its own ({code[:80]}). Two Heads runs none: the library's "
            f"“{config['model_type']}” reads its weights, which may differ from what its makers run."
        )
    return tuple(notes)


def _in_list(key: str, lists: dict[str, int]) -> tuple[str, int] | None:
    """The list of layers that a weight's name lies in, whatever the name has before it, and the layer's number."""
    for number in _NUMBER.finditer(key):
        named = key[: number.start()]
        for path in lists:
            if named == path or named.endswith(f".{path}") or path.endswith(f".{named}"):
                return path, int(number[1])
    return None


def _in_part(key: str, model) -> bool:
    """Whether a weight's name lies in a part of the model besides its layers, its embeddings for one."""
    part = key.removeprefix(f"{model.base_model_prefix}.").partition(".")[0]
    return part != "pooler" and part in dict(model.named_children())
