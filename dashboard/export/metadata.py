"""Provenance in the metadata of PNG and SVG. For PDF see `dashboard.export.pdf`."""

from __future__ import annotations

import struct
import zlib
from xml.etree import ElementTree

from dashboard.export.provenance import Provenance
from dashboard.export.sanitize import legal
from dashboard.export.typography.place import SVG

KEY = "two-heads"  # the keyword of our PNG chunk, the id of our SVG metadata, the name of our HTML meta
_NAMESPACES = {"": SVG.strip("{}"), "xlink": "http://www.w3.org/1999/xlink"}

for _prefix, _uri in _NAMESPACES.items():
    ElementTree.register_namespace(_prefix, _uri)


def stamp_png(data: bytes, title: str, description: str, provenance: Provenance | None) -> bytes:
    """A PNG with text chunks after its header: Title, Description, Software (PNG's own keywords) and `two-heads`.

    `two-heads` is a tEXt chunk with the provenance as ASCII JSON; the others are UTF-8 (iTXt).
    """
    chunks = [
        _chunk(b"iTXt", key + b"\0\0\0\0\0" + legal(text).replace("\n", " ").encode())
        for key, text in ((b"Title", title), (b"Description", description), (b"Software", "Two Heads"))
    ]
    if provenance is not None:
        chunks.append(_chunk(b"tEXt", KEY.encode() + b"\0" + provenance.to_json().encode("ascii")))
    header_end = 8 + 4 + 4 + 13 + 4  # signature; length, "IHDR", its 13 bytes, check sum
    return data[:header_end] + b"".join(chunks) + data[header_end:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def stamp_svg(root: ElementTree.Element, title: str, description: str, provenance: Provenance | None) -> bytes:
    """An SVG document with `<title>`, `<desc>` and `<metadata id="two-heads">` (the provenance as JSON).

    A screen reader takes it for one image (role="img") and reads its title and description, so the names that Vega
    gives to single marks are removed.
    """
    for element in root.iter():
        for name in [name for name in element.attrib if name == "role" or name.startswith("aria-")]:
            del element.attrib[name]
    root.attrib |= {"role": "img", "aria-labelledby": f"{KEY}-title {KEY}-desc"}
    for at, (tag, name, text) in enumerate(
        (
            ("title", f"{KEY}-title", legal(title)),
            ("desc", f"{KEY}-desc", legal(description)),
            ("metadata", KEY, provenance.to_json() if provenance else ""),
        )
    ):
        element = ElementTree.Element(f"{SVG}{tag}", {"id": name})
        element.text = text
        root.insert(at, element)
    return svg_text(root).encode()


def svg_text(root: ElementTree.Element) -> str:
    """The document as text, with the usual prefixes for its namespaces."""
    return ElementTree.tostring(root, encoding="unicode")
