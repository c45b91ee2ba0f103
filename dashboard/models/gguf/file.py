"""What a GGUF file says of itself: its architecture and the size of its tensors. No weight is read.

The format: ``GGUF``, a version, how many tensors and settings; the settings; each tensor's name, shape, type and
place; then the tensors. Every count is held against the bytes that are there, so that no file can make this run long.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.errors import UserError
from dashboard.models.files import plain_size

_FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LARGEST_HEADER = 500_000_000  # bytes: settings hold the vocabulary


@dataclass(frozen=True)
class Gguf:
    """A GGUF file: its path, architecture, number of layers (0: not said), tensors, and numbers in all of them.

    settings: what its architecture says of itself, without its name before them; lists are left out
    scaled: a tensor that changes rotary positions, "" where there is none
    """

    path: Path
    architecture: str
    layers: int
    tensors: int
    numbers: int
    settings: dict[str, int | float | str | bool] = field(default_factory=dict)
    scaled: str = ""


def choose(folder: Path, called: str) -> Path | None:
    """The one GGUF file of a folder, None where it holds none. Raises UserError where there are several."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".gguf")
    if len(found) > 1:
        raise UserError(f"“{called}” holds {len(found)} GGUF files. Name one of them: {found[0]}, for example.")
    return found[0] if found else None


def read(path: Path, called: str) -> Gguf:
    """Raises UserError unless it is a whole GGUF file of one part."""
    size = plain_size(path, called)
    if (part := re.search(r"-\d{5}-of-(\d{5})\.gguf$", path.name)) and int(part[1]) > 1:
        raise UserError(
            f"“{called}” is one of {int(part[1])} parts. Join them first: "
            "“llama-gguf-split --merge FIRST-PART WHOLE.gguf”."
        )
    try:
        with path.open("rb") as stream:
            return _read(path, _Cursor(stream.read(min(size, _LARGEST_HEADER))), size)
    except OSError as error:
        raise UserError(f"{path.name} in “{called}” cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, struct.error, UnicodeError, OverflowError):
        raise UserError(f"“{called}” is no whole GGUF file: it is damaged or cut off. Copy it again.") from None


class _Cursor:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, form: str):
        (value,) = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return value

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self.data):
            raise ValueError("cut off")

    def string(self) -> str:
        length = self.take("Q")
        begin = self.at
        self.skip(length)
        return self.data[begin : self.at].decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0):
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.take(_FIXED[kind])
        inner, count = self.take("I"), self.take("Q")
        if inner in _FIXED:
            self.skip(count * struct.calcsize(_FIXED[inner]))
        elif depth > 3 or count > len(self.data):
            raise ValueError("no array")
        else:
            for _ in range(count):
                self.value(inner, depth + 1)
        return None


def _read(path: Path, cursor: _Cursor, size: int) -> Gguf:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    if cursor.data[:4] != b"GGUF":
        raise ValueError("no GGUF")
    cursor.skip(4)
    version, tensors, settings = cursor.take("I"), cursor.take("Q"), cursor.take("Q")
    if version not in (2, 3) or not 0 < tensors < len(cursor.data) or settings > len(cursor.data):
        raise ValueError("another version, or no count")
    metadata = {}
    for _ in range(settings):
        name = cursor.string()
        metadata[name] = cursor.value(cursor.take("I"))
    numbers, end, scaled = 0, 0, ""
    for _ in range(tensors):
        name = cursor.string()
        scaled = name if name.startswith(("rope_freqs", "rope_factors")) else scaled
        dimensions = cursor.take("I")
        if not 0 <= dimensions <= 8:
            raise ValueError("no shape")
        count = math.prod([cursor.take("Q") for _ in range(dimensions)])
        block, bytes_each = GGML_QUANT_SIZES[GGMLQuantizationType(cursor.take("I"))]
        offset = cursor.take("Q")
        numbers += count
        end = max(end, offset + -(-count // block) * bytes_each)
    align = metadata.get("general.alignment", 32)
    if not isinstance(align, int) or align < 1 or -(-cursor.at // align) * align + end > size:
        raise ValueError("cut off")
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str):
        raise ValueError("no architecture")
    layers = metadata.get(f"{architecture}.block_count", 0)
    if not isinstance(layers, int) or layers > tensors:
        raise ValueError("more layers than tensors")
    own = {name.removeprefix(f"{architecture}."): value for name, value in metadata.items() if value is not None}
    return Gguf(path, architecture[:40], layers, tensors, numbers, own, scaled)
