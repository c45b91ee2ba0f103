"""The candidates in the place of one word, each with two bars: with the heads, and without them."""

from __future__ import annotations

from dashboard.analyses.ablation.at_word import AblationAtWord
from dashboard.analyses.ablation.text import at_word_finding, rival_name
from dashboard.charts.candidate_bars import candidate_bars
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable


def at_word_chart(found: AblationAtWord, look: Look) -> Drawing:
    """The word, its rival and what the model expects most (see `candidate_bars`); 640 pixels wide by default."""
    which = "the head" if len(found.heads) == 1 else "the heads"
    word, rival = drawable(found.word), drawable(rival_name(found))
    return candidate_bars(
        found.table,
        look,
        after="ablated",
        how=(f"with {which}", f"without {which}"),
        vocabulary=found.vocabulary,
        title=f"In the place of “{word}”, without {found.named} · {drawable(found.model)}",
        subtitle=[
            f"upper bar: probability with {which} · lower bar: without",
            f"first “{word}” and its rival “{rival}”, then what the model expects most",
        ],
        description=at_word_finding(found),
    )
