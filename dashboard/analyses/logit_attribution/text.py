"""Sentences about direct logit attribution and copying."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.analyses.logit_attribution.direct import Attribution
from dashboard.analyses.logit_attribution.parts import LogitParts
from dashboard.heads.format import counted, number, percent, quoted
from dashboard.heads.head_id import HeadId, head_of, is_of


def copying_finding(table: pd.DataFrame, head: HeadId) -> str:
    """The copying score of a head with its baseline, and the verdict: it copies if its interval lies above that of the
    baseline."""
    row = table[is_of(table, head)].iloc[0]

    def interval(name: str) -> str:
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        return "" if np.isnan(low) else f"95\u00a0% interval {percent(low)} to {percent(high)}, "

    return (
        f"Copying: {percent(row.copying)} of the tokens that {head} reads in the built-in sentences are themselves "
        "among the 1\u00a0% whose logits it raises most "
        f"({interval('copying')}{counted(int(row.tokens), 'tokens')}, {counted(int(row.sentences), 'sentences')}). "
        f"Baseline, the same for the token after each: {percent(row.baseline)} "
        f"({interval('baseline')}{counted(int(row.pairs), 'pairs')}). {_verdict(row)}"
    )


def attribution_finding(found: Attribution) -> str:
    """One sentence on the token that the head raises most, the one it lowers most, and its strongest key."""
    changes = []
    for word, frame in (("raises", found.raised), ("lowers", found.lowered)):
        if len(frame):
            first = frame.iloc[0]
            changes.append(f"{word} {quoted(first.piece)} most ({signed(first.logit)})")
    what = " and ".join(changes) or "changes no logit"
    if not len(found.read):
        return f"{found.head}, after {quoted(found.label)}: it {what}."
    first = found.read.iloc[0]
    read = "itself" if first.position == found.query and found.part != "cross" else quoted(first.text)
    return f"{found.head}, after {quoted(found.label)}: it {what}; it read most from {read} ({percent(first.weight)})."


def components_finding(found: LogitParts) -> str:
    """One sentence on the head that raises the token's logit most, and the one that lowers it most."""
    heads = found.heads
    best, worst = (heads.iloc[at] for at in (heads["beyond_mean"].argmax(), heads["beyond_mean"].argmin()))
    raises = f"{head_of(best)} raises its logit most ({signed(best.beyond_mean)})"
    lowers = f" and {head_of(worst)} lowers it most ({signed(worst.beyond_mean)})" if worst.beyond_mean < 0 else ""
    return f"{quoted(found.label)} after {quoted(found.after)}: of {counted(len(heads), 'heads')}, {raises}{lowers}."


def _verdict(row: pd.Series) -> str:
    if np.isnan(row.copying_low):
        return "One sentence has no interval, so copying is not shown."
    if row.copying_low > row.baseline_high:
        return "So it copies." if row.copying >= 0.5 else "So it copies some of them, not most."
    if row.copying_high < row.baseline_low:
        return "So it does not copy: it more often raises the token that follows."
    return "The two intervals overlap, so copying is not shown."


def signed(value: float) -> str:
    """+0.28, −0.05, 0: a change of a logit."""
    return f"+{number(value)}" if value > 0 else number(value)
