"""A profile, the files of its folder, and how they are read: a changed or incomplete file raises a UserError."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from dashboard.analyses.profile.budget import CHANNELS
from dashboard.analyses.profile.roles import FIGURES
from dashboard.errors import UserError
from dashboard.formats import FORMATS, readable


@dataclass(frozen=True, eq=False)
class Profile:
    """A model's heads on a corpus.

    Attributes
    ----------
    heads: a row per head: layer, head, budget_… and twin_… for each channel, then the columns of
        `explained.Explained.table`
    dependencies: a row per relation, direction and head (in-sample), see `dependency`
    best: a row per relation with its best head, held out and in-sample
    moments: each head's top activating and typical sentences: the columns of `example_sentences`, and the line of
        the file where the sentence begins
    sentences: the sentences of `moments`: index, line, text; None where texts were not kept. The text of a treebank's
        sentence is its words with spaces between, as the model read them
    about: model, revision, file and its SHA-256, sentences used and left out with reasons, words, queries, versions,
        seconds, and the file's source if given
    """

    heads: pd.DataFrame
    dependencies: pd.DataFrame
    best: pd.DataFrame
    moments: pd.DataFrame
    sentences: pd.DataFrame | None
    about: dict


PROFILE, CHUNKS, KEY = "profile.json", "chunks", "key.json"
"""The file written last, which marks a complete profile; the folder of chunks; the file that identifies them."""

VERSION = 1
"""Version of a profile's folder: raised when a reader of the last version would misread it."""

_WHOLE, _NUMBER, _TEXT, _FLAG = "int64", "float64", "object", "bool"
_HEAD, _PART = {"layer": _WHOLE, "head": _WHOLE}, {"part": _TEXT}
_OF_RELATION = {
    "accuracy": _NUMBER,
    "baseline": _NUMBER,
    "offset": _WHOLE,
    "lift": _NUMBER,
    "low": _NUMBER,
    "high": _NUMBER,
    "q": _NUMBER,
}
_LATER = {"q"}  # columns that profiles of earlier versions do not have: empty in these
_HELD_OUT = {f"held_out_{name}": _NUMBER for name in ("accuracy", "baseline", "lift")}

TABLES: dict[str, dict[str, str]] = {
    "heads": {
        **_HEAD,
        **{f"{prefix}_{channel}": _NUMBER for prefix in ("budget", "twin") for channel in CHANNELS},
        "queries": _WHOLE,
        "active": _NUMBER,
        **{f"bits_{figure}{end}": _NUMBER for figure in FIGURES for end in ("", "_low", "_high")},
        "lean": _NUMBER,
        "role": _TEXT,
    },
    "dependencies": {"relation": _TEXT, "direction": _TEXT, **_HEAD, "n": _WHOLE, "correct": _WHOLE, **_OF_RELATION},
    "relations": {
        "relation": _TEXT,
        "n": _WHOLE,
        "ranked": _FLAG,
        **_HEAD,
        "direction": _TEXT,
        **_OF_RELATION,
        **_HELD_OUT,
    },
    "moments": {
        **_HEAD,
        "figure": _TEXT,
        "kind": _TEXT,
        "decile": _WHOLE,
        "sentence": _WHOLE,
        "line": _WHOLE,
        "score": _NUMBER,
        "queries": _WHOLE,
    },
    "sentences": {"index": _WHOLE, "line": _WHOLE, "text": _TEXT},
}
"""The columns of each table, in order, and their types."""

_ABOUT = {
    "model": str,
    "revision": str,
    "file": str,
    "sha256": str,
    "sentences": dict,
    "words": int,
    "sentences_kept": bool,
}


