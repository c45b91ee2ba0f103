"""The small picture of a finding."""

from __future__ import annotations

from dashboard.analyses.ablation.draw import draw_ranking
from dashboard.analyses.course.draw import draw_far, far_view
from dashboard.analyses.explore.api import attention
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.gallery.findings import Finding, Measured, effects
from dashboard.analyses.gallery.text import sentence
from dashboard.analyses.recall.api import draw_recall
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look


def draw_finding(finding: Finding, found: Measured, model: AttentionModel | None, look: Look) -> Drawing:
    """The head as a map or as arcs, the heads in a row, or the networks' curves; untitled, as a card has a title."""
    drawn = _drawn(finding, found, model, look)
    spec = drawn.to_dict()
    spec.pop("title", None)
    return Drawing(spec | {"description": sentence(finding, found)})


def _drawn(finding: Finding, found: Measured, model: AttentionModel | None, look: Look) -> Drawing:
    if model is None or finding.head is None:
        return draw_recall(found["study"], "accuracy", **look.keywords())
    if finding.page == "ablation":
        return draw_ranking(effects(model), finding.head, **look.keywords())
    if finding.page == "long_range":
        return draw_far(far_view(model, found["far"]), found["far"], look)
    if not finding.words[0]:
        return VIEWS["heatmap"].draw(attention(model, finding.text, finding.head), look)
    view = attention(model, finding.text, finding.head, unit="words", special="hide")
    link = tuple(list(view.labels).index(word) for word in finding.words)
    return VIEWS["arcs"].draw(view, look, lit=[link])
