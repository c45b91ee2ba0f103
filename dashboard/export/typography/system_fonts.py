"""The fonts of this machine, and the characters that each of them has.

fontconfig's `fc-list` answers in milliseconds. Without it (Windows, macOS) fontTools reads the usual folders, which
takes seconds, so the result is stored in the cache folder until a font file changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

from dashboard.files import cached


@dataclass(frozen=True)
class Face:
    """One upright face of normal width.

    Attributes
    ----------
    family, weight: as CSS spells them (400 is regular, 700 bold)
    file, index: its path; the index in a collection
    colour: True for colour emoji
    charset: the code points it draws, as fontconfig writes them: "20-7e a0 100-17f" (hexadecimal)
    """

    family: str
    weight: int
    file: str
    index: int
    colour: bool
    charset: str

    @cached_property
    def _ranges(self) -> tuple[list[int], list[int]]:
        pairs = [span.partition("-") for span in self.charset.split()]
        return [int(a, 16) for a, _, _ in pairs], [int(b or a, 16) for a, _, b in pairs]

    def draws(self, point: int) -> bool:
        """True if the face has a glyph for this code point."""
        starts, ends = self._ranges
        at = bisect_right(starts, point) - 1
        return at >= 0 and point <= ends[at]


@lru_cache(maxsize=1)
def families() -> dict[str, tuple[Face, ...]]:
    """The machine's families with their faces, the one nearest to regular first. Empty without fonts."""
    found: dict[str, list[Face]] = {}
    for face in _from_fontconfig() or _from_folders():
        if not face.family.startswith("."):  # macOS hides its interface fonts this way
            found.setdefault(face.family, []).append(face)
    return {name: tuple(sorted(faces, key=lambda f: (abs(f.weight - 400), f.file))) for name, faces in found.items()}


_FIELDS = "%{file}\t%{index}\t%{family[0]}\t%{weight}\t%{slant}\t%{width}\t%{color}\t%{charset}\n"


def _from_fontconfig() -> list[Face]:
    try:
        listed = subprocess.run(["fc-list", "--format", _FIELDS], capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return []
    faces = []
    for line in listed.stdout.decode("utf-8", "replace").splitlines():
        parts = line.split("\t")
        if len(parts) != 8 or parts[4] != "0" or not parts[7]:
            continue
        file, index, family, weight, _, width, colour, charset = parts
        if width in ("100", "") or width.startswith("["):  # brackets: a variable font's range
            faces.append(Face(family, _css_weight(weight), file, int(index or 0) & 0xFFFF, colour == "True", charset))
    return faces


def _css_weight(weight: str) -> int:
    """fontconfig's weight on CSS's scale."""
    try:
        number = float(weight)
    except ValueError:  # a variable font's range
        return 400
    steps = [(0, 100), (40, 200), (50, 300), (80, 400), (100, 500), (180, 600), (200, 700), (205, 800), (210, 900)]
    return min(steps, key=lambda step: abs(step[0] - number))[1]


def _font_folders() -> list[Path]:
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        windows = Path(os.environ.get("WINDIR", r"C:\Windows"))
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        return [windows / "Fonts", local / "Microsoft" / "Windows" / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts", home / ".local/share/fonts"]


def _from_folders() -> list[Face]:
    files = sorted(
        path
        for folder in _font_folders()
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.suffix.lower() in (".ttf", ".otf", ".ttc", ".otc")
    )
    stamp = hashlib.sha256(repr([(str(f), f.stat().st_mtime_ns) for f in files if f.exists()]).encode()).hexdigest()

    def read() -> bytes:
        names = Face.__dataclass_fields__
        return json.dumps([[getattr(face, name) for name in names] for file in files for face in _read(file)]).encode()

    return [Face(*row) for row in json.loads(cached(f"system-fonts-{stamp[:16]}.json", read))]


def _read(file: Path) -> list[Face]:
    """The upright faces of normal width in a font file; none where it cannot be read."""
    from fontTools.ttLib import TTCollection, TTFont

    faces = []
    try:
        several = file.suffix.lower() in (".ttc", ".otc")
        fonts = TTCollection(file, lazy=True).fonts if several else [TTFont(file, lazy=True)]
        for index, font in enumerate(fonts):
            table = cast(Any, font["OS/2"])  # its fields are set at run time
            if table.usWidthClass != 5 or table.fsSelection & 1:
                continue
            name = font["name"].getBestFamilyName() or ""
            colour = any(tag in font for tag in ("CBDT", "COLR", "sbix", "SVG "))
            faces.append(Face(name, table.usWeightClass, str(file), index, colour, _charset(font.getBestCmap() or {})))
    except Exception:  # a broken font is no font; fontTools raises many kinds
        return faces
    return faces


def _charset(points: dict[int, str]) -> str:
    spans: list[list[int]] = []
    for point in sorted(points):
        if spans and point == spans[-1][1] + 1:
            spans[-1][1] = point
        else:
            spans.append([point, point])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in spans)
