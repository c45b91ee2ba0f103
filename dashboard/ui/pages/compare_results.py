"""The comparison on “Compare” and its sentences: the picture may show contributions, the figures are of weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import pandas as pd
import streamlit as st

from dashboard.analyses.compare.disagreement import both_elsewhere, disagreements, parting
from dashboard.analyses.compare.divergence import Comparison, compare
from dashboard.analyses.explore.text import largest_contributions
from dashboard.analyses.explore.views import VIEWS
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.export import Provenance
from dashboard.heads.format import capital
from dashboard.heads.view import HeadView
from dashboard.ui.figure import Table

OF_WEIGHTS = "These three compare attention weights. Contributions are norms, not shares, so they are not compared."


@dataclass(frozen=True, eq=False)
class Compared:
    """What is compared.

    Attributes
    ----------
    views: the weights of two to four heads, over the same positions, with the same labels: the figures are of these
    drawn: the same heads as the picture shows them, weights or contributions
    names: the name of each
    remarks: what each of them does, and how much the two share
    draw: (view "side" or "difference", look) → the picture
    table: the data behind it
    files_of: the views whose matrices can be downloaded
    origin: (view, look) → where it comes from
    """

    views: Sequence[HeadView]
    drawn: Sequence[HeadView]
    names: Sequence[str]
    remarks: Sequence[str]
    draw: Callable[[str, Look], Drawing]
    table: Callable[[], pd.DataFrame]
    files_of: Sequence[HeadView]
    origin: Callable[[str, Look], Provenance]

    @property
    def pairs(self) -> dict[tuple[int, int], Comparison]:
        return {(i, j): compare(self.views[i], self.views[j]) for i, j in combinations(range(len(self.views)), 2)}

    @property
    def note(self) -> str:
        """The note on figures of weights if the picture shows contributions."""
        return OF_WEIGHTS if self.drawn[0].measure == "contribution" else ""


def headline(compared: Compared, show: str, chart: Drawing) -> str:
    """What the picture shows, in a sentence."""
    if show == "difference":
        return chart.description
    return largest_contributions(compared.drawn, compared.names) if compared.note else alike(compared)


def of_weights(compared: Compared) -> list[str]:
    """Sentences about the weights: where the first two differ most and, if the finding does not say it, how similar
    they are."""
    part = parting(parted(compared), *compared.names[:2])
    if not compared.note:
        return [part]
    sentence = alike(compared)
    opens = sentence[0].lower() if sentence.startswith("No row") else sentence[0]
    return [f"By their weights: {opens}{sentence[1:]}", part]


def alike(compared: Compared) -> str:
    """How similar they are, in a sentence with its numbers."""
    pairs, names = compared.pairs, compared.names
    if not any(numbers.rows for numbers in pairs.values()):
        return f"No row counts for {' and '.join(names)}, so their similarity is unknown."
    if len(pairs) == 1:
        [numbers] = pairs.values()
        first, second = names
        away = both_elsewhere(*compared.views)
        rest = f" ({away} of them not drawn, counted as one place)" if away else ""
        return (
            f"{capital(first)} and {second} have the same strongest key in {round(numbers.top1 * numbers.rows)} of "
            f"{numbers.rows} rows{rest}; divergence {numbers.js:.2f} (0: the same; 1: no overlap)."
        )
    (a, b), nearest = min(pairs.items(), key=lambda pair: pair[1].js)
    (c, d), furthest = max(pairs.items(), key=lambda pair: pair[1].js)
    return (
        f"{names[a]} and {names[b]} are the most similar (divergence {nearest.js:.2f}), {names[c]} and {names[d]} "
        f"the least ({furthest.js:.2f}), over {nearest.rows} rows (0: the same; 1: no overlap)."
    )


def most_drawn(look: Look) -> int:
    return VIEWS["heatmap"].most(look.width_or(620))


def parted(compared: Compared) -> pd.DataFrame:
    """The difference of the first two, word by word."""
    return disagreements(compared.views[0], compared.views[1])


def word_by_word(compared: Compared) -> Table:
    """The difference of the first two, as a table on the page."""
    first, second = compared.names[:2]
    columns = {
        "position": None,
        "word": "Query word",
        "a_looks_at": f"{first} looks at",
        "a_share": st.column_config.NumberColumn("with", format="percent"),
        "b_looks_at": f"{second} looks at",
        "b_share": st.column_config.NumberColumn("with ", format="percent"),
        "js": st.column_config.NumberColumn("Divergence", format="%.3f", help="0: the same; 1: no overlap."),
    }
    note = f"Word by word, largest difference first. {compared.note}"
    return Table(columns, partial(parted, compared), note, "Word by word", "parting")


COMPARISONS = {
    "a": st.column_config.TextColumn("Head"),
    "b": st.column_config.TextColumn("and head"),
    "js": st.column_config.NumberColumn(
        "Divergence",
        format="%.3f",
        help="Mean Jensen–Shannon divergence of their rows, base 2. 0: the same; 1: no overlap.",
    ),
    "top1": st.column_config.NumberColumn(
        "Same strongest",
        format="percent",
        help="Share of rows whose strongest link is the same. Keys that are not drawn count as one place.",
    ),
    "pearson": st.column_config.NumberColumn(
        "Correlation",
        format="%.3f",
        help="Pearson's correlation of all their weights, -1 to 1. Empty where one of them is constant.",
    ),
    "rows": st.column_config.NumberColumn("Rows", help="Rows of special tokens are left out."),
}


def comparisons(compared: Compared) -> Table:
    """METRICS §5 for each pair of heads, as a table on the page."""
    return Table(COMPARISONS, partial(_comparisons, compared), compared.note, key="comparisons")


def _comparisons(compared: Compared) -> pd.DataFrame:
    names = compared.names
    return pd.DataFrame(
        [
            {"a": names[i], "b": names[j], "js": one.js, "top1": one.top1, "pearson": one.pearson, "rows": one.rows}
            for (i, j), one in compared.pairs.items()
        ]
    )
