"""The terms, by their key. A new one is an entry of `of_models` or `of_measures`; its picture a function in `draw`."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.analyses.glossary.of_measures import OF_MEASURES
from dashboard.analyses.glossary.of_models import OF_MODELS
from dashboard.analyses.glossary.term import Term

TERMS: Mapping[str, Term] = {
    term.key: term for term in sorted((*OF_MODELS, *OF_MEASURES), key=lambda term: term.name.lower())
}
