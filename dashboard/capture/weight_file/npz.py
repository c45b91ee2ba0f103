"""A file of attention weights (.npz) → its arrays, without pickle. What lies uncompressed in the file stays there."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.capture.weight_file.arrays import GivenWeights
from dashboard.errors import UserError
from dashboard.models.memory import SPARE, free_bytes, gigabytes
from dashboard.text.encoding import BETWEEN, Encoding
from dashboard.text.own_tokens import encoding_of_tokens

_LOCAL_HEADER = 30  # bytes in front of a member's name in a zip


@dataclass(frozen=True, eq=False)
class WeightFile:
    """What such a file holds.

    weights, encoding: its weights, and the tokens that they are over; exported: of a file that Two Heads has written,
    whose weights these are, else ""
    """

    weights: GivenWeights
    encoding: Encoding
    exported: str = ""


def read_weights(path: Path, called: str) -> WeightFile:
    """The weights and the tokens of a file.

    It holds the arrays ``weights``, floats (n × n), (heads × n × n) or (layers × heads × n × n), and ``tokens``, str
    (n); it may hold ``special``, bool (n), ``text`` with ``spans`` (n × 2), or whatever a file that Two Heads exports
    does. An uncompressed array (`numpy.savez`) is mapped, a compressed one read. called: the file's name, for messages.

    Raises UserError where that is not what the file holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
        if "key_tokens" in names:
            raise UserError(
                f"“{called}” holds cross attention, which is over two texts. Draw it in Python: view_of(weights, "
                "tokens, keys=key_tokens)."
            )
        for wanted in ("weights", "tokens"):
            if wanted not in names:
                raise UserError(
                    f"“{called}” has no array “{wanted}”, only {', '.join(names) or 'nothing'}. Save it with "
                    "numpy.savez(file, weights=weights, tokens=tokens)."
                )
        weights = GivenWeights.of(_array(path, "weights", called))
        small = {name: _array(path, name, called) for name in names if name in _SMALL}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as error:
        raise UserError(
            f"“{called}” cannot be read as an .npz file. Save it again with numpy.savez, without pickled objects."
        ) from error
    tokens = small["tokens"]
    n = weights.maps.shape[2]
    if tokens.dtype.kind != "U" or tokens.ndim != 1:
        raise UserError(f"The tokens of “{called}” are no list of strings. Save numpy.array(tokens, dtype=str).")
    if weights.maps.shape[2:] != (len(tokens), len(tokens)):
        rows, columns = weights.maps.shape[2:]
        raise UserError(
            f"“{called}” holds weights of {rows:,} × {columns:,} positions and {len(tokens):,} tokens. Save as many "
            "tokens as there are rows and columns."
        )
    about = _about(small)
    encoding = encoding_of_tokens(
        tokens.tolist(),
        _list(small, "special", n),
        text=about.get("text"),
        spans=_list(small, "spans", n, 2),
        unknown=[count > 0 for count in _list(small, "unknown", n) or ()],
        second=about.get("second"),
        segments=_list(small, "segments", n) or (),
        stretches=small["stretches"].astype(str).ravel().tolist() if "stretches" in small else (),
    )
    if not encoding.text.strip():
        raise UserError(f"The tokens of “{called}” are empty or special, so there is no text. Save them as they read.")
    return WeightFile(weights, encoding, about.get("exported", ""))


_SMALL = ("tokens", "special", "unknown", "spans", "segments", "stretches", "text", "provenance")


def _list(arrays: dict[str, np.ndarray], name: str, *shape: int) -> list | None:
    """One of the arrays along the tokens, None where the file has none. Raises UserError for another shape."""
    if name not in arrays:
        return None
    if arrays[name].shape != shape or arrays[name].dtype.kind not in "biu":
        each = "one whole number or truth value" if len(shape) == 1 else "two whole numbers"
        raise UserError(f"The array “{name}” does not fit the tokens. Save {each} for each token.")
    return arrays[name].tolist()


def _about(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """The text of the tokens, where its second one begins, and whose weights they are, as far as the file says it."""
    if "text" in arrays:
        return {"text": str(arrays["text"])}
    if "provenance" not in arrays:
        return {}
    try:
        stored = json.loads(str(arrays["provenance"]))
        text, options = str(stored["text"]), stored["options"]
        about: dict[str, Any] = {"exported": f"{', '.join(stored['heads'])} of {stored['title'] or stored['model']}"}
        if "source" in options:  # the text that the tokens stand in is the target
            return about | {"text": text}
        if pair := options.get("pair"):
            return about | {"text": f"{text}{BETWEEN}{pair}", "second": len(text + BETWEEN)}
        return about | {"text": text}
    except (ValueError, KeyError, TypeError):
        return {}


def _array(path: Path, name: str, called: str) -> np.ndarray:
    """One array of the file: mapped where it lies there uncompressed, else read."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"{name}.npy")
        with archive.open(info) as member:
            version = np.lib.format.read_magic(member)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, by_column, dtype = read(member)
            header = member.tell()
        if dtype.hasobject:
            raise ValueError("pickled objects are not read")
        size = int(np.prod(shape, dtype=np.float64)) * dtype.itemsize
        if info.compress_type != zipfile.ZIP_STORED or not size:
            if size + SPARE > free_bytes():
                raise UserError(
                    f"“{called}” takes {gigabytes(size)} of memory, and {gigabytes(free_bytes())} are free. Save it "
                    "with numpy.savez, uncompressed: then it stays in the file."
                )
            with archive.open(info) as member:
                return np.lib.format.read_array(member, allow_pickle=False)
    with path.open("rb") as file:
        file.seek(info.header_offset)
        local = file.read(_LOCAL_HEADER)
    before = int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")  # its name and extras
    offset = info.header_offset + _LOCAL_HEADER + before + header
    if offset + size > path.stat().st_size:
        raise ValueError("the file ends early")
    return np.memmap(path, dtype, "r", offset, tuple(shape), "F" if by_column else "C")
