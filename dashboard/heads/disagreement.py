"""Where two heads part: word by word, what each of them looks at most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.errors import UserError
from dashboard.heads.compare import divergence, with_rest
from dashboard.heads.view import HeadView
from dashboard.heads.wording import percent


def disagreements(a: HeadView, b: HeadView) -> pd.DataFrame:
    """The rows of two heads that count in both (METRICS §5), those that differ most first.

    Columns: `position` (in the views, from 0), `word`, `a_looks_at`, `a_share`, `b_looks_at`, `b_share` (the strongest
    key of each, and its share in [0, 1]), `js` (Jensen–Shannon divergence of the two rows, base 2, [0, 1]). Rows that
    are equally far apart stand in the order of the text.

    Raises UserError where the two are not over the same positions.
    """
    if not a.over_same_positions(b):
        raise UserError("Two heads are compared over the same positions. Choose one text, one unit and one part of it.")
    rows = np.flatnonzero(a.queries & b.queries)
    p, q = a.weights[rows].astype(np.float64), b.weights[rows].astype(np.float64)
    js = divergence(with_rest(p), with_rest(q)) if len(rows) else np.zeros(0)
    most = [part.argmax(1) if len(rows) else np.zeros(0, int) for part in (p, q)]
    labels = np.array(a.labels, object)
    table = pd.DataFrame(
        {
            "position": rows, "word": labels[rows],
            "a_looks_at": labels[most[0]], "a_share": p[np.arange(len(rows)), most[0]],
            "b_looks_at": labels[most[1]], "b_share": q[np.arange(len(rows)), most[1]],
            "js": js,
        }
    )  # fmt: skip
    return table.sort_values(["js", "position"], ascending=[False, True], ignore_index=True)


def parting(table: pd.DataFrame, first: str, second: str) -> str:
    """The word on which the two differ most, in a sentence. table: of `disagreements`; first, second: their names."""
    if table.empty or table["js"].iloc[0] <= 0:
        return f"{first} and {second} look alike on every word."
    row = table.iloc[0]
    return (
        f"They part most on “{row['word']}”: {first} looks at “{row['a_looks_at']}” ({percent(row['a_share'])}), "
        f"{second} at “{row['b_looks_at']}” ({percent(row['b_share'])})."
    )
