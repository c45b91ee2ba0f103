"""A chart as a file: PNG, SVG, PDF, HTML, Vega-Lite JSON (the entries of `dashboard.formats` that hold a figure).

One drawing: every picture starts from the same specification, and PNG and PDF from the same SVG, laid out by
vl-convert with the fonts that the screen uses.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from dashboard.export.metadata import stamp_png, stamp_svg, svg_text
from dashboard.export.pdf import stamp_pdf
from dashboard.export.provenance import Provenance
from dashboard.export.spec import description_of, specification, title_of
from dashboard.export.svg import laid_out
from dashboard.export.typography.place import HREF, SVG, place_text
from dashboard.export.typography.shipped_fonts import register
from dashboard.export.webpage import html_bytes
from dashboard.formats import content

if TYPE_CHECKING:
    import altair as alt

    Chart = alt.TopLevelMixin | dict[str, Any]

SCALE = 2.0  # pixels of a PNG per pixel on screen
MOST_PIXELS = 80e6  # of a PNG; a larger one gets a smaller scale


def figure_bytes(chart: Chart, fmt: str, provenance: Provenance | None = None) -> bytes:
    """The chart as a file's content. Same chart and provenance, same bytes.

    Parameters
    ----------
    chart: an Altair chart, or a Vega-Lite specification
    fmt: an ending whose entry in `FORMATS` holds a figure: "png" (2 pixels for one on screen), "svg", "pdf", "html"
        (works offline), "json" (Vega-Lite)
    provenance: written into the file (text chunk, metadata, document information, meta, usermeta)

    Raises ValueError for another format.
    """
    return content("figure", fmt, chart, provenance)


def png_bytes(chart: Chart, provenance: Provenance | None = None) -> bytes:
    """The picture with 2 pixels per pixel on screen, or fewer if it would have more than 80 million."""
    spec = specification(chart, provenance)
    return stamp_png(_png(laid_out(spec)), *_described(spec, provenance))


def svg_bytes(chart: Chart, provenance: Provenance | None = None) -> bytes:
    """The picture as a document, whose text stays text."""
    spec = specification(chart, provenance)
    return stamp_svg(laid_out(spec), *_described(spec, provenance))


def pdf_bytes(chart: Chart, provenance: Provenance | None = None) -> bytes:
    """One page as large as the picture, fonts embedded."""
    spec = specification(chart, provenance)
    return stamp_pdf(pdf_page(laid_out(spec)), *_described(spec, provenance))


def page_bytes(chart: Chart, provenance: Provenance | None = None) -> bytes:
    """An HTML page with the picture and its hover, which works without a network."""
    return html_bytes(specification(chart, provenance), provenance)


def json_bytes(chart: Chart, provenance: Provenance | None = None) -> bytes:
    """The Vega-Lite specification, data included."""
    return json.dumps(specification(chart, provenance), ensure_ascii=False, indent=1, allow_nan=False).encode()


def _described(spec: dict[str, Any], provenance: Provenance | None) -> tuple[str, str, Provenance | None]:
    """The metadata of a picture's file: title, description, provenance."""
    return title_of(provenance), description_of(spec, provenance), provenance


def _png(root: ElementTree.Element, scale: float = SCALE) -> bytes:
    import vl_convert

    area = float(root.get("width", 1)) * float(root.get("height", 1))
    place_text(root, emoji_as_images=False)
    return vl_convert.svg_to_png(svg_text(root), scale=min(scale, (MOST_PIXELS / max(area, 1)) ** 0.5))


def pdf_page(root: ElementTree.Element) -> bytes:
    """A page of PDF as large as this SVG, whose text is set in our fonts; `root` is changed."""
    import vl_convert

    register()
    place_text(root, emoji_as_images=True)
    try:
        return vl_convert.svg_to_pdf(svg_text(root))
    except RuntimeError:  # a font of this machine cannot be embedded: then the page is an image
        return vl_convert.svg_to_pdf(svg_text(_as_image(root)))


def _as_image(root: ElementTree.Element) -> ElementTree.Element:
    size = {key: root.get(key, "1") for key in ("width", "height")}
    page = ElementTree.Element(f"{SVG}svg", size)
    png = base64.b64encode(_png(root, scale=4.0)).decode("ascii")
    page.append(ElementTree.Element(f"{SVG}image", size | {HREF: f"data:image/png;base64,{png}"}))
    return page
