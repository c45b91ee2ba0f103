"""Figures for a report, made without a model."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.explore import api
from dashboard.export import ReportFigure
from dashboard.heads.head_id import HeadId
from tests.helpers.views import head_view


def figure(text: str = "one two", note: str = "", view: str = "heatmap", n: int | None = None) -> ReportFigure:
    labels = tuple(text.split())[:n]
    n = len(labels)
    head = head_view(
        HeadId(2, 8),
        np.full((n, n), 1 / n, np.float32),
        labels,
        (False,) * n,
        (None,) * n,
        "words",
        "show",
        False,
        text,
        "MiniLM",
        name="minilm",
    )
    chart = api.draw(head, view)
    return ReportFigure(chart, api.links_of([head]), (head,), chart.provenance, note)
