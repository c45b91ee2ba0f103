"""Several figures in one file: an HTML page, a PDF, or a zip with everything that makes them again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from dashboard.export.bundle import bundle, zipped
from dashboard.export.figure import pdf_page
from dashboard.export.matrix import StoredMatrix
from dashboard.export.pdf import written
from dashboard.export.provenance import Provenance, file_stem
from dashboard.export.sanitize import legal
from dashboard.export.snippet import snippet
from dashboard.export.spec import description_of, specification
from dashboard.export.svg import laid_out
from dashboard.export.typography.place import SVG, TEXT
from dashboard.export.typography.shipped_fonts import SANS_STACK
from dashboard.export.webpage import document, paper_of
from dashboard.formats import REPORTS

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from dashboard.heads.view import HeadView

TITLE = "Figures from Two Heads"
CAUTION = "Attention is where a head looks. It does not by itself explain what the model does."
_A4 = (595, 842)  # points
_LINE, _SIDE = 17, 64


@dataclass(frozen=True, eq=False)
class ReportFigure:
    """A figure of a report.

    Attributes
    ----------
    chart: an Altair chart, or a Vega-Lite specification
    table: its data; views: the heads whose matrices go with it
    provenance: where it comes from
    note, title: what a person wrote under it, and the title that they gave it; title "": its own
    """

    chart: alt.TopLevelMixin | dict[str, Any]
    table: pd.DataFrame
    views: tuple[HeadView | StoredMatrix, ...]
    provenance: Provenance
    note: str = ""
    title: str = ""

    @property
    def heading(self) -> str:
        return self.title or self.provenance.headline()

    @property
    def finding(self) -> str:
        spec = self.chart if isinstance(self.chart, dict) else self.chart.to_dict()
        return description_of(spec, self.provenance)


_STYLE = f"""\
html {{ background: #fff; color: #22232f; font-family: {SANS_STACK}; line-height: 1.5; }}
body {{ max-width: 1040px; margin: 40px auto; padding: 0 24px; }}
h1 {{ font-size: 30px; line-height: 1.2; }} h2 {{ font-size: 20px; margin: 56px 0 4px; }}
p {{ margin: 4px 0 12px; }} .note {{ white-space: pre-line; }} .quiet {{ color: #6a6c7b; font-size: 14px; }}
.chart {{ overflow-x: auto; padding: 8px; margin: 8px -8px; border-radius: 6px; }}
details {{ font-size: 14px; }} summary {{ cursor: pointer; color: #6a6c7b; }}
pre {{ overflow-x: auto; background: #f5f5f8; padding: 12px; border-radius: 6px; font-size: 12.5px; }}
@media print {{ h2 {{ break-before: page; }} details {{ display: none; }} }}"""

_FIGURE = Template("""\
<section>
<h2>$number. $heading</h2>
<p>$finding</p>
<div class="chart" id="chart-$place" style="background: $paper"></div>
$note<details><summary>Where it comes from, and the lines that make it again</summary>
<p>$origin</p>
<pre>$snippet</pre>
</details>
</section>
""")


def report_bytes(figures: Sequence[ReportFigure], ending: str, title: str = TITLE) -> bytes:
    """The report as a file of this ending, a key of `REPORTS`. Raises ValueError for any other ending."""
    entry = REPORTS.get(ending)
    if entry is None or entry.write is None:
        raise ValueError(f"no such format of a report: {ending!r}")
    return entry.write(figures, title)


def report_html(figures: Sequence[ReportFigure], title: str = TITLE) -> bytes:
    """One page with all figures, their hover included, that works without a network. Same figures, same bytes.

    Typed texts are escaped; the page forbids itself every connection.
    """
    specs = [specification(figure.chart, figure.provenance) for figure in figures]
    sections = [_section(k, figure, spec) for k, (figure, spec) in enumerate(zip(figures, specs, strict=True))]
    heading = f'<h1>{escape(legal(title))}</h1>\n<p class="quiet">{CAUTION}</p>'
    return document(
        {f"#chart-{k}": spec for k, spec in enumerate(specs)},
        title=title,
        style=_STYLE,
        body="\n".join([heading, "<main>", *sections, "</main>"]),
    )


def _section(k: int, figure: ReportFigure, spec: dict[str, Any]) -> str:
    note = f'<p class="note">{escape(legal(figure.note))}</p>\n' if figure.note.strip() else ""
    return _FIGURE.substitute(
        number=k + 1,
        place=k,
        heading=escape(legal(figure.heading)),
        finding=escape(legal(figure.finding)),
        paper=escape(paper_of(spec)),
        note=note,
        origin=escape(legal(_origin(figure.provenance))),
        snippet=escape(legal(snippet(figure.provenance))),
    )


def _origin(provenance: Provenance) -> str:
    weights = f", {provenance.revision}" if provenance.revision else ""
    made = ", ".join(f"{name} {version}" for name, version in provenance.versions.items())
    return f"{provenance.title or provenance.model} ({provenance.model}{weights}). {made}."


def report_pdf(figures: Sequence[ReportFigure], title: str = TITLE) -> bytes:
    """A title page with the findings and notes, then a page for each figure, as large as the figure, with number and
    note below it."""
    import pikepdf

    made = pikepdf.Pdf.new()
    with made.open_outline() as outline:
        pages = [(page, None) for page in _title_pages(figures, title)]
        pages += [
            (pdf_page(_captioned(k, figure)), f"{k}. {legal(figure.heading)}") for k, figure in enumerate(figures, 1)
        ]
        for page, entry in pages:
            if entry is not None:
                outline.root.append(pikepdf.OutlineItem(entry, len(made.pages)))
            with pikepdf.open(io.BytesIO(page)) as one:
                made.pages.extend(one.pages)
    return written(made, {"Title": title, "Creator": "Two Heads"})


def _captioned(number: int, figure: ReportFigure) -> ElementTree.Element:
    """A figure with its number and note below it, in one line or more."""
    page = laid_out(specification(figure.chart, figure.provenance))
    left, top, width, height = map(float, page.get("viewBox", f"0 0 {page.get('width')} {page.get('height')}").split())
    caption = f"Figure {number}" + (f". {' '.join(legal(figure.note).split())}" if figure.note.strip() else "")
    rows = _broken(caption, 11, width - 24)
    for k, row in enumerate(rows):
        _write(page, row, left + 12, top + height + 16 * (k + 1), 11, "#6a6c7b")
    tall = f"{height + 16 * len(rows) + 14:g}"
    page.set("height", tall)
    page.set("viewBox", f"{left:g} {top:g} {width:g} {tall}")
    return page


def _title_pages(figures: Sequence[ReportFigure], title: str) -> list[bytes]:
    """The title, and the heading, finding and note of each figure, on as many pages as they need."""
    lines = [(title, 24, "#22232f"), ("", 10, ""), (CAUTION, 11, "#6a6c7b"), ("", 14, "")]
    for k, figure in enumerate(figures, 1):
        lines += [("", 8, ""), (f"{k}. {figure.heading}", 13, "#22232f"), (figure.finding, 11, "#22232f")]
        if figure.note.strip():
            lines.append((figure.note, 11, "#6a6c7b"))
    pages, page, at = [], _blank(*_A4), float(_SIDE)
    for text, size, colour in lines:
        for row in _broken(legal(text), size, _A4[0] - 2 * _SIDE) or [""]:
            at += size * 1.45
            if at > _A4[1] - _SIDE:
                pages.append(page)
                page, at = _blank(*_A4), _SIDE + size * 1.45
            _write(page, row, _SIDE, at, size, colour)
    return [pdf_page(one) for one in [*pages, page]]


def _blank(width: float, height: float) -> ElementTree.Element:
    return ElementTree.Element(f"{SVG}svg", {"width": f"{width:g}", "height": f"{height:g}"})


def _write(page: ElementTree.Element, row: str, x: float, y: float, size: float, colour: str) -> None:
    words = ElementTree.SubElement(
        page,
        TEXT,
        {
            "x": f"{x:g}",
            "y": f"{y:.1f}",
            "font-size": f"{size:g}",
            "fill": colour,
            "font-family": SANS_STACK,
            "font-weight": "600" if size > 12 else "400",
        },
    )
    words.text = row


def _broken(text: str, size: float, width: float) -> list[str]:
    """The text broken into rows of at most `width`."""
    from dashboard.charts.titles import wrap

    return [row for part in text.split("\n") for row in wrap(part, width, size * 1.06) if row]


def report_zip(figures: Sequence[ReportFigure], title: str = TITLE) -> bytes:
    """The report in its other formats, a script that makes every figure again, and a folder for each with its files."""
    files = {f"report.{ending}": report_bytes(figures, ending, title) for ending in REPORTS if ending != "zip"}
    script = []
    for k, figure in enumerate(figures, 1):
        folder = f"{k:02}-{file_stem(figure.provenance)}"
        packed = bundle(figure.chart, figure.table, list(figure.views), figure.provenance)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            files |= {f"{folder}/{name.partition('/')[2]}": archive.read(name) for name in archive.namelist()}
        if figure.note.strip():
            files[f"{folder}/note.txt"] = figure.note.encode("utf-8", "replace")
        script.append(f"# {k}. {' '.join(legal(figure.heading).split())}\n{snippet(figure.provenance)}")
    files["make_again.py"] = "\n\n".join(script).encode("utf-8", "replace")
    return zipped("report", files)
