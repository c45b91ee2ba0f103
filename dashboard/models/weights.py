"""What safetensors files say of themselves: names, shapes and places of their tensors. No weight is read."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path

from dashboard.errors import UserError
from dashboard.models.files import plain_size

LARGEST_HEADER = 100_000_000  # bytes, the format's own limit
_BITS = {
    "F64": 64,
    "I64": 64,
    "U64": 64,
    "C64": 64,
    "F32": 32,
    "I32": 32,
    "U32": 32,
    "F16": 16,
    "BF16": 16,
    "I16": 16,
    "U16": 16,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I8": 8,
    "U8": 8,
    "BOOL": 8,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "F4": 4,
}


def header(file: Path, called: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Each tensor's type and shape, by its name.

    The format: 8 bytes with the header's length, a JSON header, then the tensors, one after the other, up to the
    file's end. Raises UserError unless the file is all of that.
    """
    size = plain_size(file, called)
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            entries = json.loads(stream.read(length)) if 0 < length <= min(size - 8, LARGEST_HEADER) else None
        if entries is None:
            raise ValueError("no header")
        entries.pop("__metadata__", None)
        found = {name: _tensor(name, entry) for name, entry in entries.items()}
        end = 0
        for begin, stop in sorted(entry["data_offsets"] for entry in entries.values()):
            if begin != end or stop < begin:
                raise ValueError("a gap")
            end = stop
        sound = bool(found) and size == 8 + length + end
    except OSError as error:
        raise UserError(f"{file.name} in “{called}” cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OverflowError):
        sound = False
    if not sound:
        raise UserError(f"The weights of “{called}” ({file.name}) are damaged or cut off. Copy them again.")
    return found


def _tensor(name: str, entry: dict) -> tuple[str, tuple[int, ...]]:
    kind, shape, (begin, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    if not all(type(number) is int and number >= 0 for number in (*shape, begin, stop)):
        raise ValueError(name)
    if 8 * (stop - begin) != _BITS[kind] * math.prod(shape):
        raise ValueError(name)
    return kind, shape


def headers(files: Iterable[Path], called: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The tensors of all files of one model: type and shape by name."""
    return {name: tensor for file in files for name, tensor in header(file, called).items()}


def numbers(tensors: dict[str, tuple[str, tuple[int, ...]]]) -> int:
    """How many numbers they hold together."""
    return sum(math.prod(shape) for _, shape in tensors.values())


def shard_names(index: dict) -> list[str] | None:
    """The files that an index names, None where they are no names of files next to it."""
    try:
        shards = sorted(set(index["weight_map"].values()))
    except (KeyError, TypeError, AttributeError):
        return None
    return shards if shards and all(isinstance(s, str) and s and s == os.path.basename(s) for s in shards) else None


_WRAPPERS = ("module.", "_orig_mod.", "_fsdp_wrapped_module.", "_forward_module.")


def wrapper(names: Iterable[str]) -> str:
    """What a known wrapper (DataParallel, torch.compile, FSDP …) has put before every name: ``module.``, or nothing."""
    names, prefix = list(names), ""
    while names and (mark := next((m for m in _WRAPPERS if all(n.startswith(prefix + m) for n in names)), "")):
        prefix += mark
    return prefix


def prefix_of(names: Iterable[str], wanted: set[str] | None, own: str) -> str:
    """What stands before the names of a model's weights and is none of the model's: a known wrapper's mark, or one
    prefix with which all names of the model are there (``net.``).

    wanted: the names that the model has, None where they are not known; own: its own prefix in models with a head
    (``bert``), which it may have or not.
    """
    names = set(names)
    prefix = wrapper(names)
    if prefix or not wanted:
        return prefix
    wanted = {name for name in wanted if not name.startswith("pooler")}
    first = min(wanted, key=lambda name: (-len(name), name))

    def holds(before: str) -> bool:
        return all(f"{before}{name}" in names for name in wanted)

    if holds("") or holds(f"{own}."):
        return ""
    found = sorted({name[: -len(first)] for name in names if name.endswith(f".{first}")}, key=len)
    for before in found:
        if holds(before):
            return before.removesuffix(f"{own}.") if own and before.endswith(f".{own}.") else before
    return ""


def renaming(prefix: str) -> dict[str, str] | None:
    """For from_pretrained: how the names in the files become the model's; None where they are the same."""
    return {f"^{re.escape(prefix)}": ""} if prefix else None
