"""A wider canvas for texts that vl-convert measures too narrow.

Its layout takes the width of the widest sign of a syllable for the whole syllable, so a label in Devanagari or Burmese
may stick out of the canvas. Texts in our own fonts are measured correctly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from dashboard.export.typography.place import SVG, TEXT, Line, lines_of

Matrix = tuple[float, float, float, float, float, float]  # as SVG writes it: x' = ax + cy + e, y' = bx + dy + f

_STEP = re.compile(r"(translate|rotate|scale|matrix)\(([^)]*)\)")
_ABOVE, _BELOW = 1.0, 0.35  # em over and under the baseline
_MARGIN = 2.0


def widen_canvas(root: Element) -> None:
    """Widen the canvas of an SVG made by Vega, and its background, so that every text is inside, in place."""
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    corners = [
        corner
        for text, matrix in _texts(root, (1, 0, 0, 1, 0, 0))
        for line in lines_of(text)
        if not line.plain
        for corner in _corners(line, matrix)
    ]
    left = max([0.0, *(_MARGIN - x for x, _ in corners if x < 0)])
    top = max([0.0, *(_MARGIN - y for _, y in corners if y < 0)])
    right = max([0.0, *(x - width + _MARGIN for x, _ in corners if x > width)])
    bottom = max([0.0, *(y - height + _MARGIN for _, y in corners if y > height)])
    if not left + top + right + bottom:
        return
    size = {"width": f"{math.ceil(width + left + right)}", "height": f"{math.ceil(height + top + bottom)}"}
    corner = {"x": f"{0.0 - left:g}", "y": f"{0.0 - top:g}"}
    root.attrib |= size | {"viewBox": " ".join((*corner.values(), *size.values()))}
    background = root.find(f"{SVG}rect")
    if background is not None and background.get("width") == f"{width:g}":
        background.attrib |= size | corner


def _texts(element: Element, matrix: Matrix) -> Iterator[tuple[Element, Matrix]]:
    """Every `<text>` with the transformation from its coordinates to the canvas."""
    for child in element:
        inner = _times(matrix, child.get("transform", "")) if "transform" in child.attrib else matrix
        if child.tag == TEXT:
            yield child, inner
        elif len(child):
            yield from _texts(child, inner)


def _times(matrix: Matrix, transform: str) -> Matrix:
    for kind, written in _STEP.findall(transform):
        n = [float(number) for number in re.split(r"[\s,]+", written.strip())]
        if kind == "translate":
            step = (1.0, 0.0, 0.0, 1.0, n[0], n[1] if len(n) > 1 else 0.0)
        elif kind == "rotate":
            cos, sin = math.cos(math.radians(n[0])), math.sin(math.radians(n[0]))
            step = (cos, sin, -sin, cos, 0.0, 0.0)
        elif kind == "scale":
            step = (n[0], 0.0, 0.0, n[-1], 0.0, 0.0)
        else:
            step = (n[0], n[1], n[2], n[3], n[4], n[5])
        a, b, c, d, e, f = matrix
        p, q, r, s, t, u = step
        matrix = (a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e, b * t + d * u + f)
    return matrix


def _corners(line: Line, matrix: Matrix) -> list[tuple[float, float]]:
    width = sum(line.widths())
    start = line.start(width)
    a, b, c, d, e, f = matrix
    return [
        (a * x + c * y + e, b * x + d * y + f)
        for x in (start, start + width)
        for y in (line.y - _ABOVE * line.size, line.y + _BELOW * line.size)
    ]
