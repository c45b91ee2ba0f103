"""Attention in, tables out: pure functions over the weights of heads, as METRICS.md defines them.

`make_view` turns one head's weights into the `HeadView` that every picture draws; `links`, `finding` and `compare`
read views. `survey` gives the pattern scores (`SCORES`) and thumbnails of all heads of a model over a text. What
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

_LATER = {"PatternScores": "patterns", "Survey": "overview", "survey": "overview", "induction_scores": "induction"}

__all__ = [
    "SCORES",
    "Comparison",
    "HeadId",
    "HeadView",
    "PatternScores",
    "Score",
    "Survey",
    "compare",
    "finding",
    "induction_scores",
    "links",
    "make_view",
    "percent",
    "strongest",
    "survey",
]


def __getattr__(name: str):
    if name in _LATER:
        return getattr(import_module(f"dashboard.heads.{_LATER[name]}"), name)
    raise AttributeError(f"module 'dashboard.heads' has no attribute {name!r}")
