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
    import pikepdf

    from dashboard.heads.view import HeadView

TITLE = "Figures from Two Heads"
CAUTION = "Attention is where a head looks. It does not by itself explain what the model does."
_A4 = (595, 842)  # points
_SIDE = 52  # points of each margin
_LEADING = 1.45  # of a row's size, from one row to the next
_LEAST = 0.5  # of the room on its page is a figure's, however long its note
_INK, _QUIET = "#22232f", "#6a6c7b"


@dataclass(frozen=True, eq=False)
class ReportFigure:
    """A figure of a report.

    Attributes
    ----------
    chart: an Altair chart, or a Vega-Lite specification
    table: its data; views: the heads whose matrices go with it
    provenance: where it comes from
    note, title: a person's note, and their title; title "": the figure's own
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


@dataclass(frozen=True)
class ReportText:
    """A section of a report without a figure. finding: its text, in lines"""

    heading: str
    finding: str


Section = ReportFigure | ReportText

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


_TEXT = Template("""\
<section>
<h2>$number. $heading</h2>
<p class="note">$text</p>
</section>
""")


def report_bytes(figures: Sequence[Section], ending: str, title: str = TITLE) -> bytes:
    """The report as a file of this ending, a key of `REPORTS`. Raises ValueError for any other ending."""
    entry = REPORTS.get(ending)
    if entry is None or entry.write is None:
        raise ValueError(f"no such format of a report: {ending!r}")
    return entry.write(figures, title)


def report_html(figures: Sequence[Section], title: str = TITLE) -> bytes:
    """One page with all figures, their hover included, that works without a network. Same figures, same bytes.

    Typed texts are escaped; the page forbids itself every connection.
    """
    specs = {
        k: specification(figure.chart, figure.provenance)
        for k, figure in enumerate(figures)
        if isinstance(figure, ReportFigure)
    }
    sections = [
        _section(k, one, specs[k])
        if isinstance(one, ReportFigure)
        else _TEXT.substitute(number=k + 1, heading=escape(legal(one.heading)), text=escape(legal(one.finding)))
        for k, one in enumerate(figures)
    ]
    heading = f'<h1>{escape(legal(title))}</h1>\n<p class="quiet">{CAUTION}</p>'
    return document(
        {f"#chart-{k}": spec for k, spec in specs.items()},
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
    """The model, or both where two are compared, each with its weights; the versions."""
    models, options = [_weights(provenance.title, provenance.model, provenance.revision)], provenance.options
    if other := options.get("other_model"):
        models.append(_weights(options.get("other_title", ""), other, options.get("other_revision", "")))
    made = ", ".join(f"{name} {version}" for name, version in provenance.versions.items())
    return f"{' and '.join(models)}. {made}."


def _weights(title: str, name: str, revision: str) -> str:
    return f"{title or name} ({name}{f', {revision}' if revision else ''})"


def report_pdf(figures: Sequence[Section], title: str = TITLE) -> bytes:
    """Pages of A4: first the headings and findings of all sections, then each figure with its finding above it and its
    note below it, no larger than it is on screen."""
    import pikepdf

    made = pikepdf.Pdf.new()
    _append(made, _title_pages(figures, title))
    with made.open_outline() as outline:
        for number, figure in enumerate(figures, 1):
            if isinstance(figure, ReportText):  # whole among the findings
                continue
            heading = f"{number}. {legal(figure.heading)}"
            outline.root.append(pikepdf.OutlineItem(heading, len(made.pages)))
            _append_figure(made, heading, figure)
    return written(made, {"Title": title, "Creator": "Two Heads"})


_Row = tuple[str, float, str]  # text, size, colour


def _title_pages(figures: Sequence[Section], title: str) -> list[ElementTree.Element]:
    """The title, and each figure's heading and finding, on as many pages as that takes."""
    rows = [*_rows(title, 24, _INK), _gap(8), *_rows(CAUTION, 11, _QUIET), _gap(16)]
    for number, figure in enumerate(figures, 1):
        rows += [_gap(10), *_rows(f"{number}. {figure.heading}", 13, _INK), *_rows(figure.finding, 11, _INK)]
    return _set(rows, _blank(), _SIDE)


