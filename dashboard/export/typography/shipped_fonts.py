"""The fonts that ship with the dashboard: Source Sans for words, Source Code for tokens, as on screen.

Streamlit's pages use the same two families. The files are Adobe's releases (SIL Open Font License, see `typefaces/`).
An HTML file holds them unchanged; for vl-convert, which cannot read WOFF2, they are unpacked once into the user's cache
folder. So a file looks like the screen even on a machine without fonts.

Unpacked fonts get names of our own: the licence reserves the original names, and vl-convert cannot measure a text in a
family with a number in its name, like Source Sans 3 (it removes the quotes, and then the name is not valid CSS).
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import io
import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from dashboard.errors import UserError
from dashboard.files import cached_file, keep, whole

SANS, MONO = "Two Heads Sans", "Two Heads Mono"

# For files: the screen's families by their usual names, then ours. Without quotes and numbers, see above.
SANS_STACK = f"Source Sans, Source Sans Pro, {SANS}, sans-serif"
MONO_STACK = f"Source Code, Source Code Pro, {MONO}, monospace"


def is_mono(family: str) -> bool:
    """True for a CSS font family, or a stack of them, that is monospaced."""
    return "code" in family.lower() or "mono" in family.lower()


@dataclass(frozen=True)
class Shipped:
    """A shipped font: its family (our name for it), its weight in CSS, and its WOFF2 file."""

    family: str
    weight: int
    woff2: Path


_FOLDER = Path(__file__).parents[1] / "typefaces"
SHIPPED = (
    Shipped(SANS, 400, _FOLDER / "SourceSans3-Regular.ttf.woff2"),
    Shipped(SANS, 600, _FOLDER / "SourceSans3-Semibold.ttf.woff2"),
    Shipped(MONO, 400, _FOLDER / "SourceCodePro-Regular.ttf.woff2"),
)

_lock = Lock()


def _unpacked() -> Path:
    """The folder with our fonts as TrueType files. The first call makes it (about half a second); a broken file is made
    again."""
    try:
        return _unpack_into(cached_file(f"fonts-{_stamp()}"))
    except (OSError, UserError):  # no writable cache folder: continue without one
        return _unpack_into(_folder_of_this_process())


@lru_cache(maxsize=1)
def _stamp() -> str:
    return hashlib.sha256(b"".join(font.woff2.read_bytes() for font in SHIPPED)).hexdigest()[:12]


@lru_cache(maxsize=1)
def _folder_of_this_process() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="two-heads-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


_looked_at: dict[Path, tuple[int, int, int]] = {}  # font → the stamp of the file that was found intact


def _unpack_into(folder: Path) -> Path:
    for font in SHIPPED:
        target = folder / _file_name(font)
        if target not in _looked_at or _looked_at[target] != _which(target):
            if whole(target) is None:
                keep(target, _unpack(font))
            _looked_at[target] = _which(target)
    return folder


def _which(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _unpack(font: Shipped) -> bytes:
    from fontTools.ttLib import TTFont

    out = io.BytesIO()
    unpacked = TTFont(font.woff2, recalcBBoxes=False, recalcTimestamp=False)
    unpacked.flavor = None
    _rename(unpacked["name"], font)
    unpacked.save(out, reorderTables=None)
    return out.getvalue()


def _rename(names: Any, font: Shipped) -> None:
    """Give a font our family's name. Its author and licence stay."""
    style = {400: "Regular", 600: "Semibold"}[font.weight]
    full = f"{font.family} {style}"
    ours = {1: full, 2: "Regular", 3: full, 4: full, 6: full.replace(" ", ""), 16: font.family, 17: style}
    names.names = [record for record in names.names if record.nameID in (0, 8, 9, 11, 13, 14)]
    for number, text in ours.items():
        names.setName(text, number, 3, 1, 0x409)  # Windows, Unicode, English


def _file_name(font: Shipped) -> str:
    return f"{font.family.replace(' ', '')}-{font.weight}.ttf"


def shipped_file(family: str, weight: int) -> Path:
    """The TrueType file of one of our families, in the nearest weight."""
    faces = [font for font in SHIPPED if font.family == family]
    return register() / _file_name(min(faces, key=lambda font: abs(font.weight - weight)))


@lru_cache(maxsize=4)
def shipped_characters(family: str) -> frozenset[int]:
    """The code points that one of our families draws."""
    from fontTools.ttLib import TTFont

    with contextlib.closing(TTFont(shipped_file(family, 400), lazy=True)) as font:
        return frozenset(font.getBestCmap() or ())


_registered: set[Path] = set()


def register() -> Path:
    """Register our fonts with vl-convert, once in a process. Returns their folder."""
    with _lock:
        folder = _unpacked()
        if folder not in _registered:
            import vl_convert

            vl_convert.register_font_directory(str(folder))
            _registered.add(folder)
        return folder


@lru_cache(maxsize=1)
def font_face_css() -> str:
    """CSS that embeds our fonts in an HTML file."""
    import base64

    rules = []
    for font in SHIPPED:
        data = base64.b64encode(font.woff2.read_bytes()).decode("ascii")
        rules.append(
            f'@font-face{{font-family:"{font.family}";font-weight:{font.weight};font-style:normal;'
            f'src:url(data:font/woff2;base64,{data}) format("woff2")}}'
        )
    return "\n".join(rules)
