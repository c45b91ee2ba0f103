"""A PDF from vl-convert with document information, and the same bytes every time.

vl-convert writes fonts and the lists of what a page uses in an order that changes from one call to the next. So
those lists are sorted, and the objects put in the order in which they are reached from the document's root.
"""

from __future__ import annotations

import re

from dashboard.export.provenance import Provenance
from dashboard.export.sanitize import legal

_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_ENTRIES = re.compile(rb"(?:^[ \t]*/\w+ \d+ 0 R\n)+", re.MULTILINE)  # of a dictionary, whose order means nothing
_TAIL = re.compile(rb"/Root (\d+) 0 R.*?startxref\s+(\d+)\s+%%EOF\s*$", re.DOTALL)


def stamp_pdf(data: bytes, title: str, description: str, provenance: Provenance | None) -> bytes:
    """A PDF with title, subject (the description) and `/Provenance` (JSON) as its document information."""
    root, objects = _read(data)
    order = _reached(root, objects)
    number = {old: new for new, old in enumerate(order, 1)}

    def renumbered(part: bytes) -> bytes:
        return _REFERENCE.sub(lambda found: b"%d 0 R" % number[int(found[1])], part)

    written = []
    for old in order:
        head, stream = objects[old]
        written.append(b"%d 0 obj\n%s%s\nendobj\n" % (number[old], renumbered(head), stream))
    entries = {"Title": title, "Subject": description, "Creator": "Two Heads", "Producer": "vl-convert"}
    if provenance is not None:
        entries["Provenance"] = provenance.to_json()
    information = b"".join(b"/%s %s\n" % (name.encode(), _text(text)) for name, text in entries.items())
    written.append(b"%d 0 obj\n<<\n%s>>\nendobj\n" % (len(order) + 1, information))

    header = data[: data.index(b"\n", data.index(b"\n") + 1) + 1]  # the version, and a line of bytes beyond ASCII
    places, at = [], len(header)
    for part in written:
        places.append(b"%010d 00000 n \n" % at)
        at += len(part)
    size = len(written) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, b"".join(places))
    trailer = b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n>>\n" % (size, number[root], size - 1)
    return header + b"".join(written) + table + trailer + b"startxref\n%d\n%%%%EOF\n" % at


def _read(data: bytes) -> tuple[int, dict[int, tuple[bytes, bytes]]]:
    """The root's number, and for each object what stands before its stream and the stream (or nothing)."""
    tail = _TAIL.search(data[-4096:])
    table = data[int(tail[2]) :] if tail else b""
    places = sorted(int(place) for place in re.findall(rb"^(\d{10}) \d{5} n", table, re.MULTILINE))
    objects = {}
    for start, stop in zip(places, [*places[1:], int(tail[2]) if tail else 0], strict=True):
        begin = re.compile(rb"\s*(\d+) 0 obj\s").match(data, start, stop)
        end = data.rfind(b"endobj", start, stop)
        if begin is None or end < 0:
            break
        head, keyword, stream = data[begin.end() : end].rstrip(b"\r\n").partition(b"\nstream\n")
        objects[int(begin[1])] = _ENTRIES.sub(_sorted_lines, head), keyword + stream
    if not tail or len(objects) != len(places):
        raise RuntimeError("vl-convert writes PDF files in a new way: dashboard.export.pdf has to learn it.")
    return int(tail[1]), objects


def _sorted_lines(found: re.Match[bytes]) -> bytes:
    return b"".join(sorted(found[0].splitlines(keepends=True)))


def _reached(root: int, objects: dict[int, tuple[bytes, bytes]]) -> list[int]:
    """The numbers of the objects, breadth first from the root, each once."""
    order, seen = [root], {root}
    for number in order:
        for found in map(int, _REFERENCE.findall(objects[number][0])):
            if found not in seen:
                seen.add(found)
                order.append(found)
    return order


def _text(text: str) -> bytes:
    """A text string: ASCII as it is, anything else as UTF-16."""
    text = legal(text)
    if text.isascii():
        return b"(" + re.sub(rb"([()\\])", rb"\\\1", text.encode()) + b")"
    return b"<" + ("\ufeff" + text).encode("utf-16-be").hex().encode() + b">"
