"""The glossary as the page asks for it."""

from __future__ import annotations

from dashboard.analyses.glossary.draw import PICTURES
from dashboard.analyses.glossary.term import Term
from dashboard.analyses.glossary.terms import TERMS
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look

__all__ = ["PICTURES", "TERMS", "Term", "draw_term", "found"]


def found(typed: str) -> list[Term]:
    """The terms that a search finds, those whose name begins with it first; all for an empty one."""
    wanted = typed.strip().lower()
    return sorted(
        (term for term in TERMS.values() if term.has(wanted)), key=lambda term: not term.name.startswith(wanted)
    )


def draw_term(key: str, model: AttentionModel, look: Look) -> Drawing:
    """The picture of a term. Raises KeyError for a term without one."""
    return PICTURES[key](model, look)