def read_about(folder: Path) -> dict:
    """The contents of `PROFILE`. Raises UserError where it is missing, no profile, or of another version."""
    try:
        about = json.loads((folder / PROFILE).read_bytes())
    except FileNotFoundError:
        raise UserError(f"There is no profile in “{folder}”. Make one there, or choose another folder.") from None
    except NotADirectoryError:
        raise UserError(f"“{folder}” is not a folder. Name the folder that a profile was written to.") from None
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or "profile.json is not whole"
        raise UserError(f"The profile in “{folder}” cannot be read: {why}. Make it again.") from error
    if not isinstance(about, dict) or not isinstance(about.get("profile"), int):
        raise UserError(f"The profile.json in “{folder}” is not one of ours. Choose another folder.")
    if about["profile"] != VERSION:
        raise UserError(
            f"The profile in “{folder}” is of version {about['profile']}, and this dashboard reads version {VERSION}. "
            "Make it again."
        )
    sentences = about.get("sentences")
    whole = all(isinstance(about.get(name), kind) for name, kind in _ABOUT.items())
    if not whole or about.get("format") not in readable() or not isinstance((sentences or {}).get("used"), int):
        raise UserError(
            f"The profile in “{folder}” is not whole: profile.json lacks what it should say. Make it again."
        )
    if about.get("seal", _seal(about)) != _seal(about) or not isinstance(about.get("files", {}), dict):
        raise UserError(f"The profile.json in “{folder}” was changed since it was made. Make the profile again.")
    return about


def seal(about: dict, files: dict[str, str]) -> None:
    """Adds to `about` the SHA-256 of each table's file and of itself, so that bytes changed on disk are noticed."""
    about["files"] = files
    about["seal"] = _seal(about)


def _seal(about: dict) -> str:
    """The SHA-256 of `about` without format, seconds and the seal itself."""
    sealed = {name: value for name, value in about.items() if name not in ("seal", "seconds", "format")}
    return hashlib.sha256(json.dumps(sealed, sort_keys=True).encode()).hexdigest()


def read_table(folder: Path, name: str, format: str, files: Mapping[str, str] = MappingProxyType({})) -> pd.DataFrame:
    """A table of a profile in any format, with the columns of `TABLES` in order and their types.

    files: the SHA-256 that each file had when it was written

    Raises UserError where the file is missing, changed, unreadable, or lacks a column or has another type in it.
    """
    file, kinds = folder / f"{name}.{format}", TABLES[name]
    if file.name in files and file.is_file() and _sha256(file) != files[file.name]:
        raise UserError(f"{file.name} in “{folder}” was changed since it was made. Make the profile again.")
    try:
        texts = [*(column for column, kind in kinds.items() if kind == _TEXT), *_PART]
        read = FORMATS[format].read
        if read is None:
            raise ValueError(f".{format} cannot be read")
        table = read(file, texts)
    except FileNotFoundError:
        raise UserError(f"The profile in “{folder}” lacks {file.name}. Make it again.") from None
    except Exception as error:  # readers raise many kinds of error for damaged files
        raise UserError(f"{file.name} in “{folder}” is broken and cannot be read. Make the profile again.") from error
    for column in _LATER & kinds.keys() - set(table.columns):
        table[column] = np.nan
    if missing := [column for column in kinds if column not in table.columns]:
        raise UserError(f"{file.name} in “{folder}” has no column “{missing[0]}”. Make the profile again.")
    if _PART.keys() & set(table.columns):  # of an encoder–decoder model: the heads have parts
        at = list(kinds).index("head") + 1
        kinds = dict([*list(kinds.items())[:at], *_PART.items(), *list(kinds.items())[at:]])
    try:
        return pd.DataFrame({column: _typed(table[column], kind) for column, kind in kinds.items()})
    except (TypeError, ValueError, OverflowError):
        raise UserError(
            f"{file.name} in “{folder}” holds something else than it should. Make the profile again."
        ) from None


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _typed(column: pd.Series, kind: str) -> pd.Series:
    """The column converted to its kind. Raises TypeError or ValueError where its values do not fit."""
    held = column.dtype.kind
    if kind == _TEXT:
        texts = column.astype(object).where(column.notna(), "")
        if not all(isinstance(text, str) for text in texts):
            raise TypeError
        return texts
    if len(column) and held not in {_WHOLE: "iu", _NUMBER: "iuf", _FLAG: "b"}[kind]:
        raise TypeError
    return column.astype(np.dtype(kind))
