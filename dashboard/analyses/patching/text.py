"""Sentences about heads that are carried over."""

from __future__ import annotations

import pandas as pd

from dashboard.analyses.patching.api import ALL, EACH, Patched, Path
from dashboard.analyses.patching.pair import LEAST
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import head_of

SIGN = "\u2212"


def patch_finding(found: Patched) -> str:
    """One sentence on the head that brings back most of the first text's answer."""
    if unmeasured := too_close(found):
        return unmeasured
    heads = _heads(found.table)
    if not len(heads):
        return "Only feed-forward parts are carried over here, no head."
    best = heads.loc[heads["recovered"].idxmax()]
    where = {ALL: "", EACH: f" at “{best.get('token', '')}”"}.get(found.position, f" at “{found.position}”")
    many = counted(heads[["layer", "head"]].drop_duplicates().shape[0], "heads")
    baseline = (
        f"the median of {many} is {percent(heads['recovered'].median())}; one pair" if len(heads) > 1 else "one pair"
    )
    return (
        f"With {head_of(best)} of the first text{where}, {found.model} gets back {percent(best['recovered'])} of the "
        f"difference between “{found.answers[0]}” and “{found.answers[1]}” ({baseline})."
    )


def patch_remarks(found: Patched) -> list[str]:
    """What the difference is, and the direct part of it."""
    first, second = found.answers
    remarks = [
        f"The logit of “{first}” less that of “{second}” is {number(found.m_a)} after the first text, "
        f"{number(found.m_b)} after the second."
    ]
    if found.m_a <= 0 or found.m_b >= 0:
        which = "first" if found.m_a <= 0 else "second"
        remarks.append(f"After the {which} text, {found.model} does not prefer the answer that it should.")
    heads = _heads(found.table)
    if "direct" in heads and heads["recovered"].notna().any():
        best = heads.loc[heads["recovered"].idxmax()]
        remarks.append(
            f"By its direct path to the logits alone, {head_of(best)} gives {percent(best['direct'])}; the rest goes "
            "through later layers."
        )
    return remarks


def path_finding(found: Path) -> str:
    """One sentence on what goes from one head to another."""
    if unmeasured := too_close(found):
        return unmeasured
    every = found.table.set_index("into")["recovered"]
    parts = every.drop("all")
    start = f"Through {found.receiver} alone, {found.sender} gives back {percent(every['all'])} of the difference"
    if not len(parts):
        return f"{start} (one pair)."
    each = ", ".join(f"{percent(value)} by its {name}" for name, value in parts.items())
    return f"{start} ({each}; one pair)."


def too_close(found: Patched | Path) -> str:
    """Why nothing is divided by the difference; "" where it is large enough."""
    apart = abs(found.m_a - found.m_b)
    if apart >= LEAST:
        return ""
    return (
        f"After both texts the two logits differ by almost the same ({apart:.2g} apart), so nothing can be recovered. "
        "Name other answers, or choose texts that differ in more."
    )


def number(value: float) -> str:
    """A difference of logits: "+3.2", "−0.4"."""
    return f"{value:+.2f}".replace("-", SIGN)


def _heads(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of heads alone, without those of feed-forward parts."""
    return table.dropna(subset=["head"]).astype({"head": int})
