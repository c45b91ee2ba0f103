"""A drawing in a notebook, drawn without a network: it brings the library of our HTML files.

Altair's own output loads Vega from a server. Here the cell holds the page that `dashboard.save` writes as .html, in a
frame that takes the size of the picture. Renderers other than the default, like ``alt.renderers.enable("png")``, stay
in effect.
"""

from __future__ import annotations

from html import escape

from dashboard.charts.drawing import Drawing
from dashboard.export.spec import description_of, specification
from dashboard.export.webpage import html_bytes

_FRAME = '<iframe title="{title}" srcdoc="{page}" style="border: 0; width: 100%; height: {height}px"></iframe>'
_FIRST_HEIGHT = 420  # pixels, until the picture is drawn
# The end of the page: a frame has no size of its own, so its content sets it.
_FIT = b"""<script>
new ResizeObserver(() => {
  const frame = window.frameElement;
  if (frame) frame.style.height = `${document.querySelector("main").scrollHeight + 56}px`;
}).observe(document.querySelector("main"));
</script>
</body>"""


def in_notebook(drawing: Drawing) -> dict[str, str]:
    """The output of a cell by media type: the picture with its hover; in a terminal its finding."""
    spec = specification(drawing, drawing.provenance)
    page = html_bytes(spec, drawing.provenance)
    head, _, foot = page.rpartition(b"</body>")
    description = description_of(spec, drawing.provenance)
    frame = _FRAME.format(
        title=escape(description, quote=True),
        page=escape((head + _FIT + foot).decode(), quote=True),
        height=_FIRST_HEIGHT,
    )
    return {"text/html": frame, "text/plain": description}


Drawing.in_notebook = staticmethod(in_notebook)
