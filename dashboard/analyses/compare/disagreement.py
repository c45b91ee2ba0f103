"""Where two heads disagree: word by word, the strongest key of each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.analyses.compare.divergence import divergence, with_rest
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.view import HeadView

ELSEWHERE = "elsewhere"


def disagreements(a: HeadView, b: HeadView) -> pd.DataFrame:
    """The rows that count in both heads (METRICS §5), sorted by how much they differ.

    Columns: `position` (in the views, from 0), `word`, `a_looks_at`, `a_share`, `b_looks_at`, `b_share` (the strongest
    key of each head, `ELSEWHERE` if all keys not drawn together get more, and its share in [0, 1]), `js`
    (Jensen–Shannon divergence of the two rows, base 2, [0, 1]). Rows with the same divergence keep the text order.

    Raises UserError if the two are not over the same positions.
    """
    if not a.over_same_positions(b):
        raise UserError("Two heads are compared over the same positions. Choose one text, one unit and one part of it.")
    rows = np.flatnonzero(a.counted & b.counted)
    p, q = a.shares[rows], b.shares[rows]
    js = divergence(with_rest(p), with_rest(q)) if len(rows) else np.zeros(0)
    # One of two models may know characters that the other does not: each labels keys with its own marks.
    words = a.queries.drawn if a.model == b.model else a.queries.labels
    table = pd.DataFrame({"position": rows, "word": np.array(words, object)[rows]})
    for name, part, view in (("a", p, a), ("b", q, b)):
        table[f"{name}_looks_at"], table[f"{name}_share"] = _most(part, np.array(view.keys.drawn, object))
    table["js"] = js
    return table.sort_values(["js", "position"], ascending=[False, True], ignore_index=True)


def both_elsewhere(a: HeadView, b: HeadView) -> int:
    """The number of rows, of those that count in both heads, where both give most to keys that are not drawn.

    `compare` takes these as the same key, though they may be special tokens of two models. The two views are over the
    same positions.
    """
    rows = a.counted & b.counted
    return int(np.all([with_rest(view.shares[rows]).argmax(1) == len(view.keys) for view in (a, b)], axis=0).sum())


def _most(weights: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not len(weights):
        return np.zeros(0, object), np.zeros(0)
    whole = with_rest(weights)
    return np.append(labels, ELSEWHERE)[whole.argmax(1)], whole.max(1)


def parting(table: pd.DataFrame, first: str, second: str) -> str:
    """A sentence on the word where the two differ most. table: from `disagreements`; first, second: their names."""
    if table.empty:
        return ""
    if table["js"].iloc[0] <= 0:
        return f"{first} and {second} look at the same places on every word."
    row = table.iloc[0]

    def looks(side: str) -> str:
        key = row[f"{side}_looks_at"]
        return (key if key == ELSEWHERE else f"at “{key}”") + f" ({percent(row[f'{side}_share'])})"

    return f"They differ most on “{row['word']}”: {first} looks {looks('a')}, {second} looks {looks('b')}."
