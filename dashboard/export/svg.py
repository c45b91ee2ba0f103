"""A specification laid out: Vega's SVG, from which PNG, SVG and PDF are made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from dashboard.export.spec import version_of, with_fonts, without_limits
from dashboard.export.typography.bounds import widen_canvas
from dashboard.export.typography.place import TEXT
from dashboard.export.typography.runs import face_of
from dashboard.export.typography.shipped_fonts import (
    MONO_STACK,
    SANS,
    SANS_STACK,
    is_mono,
    register,
    shipped_characters,
)

_LATIN = [ord(character) for character in "AZaz09 .,-"]
_TARGET = re.compile(r"#([\w-]+)")
_PLAIN_NAME = re.compile(r"[A-Za-z][\w-]*( [A-Za-z][\w-]*)*")  # what vl-convert can measure, see `fonts`


def laid_out(spec: dict[str, Any]) -> ElementTree.Element:
    """The SVG document of a specification, its texts in the stacks of `dashboard.export.typography.shipped_fonts`.

    The last few are cached, so that a second format of the same picture is quick.
    """
    drawn = {key: value for key, value in spec.items() if key != "usermeta"}
    root = ElementTree.fromstring(_svg(json.dumps(drawn, ensure_ascii=False), version_of(spec)))
    _name_parts(root)
    for text in root.iter(TEXT):
        text.set("font-family", MONO_STACK if is_mono(text.get("font-family", "")) else SANS_STACK)
    widen_canvas(root)
    return root


@lru_cache(maxsize=6)
def _svg(written: str, version: str) -> str:
    import vl_convert

    register()
    spec = json.loads(written)
    if family := _family_to_measure_with(spec):
        spec = with_fonts(spec, f"{family}, {SANS_STACK}", f"{family}, {MONO_STACK}")
    try:
        return vl_convert.vegalite_to_svg(spec, vl_version=version)
    except ValueError:
        # If a text is too wide, Vega may cut an emoji in two to measure what fits, which vl-convert refuses.
        return vl_convert.vegalite_to_svg(without_limits(spec), vl_version=version)


def _name_parts(root: ElementTree.Element) -> None:
    """Number gradients and clips from 0: Vega keeps counting from one picture to the next."""
    names: dict[str, str] = {}
    for element in root.iter():
        if old := element.get("id"):
            names[old] = f"part{len(names)}"
            element.set("id", names[old])
    if not names:
        return
    for element in root.iter():
        for key, value in element.attrib.items():
            if value.startswith(("url(#", "#")):
                element.set(key, _TARGET.sub(lambda found: "#" + names.get(found[1], found[1]), value))


def _family_to_measure_with(spec: dict[str, Any]) -> str | None:
    """The machine's font for most characters that ours lack, if it has Latin letters too: in practice one for Chinese.

    vl-convert looks through all fonts for every character that the first one lacks, which takes seconds for a
    page of Chinese. Only the layout is measured with this font; `place` decides what is drawn in it.
    """
    characters = set().union(*_strings(spec))
    foreign = {ord(character) for character in characters} - shipped_characters(SANS)
    families: dict[str, int] = {}
    for point in foreign:
        face = face_of(chr(point))
        if face and not face.colour and _PLAIN_NAME.fullmatch(face.family) and all(map(face.draws, _LATIN)):
            families[face.family] = families.get(face.family, 0) + 1
    most = max(families, key=lambda family: (families[family], family), default=None)
    return most if most and 2 * families[most] > len(foreign) else None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)