def _append_figure(made: pikepdf.Pdf, heading: str, figure: ReportFigure) -> None:
    """Heading and finding, the figure as large as the page allows, the note and the origin. A long note goes on, on
    pages of its own."""
    import pikepdf

    above = [*_rows(heading, 16, _INK), _gap(4), *_rows(figure.finding, 11, _INK), _gap(14)]
    below = [_gap(10), *_rows(figure.note, 11, _INK), _gap(6), *_rows(_origin(figure.provenance), 8, _QUIET)]
    top, room = _SIDE + _height(above), _A4[1] - 2 * _SIDE - _height(above)
    with pikepdf.open(io.BytesIO(pdf_page(laid_out(specification(figure.chart, figure.provenance))))) as drawn:
        picture = made.copy_foreign(drawn.pages[0].as_form_xobject())
        left, low, right, high = map(float, drawn.pages[0].mediabox)
    width, height = right - left, high - low
    scale = min(1.0, (_A4[0] - 2 * _SIDE) / width, max(room - _height(below), room * _LEAST) / height)
    first = len(made.pages)
    page = _blank()
    _set(above, page, _SIDE)
    _append(made, _set(below, page, top + scale * height))
    corner = _A4[1] - top - scale * height
    place = pikepdf.Rectangle(_SIDE, corner, _SIDE + scale * width, corner + scale * height)
    on = made.pages[first]
    name = on.add_resource(picture, pikepdf.Name.XObject, pikepdf.Name.Figure)
    on.contents_add(on.calc_form_xobject_placement(picture, name, place), prepend=False)


def _append(made: pikepdf.Pdf, pages: Sequence[ElementTree.Element]) -> None:
    import pikepdf

    for page in pages:
        with pikepdf.open(io.BytesIO(pdf_page(page))) as one:
            made.pages.extend(one.pages)


def _set(rows: Sequence[_Row], page: ElementTree.Element, at: float) -> list[ElementTree.Element]:
    """The rows from `at` downwards, on this page and those that follow it: all of them."""
    pages = [page]
    for row, size, colour in rows:
        at += size * _LEADING
        if at > _A4[1] - _SIDE:
            pages.append(_blank())
            at = _SIDE + size * _LEADING
        if row:
            _write(pages[-1], row, _SIDE, at, size, colour)
    return pages


def _rows(text: str, size: float, colour: str) -> list[_Row]:
    """A text as rows that fit the page; lines that a person began stay lines."""
    from dashboard.charts.titles import wrap

    width = _A4[0] - 2 * _SIDE
    return [(row, size, colour) for part in legal(text).split("\n") for row in wrap(part, width, size * 1.06) if row]


def _gap(points: float) -> _Row:
    return "", points / _LEADING, ""


def _height(rows: Sequence[_Row]) -> float:
    return sum(size * _LEADING for _, size, _ in rows)


def _blank() -> ElementTree.Element:
    width, height = map(str, _A4)
    return ElementTree.Element(f"{SVG}svg", {"width": width, "height": height})


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


def report_zip(figures: Sequence[Section], title: str = TITLE) -> bytes:
    """The report in its other formats, a script that makes every figure again, and a folder for each with its files."""
    files = {f"report.{ending}": report_bytes(figures, ending, title) for ending in REPORTS if ending != "zip"}
    script = []
    for k, figure in enumerate(figures, 1):
        if isinstance(figure, ReportText):
            continue
        folder = f"{k:02}-{file_stem(figure.provenance)}"
        packed = bundle(figure.chart, figure.table, list(figure.views), figure.provenance)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            files |= {f"{folder}/{name.partition('/')[2]}": archive.read(name) for name in archive.namelist()}
        if figure.note.strip():
            files[f"{folder}/note.txt"] = figure.note.encode("utf-8", "replace")
        script.append(f"# {k}. {' '.join(legal(figure.heading).split())}\n{snippet(figure.provenance)}")
    files["make_again.py"] = "\n\n".join(script).encode("utf-8", "replace")
    return zipped("report", files)
