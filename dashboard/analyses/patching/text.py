"""Sentences about heads that are carried over."""

from __future__ import annotations

import pandas as pd

from dashboard.analyses.patching.api import ALL, EACH, Patched, Path
from dashboard.analyses.patching.over_set import CLOSE, LENGTHS, SAME, SEVERAL, WRONG, reasons
from dashboard.analyses.patching.pair import LEAST
from dashboard.analyses.patching.set_api import PatchedSet
from dashboard.analyses.patching.sets import set_named
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import head_of

SIGN = "\u2212"


def patch_finding(found: Patched) -> str:
    """One sentence on the head that brings back most of the first text's answer.

    Of "each" token only those count at which anything is carried: before the texts differ, there is nothing.
    """
    if unmeasured := too_close(found):
        return unmeasured
    heads = _heads(found.table)
    if found.position == EACH:
        carried = heads.groupby("position")["recovered"].transform(lambda some: some.ne(0).any())
        heads = heads[carried] if carried.any() else heads
    if not len(heads):
        return "Only feed-forward parts are carried over here, no head."
    best = heads.iloc[int(heads["recovered"].argmax())]
    where = {ALL: "", EACH: f" at “{best.get('token', '')}”"}.get(found.position, f" at “{found.position}”")
    several = counted(heads[["layer", "head"]].drop_duplicates().shape[0], "heads")
    each = f" at {counted(heads['position'].nunique(), 'tokens')}" if found.position == EACH else ""
    many = f"{several}{each}"
    baseline = (
        f"the median of {many} is {percent(heads['recovered'].median())}; one pair" if len(heads) > 1 else "one pair"
    )
    return (
        f"With {head_of(best)} of the first text{where}, {found.model} recovers {percent(best['recovered'])} of the "
        f"difference between “{found.answers[0]}” and “{found.answers[1]}” ({baseline})."
    )


def patch_remarks(found: Patched) -> list[str]:
    """What the difference is, and the direct part of it."""
    first, second = found.answers
    remarks = [
        f"Logit (score before softmax) of “{first}” minus that of “{second}”: {number(found.m_a)} after the first "
        f"text, {number(found.m_b)} after the second."
    ]
    if found.m_a <= 0 or found.m_b >= 0:
        which = "first" if found.m_a <= 0 else "second"
        remarks.append(f"After the {which} text, {found.model} does not prefer that text’s answer.")
    heads = _heads(found.table)
    if "direct" in heads and heads["recovered"].notna().any():
        best = heads.iloc[int(heads["recovered"].argmax())]
        remarks.append(
            f"By its direct path to the logits alone, {head_of(best)} recovers {percent(best['direct'])}; the rest "
            "goes through later layers."
        )
    return remarks


def tokens_finding(found: Patched) -> str:
    """One sentence on the token at which one head carries most. found: of one head, "each" token."""
    if unmeasured := too_close(found):
        return unmeasured
    best = found.table.iloc[int(found.table["recovered"].abs().argmax())]
    return (
        f"{head_of(best)} carries most at “{best['token']}”: {percent(best['recovered'])} with its output at this "
        f"token alone ({counted(len(found.table), 'tokens')}; one pair)."
    )


def path_finding(found: Path) -> str:
    """One sentence on what goes from one head to another."""
    if unmeasured := too_close(found):
        return unmeasured
    every = found.table.set_index("into")["recovered"]
    parts = every.drop("all")
    start = f"Through {found.receiver} alone, {found.sender} recovers {percent(every['all'])} of the difference"
    if not len(parts):
        return f"{start} (one pair)."
    each = ", ".join(f"{percent(value)} through its {name}" for name, value in parts.items())
    return f"{start} ({each}; one pair)."


def set_finding(found: PatchedSet, model: str) -> str:
    """One sentence on the head that brings back most over a set of pairs, with its interval and control."""
    table, title = found.table, set_named(found.result.name).title
    best = table.iloc[int(table["recovered"].argmax())]
    control = ""
    if found.result.controlled:
        low, high = percent(best["specific_low"]), percent(best["specific_high"])
        control = f"; minus the same-answer control: {percent(best['specific'])} ({low} to {high})"
    interval = f"95\u00a0% interval {percent(best['recovered_low'])} to {percent(best['recovered_high'])}; "
    if len(found.pairs) < 2:
        interval = ""
    return (
        f"In “{title}”, {head_of(best)} recovers {percent(best['recovered'])} of the difference in {model} "
        f"({interval}{counted(len(found.pairs), 'pairs')}; the median head {percent(table['recovered'].median())})"
        f"{control}."
    )


def set_remarks(found: PatchedSet) -> list[str]:
    """How many pairs are left out and why, and what the control is."""
    remarks = []
    if left := list(reasons(found.result)):
        why = "; ".join(f"{many:,} {REASONS[name]}" for name, many in left)
        remarks.append(f"{len(found.result.left_out):,} of {found.result.total:,} pairs are left out: {why}.")
    remarks.append(
        f"Control: the head comes from another text with the same answer ({counted(found.result.controlled, 'pairs')} "
        "have one). After subtracting it, a head that carries only the answer has 0."
    )
    return remarks


REASONS = {
    LENGTHS: "have texts of different numbers of tokens",
    SEVERAL: "have an answer of several tokens",
    SAME: "have one token for both answers",
    WRONG: "the model gets wrong",
    CLOSE: "have logits that are too close",
}


def too_close(found: Patched | Path) -> str:
    """Why nothing is divided by the difference; "" where it is large enough."""
    apart = abs(found.m_a - found.m_b)
    if apart >= LEAST:
        return ""
    return (
        f"The difference of the two logits is almost the same after both texts ({apart:.2g} apart), so nothing can be "
        "recovered. Name other answers, or choose texts that differ in more."
    )


def number(value: float) -> str:
    """A difference of logits: "+3.2", "−0.4"."""
    return f"{value:+.2f}".replace("-", SIGN)


def _heads(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of heads alone, without those of feed-forward parts."""
    return table.dropna(subset=["head"]).astype({"head": int})
