"""Files to download or save: a chart, table or matrix in, bytes out.

`figure_bytes` makes PNG, SVG, PDF, HTML and Vega-Lite JSON of a chart, `table_bytes` CSV, Excel and Parquet of a
table, `matrix_bytes` NPZ of one head, `bundle` a zip of them all, `report_bytes` one file of several
figures, `snippet` the script that computes them again. `provenance_of` says where a file comes from, and every one
carries it. `write_file` puts bytes on the disk, whole or not at all; `FORMATS` and `REPORTS` list the endings. Same
input, same bytes.
"""

from dashboard.export.bundle import bundle
from dashboard.export.figure import figure_bytes
from dashboard.export.matrix import matrix_bytes
from dashboard.export.notebook import in_notebook
from dashboard.export.provenance import Provenance, file_stem, provenance_of
from dashboard.export.report import ReportFigure, ReportText, report_bytes, report_html, report_pdf, report_zip
from dashboard.export.snippet import snippet
from dashboard.export.table import table_bytes
from dashboard.export.typography.notice import font_notice
from dashboard.export.typography.runs import missing_glyphs
from dashboard.export.write import check_target, write_file
from dashboard.formats import FORMATS, REPORTS, Format, endings, format_of

__all__ = [
    "FORMATS",
    "REPORTS",
    "Format",
    "Provenance",
    "ReportFigure",
    "ReportText",
    "bundle",
    "check_target",
    "endings",
    "figure_bytes",
    "file_stem",
    "font_notice",
    "format_of",
    "in_notebook",
    "matrix_bytes",
    "missing_glyphs",
    "provenance_of",
    "report_bytes",
    "report_html",
    "report_pdf",
    "report_zip",
    "snippet",
    "table_bytes",
    "write_file",
]
