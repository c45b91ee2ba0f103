"""The library of profiles: those shipped with the dashboard, and your own under names that you choose."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dashboard.analyses.profile.roles import FIGURES
from dashboard.analyses.profile.tables import CHUNKS, KEY, PROFILE, TABLES, Profile, read_about, read_table
from dashboard.errors import UserError
from dashboard.heads.head_id import columns_of, heads_by_layer, heads_of
from dashboard.models.resolve import ModelSource
from dashboard.serving import visitor

if TYPE_CHECKING:
    from dashboard.capture import AttentionModel

SHIPPED = Path(__file__).parent / "shipped"

_LONGEST = 60
# Not allowed on Windows, where a profile may be copied to; the last are its device names.
_NO_NAME = re.compile(r'[/\\:*?"<>|]|^\.|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)


@dataclass(frozen=True)
class LibraryEntry:
    """A profile of the library.

    Attributes
    ----------
    name, folder: the profile's folder, and the folder's name
    model, revision, file: the model and the corpus file; empty where unknown
    sentences: the number of sentences used; None for an unfinished profile
    shipped: whether it comes with the dashboard
    finished: whether it can be read. If not, it was stopped and the same call of `profile` resumes it, unless `wrong`
        explains in a sentence why it cannot be read
    """

    name: str
    folder: Path
    model: str
    revision: str
    file: str
    sentences: int | None
    shipped: bool
    finished: bool
    wrong: str = ""


def profile_library() -> list[LibraryEntry]:
    """All profiles: first those that come with the dashboard, then your own, each by name.

    On a server for others your own are the visitor's, and none where the browser has no cookie.
    """
    places = [(SHIPPED, True)] if visitor.nobody() else [(SHIPPED, True), (_own(), False)]
    found = [
        _look(folder, shipped)
        for place, shipped in places
        for folder in sorted(_folders(place), key=lambda folder: (folder.name.casefold(), folder.name))
    ]
    return [entry for entry in found if entry is not None]


def profiles_of(model: AttentionModel | ModelSource) -> list[LibraryEntry]:
    """The finished profiles of this model with these weights, those that come with the dashboard first."""
    source = model if isinstance(model, ModelSource) else model.source
    known = {source.name, str(source.folder)}
    return [one for one in profile_library() if one.finished and one.model in known and one.revision == model.revision]


def read_profile(folder: str | Path) -> Profile:
    """The profile that `dashboard.profile` wrote to a folder: exact from .parquet and .csv, to 16 digits from .xlsx.

    Raises UserError, with what to do, where there is none, or it is incomplete or of another version.
    """
    folder = Path(folder)
    about = read_about(folder)
    names = [name for name in TABLES if name != "sentences" or about["sentences_kept"]]
    tables = {name: read_table(folder, name, about["format"], about.get("files", {})) for name in names}
    heads = tables["heads"]
    every = heads_of(heads)
    counts = Counter(head.layer for head in every)  # only layers with attention, some with fewer heads than others
    if not every or every != heads_by_layer(dict(sorted(counts.items()))):
        raise UserError(f"The table of heads in “{folder}” is not one row per head. Make the profile again.")
    for name in ("dependencies", "relations", "moments"):
        if not set(every).issuperset(heads_of(tables[name][columns_of(tables[name])].drop_duplicates())):
            raise UserError(f"The table {name} in “{folder}” names heads that are not there. Make the profile again.")
    return Profile(
        heads, tables["dependencies"], tables["relations"], tables["moments"], tables.get("sentences"), about
    )


def place_for(name: str) -> Path:
    """The folder of your own profile of this name, whether it exists or not.

    Raises UserError where the name is not a valid folder name on every system, leads elsewhere, or belongs to a profile
    that comes with the dashboard.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if wrong := _wrong_name(name):
        raise UserError(wrong)
    if name.casefold() in {folder.name.casefold() for folder in _folders(SHIPPED)}:
        raise UserError(f"“{name}” is the name of a built-in profile. Choose another.")
    return _own() / name


