"""Where two heads part: word by word, what each of them looks at most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.analyses.compare.divergence import divergence, with_rest
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.view import HeadView

ELSEWHERE = "elsewhere"


def disagreements(a: HeadView, b: HeadView) -> pd.DataFrame:
    """The rows of two heads that count in both (METRICS §5), those that differ most first.

    Columns: `position` (in the views, from 0), `word`, `a_looks_at`, `a_share`, `b_looks_at`, `b_share` (the strongest
    key of each, `ELSEWHERE` where all that is not drawn gets more, and its share in [0, 1]), `js` (Jensen–Shannon
    divergence of the two rows, base 2, [0, 1]). Rows that are equally far apart stand in the order of the text.

    Raises UserError where the two are not over the same positions.
    """
    if not a.over_same_positions(b):
        raise UserError("Two heads are compared over the same positions. Choose one text, one unit and one part of it.")
    rows = np.flatnonzero(a.counted & b.counted)
    p, q = a.weights[rows].astype(np.float64), b.weights[rows].astype(np.float64)
    js = divergence(with_rest(p), with_rest(q)) if len(rows) else np.zeros(0)
    # Of two models one may have read what the other has not: each names what it looks at by its own marks.
    words = a.queries.drawn if a.model == b.model else a.queries.labels
    table = pd.DataFrame({"position": rows, "word": np.array(words, object)[rows]})
    for name, part, view in (("a", p, a), ("b", q, b)):
        table[f"{name}_looks_at"], table[f"{name}_share"] = _most(part, np.array(view.keys.drawn, object))
    table["js"] = js
    return table.sort_values(["js", "position"], ascending=[False, True], ignore_index=True)


def both_elsewhere(a: HeadView, b: HeadView) -> int:
    """In how many rows that count in both either head gives most to what is not drawn: one and the same key for
    `compare`, though these may be special tokens of two models. The two are over the same positions."""
    rows = a.counted & b.counted
    return int(np.all([with_rest(view.weights[rows]).argmax(1) == len(view.keys) for view in (a, b)], axis=0).sum())


def _most(weights: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not len(weights):
        return np.zeros(0, object), np.zeros(0)
    whole = with_rest(weights)
    return np.append(labels, ELSEWHERE)[whole.argmax(1)], whole.max(1)


def parting(table: pd.DataFrame, first: str, second: str) -> str:
    """The word on which the two differ most, in a sentence. table: of `disagreements`; first, second: their names."""
    if table.empty:
        return ""
    if table["js"].iloc[0] <= 0:
        return f"{first} and {second} look alike on every word."
    row = table.iloc[0]

    def looks(side: str) -> str:
        key = row[f"{side}_looks_at"]
        return (key if key == ELSEWHERE else f"at “{key}”") + f" ({percent(row[f'{side}_share'])})"

    return f"They part most on “{row['word']}”: {first} looks {looks('a')}, {second} looks {looks('b')}."
