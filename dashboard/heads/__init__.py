"""Attention in, tables out: pure functions over the weights of heads, as METRICS.md defines them.

`make_view` turns one head's weights into the `HeadView` that every picture draws; `links`, `finding` and `compare`
read views. `gather.gather` runs a model over parsed sentences, and `budget.budget`, `dependencies` and `explain` make
tables of what it found. `survey` gives the pattern scores (`SCORES`) and thumbnails of all heads of a model over a
text. What
needs torch is fetched on first use, so that drawing a view does not wait for it.
"""

from __future__ import annotations

from importlib import import_module

from dashboard.heads.compare import Comparison, compare
from dashboard.heads.finding import finding
from dashboard.heads.links import links, strongest
from dashboard.heads.scores import SCORES, Score
from dashboard.heads.view import HeadId, HeadView, make_view
from dashboard.heads.wording import percent

_LATER = {
    "CorpusCounts": "features",
    "FeatureSpace": "features",
    "PatternScores": "patterns",
    "Survey": "overview",
    "dependencies": "dependency",
    "explain": "explained",
    "induction_scores": "induction",
    "role_label": "figures",
    "survey": "overview",
}

__all__ = [
    "SCORES",
    "Comparison",
    "CorpusCounts",
    "FeatureSpace",
    "HeadId",
    "HeadView",
    "PatternScores",
    "Score",
    "Survey",
    "compare",
    "dependencies",
    "explain",
    "finding",
    "induction_scores",
    "links",
    "make_view",
    "percent",
    "role_label",
    "strongest",
    "survey",
]


def __getattr__(name: str):
    if name in _LATER:
        return getattr(import_module(f"dashboard.heads.{_LATER[name]}"), name)
    raise AttributeError(f"module 'dashboard.heads' has no attribute {name!r}")
