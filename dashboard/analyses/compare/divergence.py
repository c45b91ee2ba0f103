"""Compare two heads on one text in three numbers (METRICS §5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.errors import UserError
from dashboard.heads.view import HeadView


@dataclass(frozen=True)
class Comparison:
    """The similarity of two heads on one text.

    Attributes
    ----------
    js: Jensen–Shannon divergence of their rows, base 2, the mean over rows; [0, 1], 0 for equal rows
    top1: share of rows with the same strongest key; [0, 1]. All keys that are not drawn (a learned sink, positions
        without a counterpart) count as one more key, as in `js`
    pearson: correlation of all allowed cells of those rows; [-1, 1], NaN if either side is constant
    rows: the number of rows; if it is 0, all three figures are NaN
    """

    js: float
    top1: float
    pearson: float
    rows: int


def compare(a: HeadView, b: HeadView) -> Comparison:
    """Compare two heads row by row, over the rows that count (METRICS §1) in both, with all keys.

    Of several heads together: of their sum over their number, and of rows of a maximum rescaled to 1.
    Raises UserError if the two are not over the same positions, and for contributions, which are not distributions.
    """
    if a.one_axis != b.one_axis:
        raise UserError(
            f"{a.head} and {b.head} look at different texts: one leads from the target to the source, the other stays "
            "in one text. Compare cross attention with cross attention, or two heads of one text."
        )
    if not a.over_same_positions(b):
        raise UserError("Two heads are compared over the same positions. Choose one text, one unit and one part of it.")
    if "contribution" in (a.measure, b.measure):
        raise UserError("Contributions are norms, not shares, so these figures are of weights. Compare the weights.")
    rows = a.counted & b.counted
    if not rows.any():
        return Comparison(np.nan, np.nan, np.nan, 0)
    p, q = a.shares[rows], b.shares[rows]
    cells = (a.allowed & b.allowed)[rows]
    whole_p, whole_q = with_rest(p), with_rest(q)
    return Comparison(
        js=float(divergence(whole_p, whole_q).mean()),
        top1=float((whole_p.argmax(1) == whole_q.argmax(1)).mean()),
        pearson=_pearson(p[cells], q[cells]),
        rows=int(rows.sum()),
    )


def divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Jensen–Shannon divergence of distributions along the last axis, base 2 (not its square root): (…), [0, 1].

    ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = ½ (p + q).
    """
    middle = (p + q) / 2

    def half(part: np.ndarray) -> np.ndarray:
        ratio = np.divide(part, middle, out=np.ones_like(part), where=part > 0)
        return (part * np.log2(ratio)).sum(-1) / 2

    return (half(p) + half(q)).clip(0, 1)


def with_rest(rows: np.ndarray) -> np.ndarray:
    """Rows (…, k) plus a column for the share of a learned sink or the rest of the text, so that each sums to 1."""
    rest = (1 - rows.sum(-1, keepdims=True)).clip(0)
    rows = np.concatenate([rows, rest], -1)
    return rows / rows.sum(-1, keepdims=True)


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1].clip(-1, 1))
