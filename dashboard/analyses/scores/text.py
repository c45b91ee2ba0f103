"""What is said of the scores of a head beside its untrained twin."""

from __future__ import annotations

import pandas as pd

from dashboard.analyses.scores.scores import SCORES
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId
from dashboard.heads.untrained import both_of


def twin_remark(table: pd.DataFrame, head: HeadId, score: str) -> str:
    """``Previous token of L0H2: 100 %, in the untrained twin 6.3 %.``; "" where one of the two is not known."""
    if (both := both_of(table, head, score)) is None:
        return ""
    what = SCORES[score]
    own, twin = (percent(one) if what.unit == "share" else f"{one:.2f} {what.unit}" for one in both)
    return f"{what.title} of {head}: {own}, in the untrained twin {twin}."