def delete(entry: LibraryEntry) -> None:
    """Removes your own profile, finished or not; does nothing where it is gone already.

    Raises UserError for a profile that comes with the dashboard or lies elsewhere, and where removing fails.
    """
    if entry.shipped or entry.folder.parent != _own():
        raise UserError(f"“{entry.name}” is not a profile of your own and stays. Only your own can be deleted.")
    try:
        if entry.folder.is_symlink():
            entry.folder.unlink()
            return
        # First, so that if the rest fails, the remains do not look like a profile.
        (entry.folder / PROFILE).unlink(missing_ok=True)
        shutil.rmtree(entry.folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise UserError(f"“{entry.folder}” cannot be removed: {error.strerror}. Remove the folder yourself.") from error


def compare_profiles(a: Profile, b: Profile) -> pd.DataFrame:
    """The same heads on two corpora, side by side.

    Returns
    -------
    A row per head: layer, head, role_a, role_b, then of queries, lean and bits_… for each of
    `roles.FIGURES` …_a, …_b, and except for queries …_difference (b − a; for lean in [-2, 2], empty where either is
    undecided; for bits in bits per query word). The differences have no intervals; each profile's own figures do.

    Raises UserError where the two are not of the same model with the same weights.
    """
    for part in ("model", "revision"):
        if a.about[part] != b.about[part]:
            raise UserError(
                f"One profile is of {a.about['model']} ({a.about['revision']}), the other of {b.about['model']} "
                f"({b.about['revision']}): their heads are not the same. Choose two of the same model."
            )
    left, right = a.heads, b.heads
    if heads_of(left) != heads_of(right):
        raise UserError("The two profiles have different heads. Make one of them again.")
    table = {**left[columns_of(left)], "role_a": left["role"], "role_b": right["role"]}
    for name in ("queries", "lean", *(f"bits_{figure}" for figure in FIGURES)):
        table[f"{name}_a"], table[f"{name}_b"] = left[name], right[name]
        if name != "queries":
            table[f"{name}_difference"] = right[name] - left[name]
    return pd.DataFrame(table)


def _own() -> Path:
    return visitor.own_folder() / "profiles"


def _folders(place: Path) -> list[Path]:
    try:
        return [one for one in place.iterdir() if one.is_dir() and not _wrong_name(one.name)]
    except OSError:
        return []


def _wrong_name(name: str) -> str:
    """Why a profile cannot have this name, in a sentence; empty where it can."""
    if not name:
        return "A profile needs a name. Type one, like “My texts”."
    if len(name) > _LONGEST or len(name.encode(errors="replace")) > 3 * _LONGEST:
        return f"The name is too long. Choose one of at most {_LONGEST} characters."
    if not name.isprintable() or _NO_NAME.search(name):
        return (
            'A profile’s name is a folder’s: without / \\ : * ? " < > |, without a dot at its beginning or end, and '
            "not a device’s, like “nul”. Choose another name."
        )
    return ""


def _look(folder: Path, shipped: bool) -> LibraryEntry | None:
    """The entry of a folder of the library; None where it holds no profile."""
    if (folder / PROFILE).exists():
        try:
            about = read_about(folder)
        except UserError as error:
            return LibraryEntry(folder.name, folder, "", "", "", None, shipped, False, str(error))
        model, revision, file = (about[part] for part in ("model", "revision", "file"))
        return LibraryEntry(folder.name, folder, model, revision, file, about["sentences"]["used"], shipped, True)
    key = None
    with suppress(OSError, ValueError, RecursionError):
        key = json.loads((folder / CHUNKS / KEY).read_bytes())
    if not isinstance(key, dict):
        return None
    model, revision, file = (str(key.get(part, "")) for part in ("model", "revision", "file"))
    return LibraryEntry(folder.name, folder, model, revision, file, None, shipped, False)
