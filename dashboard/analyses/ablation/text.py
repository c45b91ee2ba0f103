"""Sentences about ablated heads."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.analyses.ablation.at_word import AblationAtWord
from dashboard.analyses.ablation.joint import Interplay, interplay, signed, values_of
from dashboard.analyses.ablation.rank import UNITS, HeadRank
from dashboard.heads.format import counted, figure, heads_together, percent
from dashboard.heads.head_id import HeadId, head_of
from dashboard.heads.untrained import UNTRAINED, both_of


def effect_finding(table: pd.DataFrame, model: str) -> str:
    """One sentence on the largest effect in an `effect_table`, with its uncertainty."""
    name = "shift" if "shift" in table else "loss_change"
    some = table.dropna(subset=[name])
    if not len(some):
        return f"{model} has no token here that can be measured."
    best = some.iloc[some[name].abs().argmax()]
    head, figure = _row_name(best), best[name]
    low, high = best[f"{name}_low"], best[f"{name}_high"]
    sure = (
        "one text"
        if np.isnan(low)
        else (f"95\u00a0% interval {low:.3g} to {high:.3g}; {counted(int(best.sentences), 'sentences')}")
    )
    if name == "shift":
        start = f"Without {head}, the last vectors of {model} turn by {figure:.3g}"
        sure = f"1 − cosine; {sure}"
    else:
        way = "worse" if figure >= 0 else "better"
        start = f"Without {head}, {model} predicts {way} by {abs(figure):.3g} nats per token"
    most = f", the largest of {len(some):,} heads" if len(some) > 1 else ""
    return f"{start}{most} ({sure}, {counted(int(best.tokens), 'tokens')})."


def rank_finding(found: HeadRank) -> str:
    """``L2H9 is number 12 of 72 heads: without it …``, with interval and sample size."""
    over = f"{counted(found.sentences, 'sentences')}, {counted(found.tokens, 'tokens')}"
    interval = f"95\u00a0% interval {figure(found.low)} to {figure(found.high)}"
    if found.measure == "shift":
        change = f"the last vectors turn by {figure(found.value)}"
    else:
        way = "worse" if found.value >= 0 else "better"
        change = f"the model predicts {way}, and the loss changes by {figure(found.value)} nats per token"
    return (
        f"{found.head} ranks {found.rank:,} of {found.heads:,} heads by effect: without it, {change} ({interval}; "
        f"{over})."
    )


def rank_remark(found: HeadRank) -> str:
    """How certain the rank is, and how many heads have an interval that excludes 0."""
    sentence = "No other head’s interval overlaps with its own."
    if found.alike:
        meet = "has an interval that overlaps with" if found.alike == 1 else "have intervals that overlap with"
        sentence = f"{counted(found.alike, 'other heads')} {meet} its own, so its rank among them is uncertain."
    if found.measure == "shift":
        return sentence
    worse, better = found.sure
    return (
        f"{sentence} Ablating {worse:,} of the {found.heads:,} heads makes predictions worse (interval above 0), "
        f"{better:,} better (below 0); {found.heads - worse - better:,} are unclear. By chance, about "
        f"{0.025 * found.heads:.2g} of {found.heads:,} would be above 0 and as many below (2.5\u00a0% each)."
    )


def twin_remark(table: pd.DataFrame, head: HeadId) -> str:
    """The effect of a head in the untrained twin, and how many heads have a larger one here than any has there, either
    way; "" where the twin's effects are not known."""
    name = "shift" if "shift" in table else "loss_change"
    if (both := both_of(table, head, name)) is None:
        return ""
    most = float(table[UNTRAINED + name].abs().max())
    above = int((table[name].abs() > most).sum())
    return (
        f"In the untrained twin, the effect of {head} is {figure(both[1])} and the largest {figure(most)}. In this "
        f"model, {above:,} of {len(table):,} heads change more than that."
    )


def joint_finding(table: pd.DataFrame) -> str:
    """One sentence that compares the joint effect with the sum of the single effects; empty if nothing was measured."""
    _, alone, together = values_of(table)
    which = interplay(table)
    if which == "none":
        known = not np.isnan([*alone, together]).any()
        many = counted(len(alone), "heads")
        return f"Ablating these {many} changes almost nothing, together or alone." if known else ""
    unit = f" {UNITS['loss_change']}" if "loss_change" in table else ""
    total = signed(table, alone.sum())
    comparison = (COMPARISONS | BELOW_ZERO if alone.sum() < 0 else COMPARISONS)[which]
    return f"Together {signed(table, together)}{unit}, {comparison} the sum of the single effects, {total}."


def joint_remark(table: pd.DataFrame) -> str:
    """What the comparison may mean, and its limits; empty if nothing changes."""
    name, which = "shift" if "shift" in table else "loss_change", interplay(table)
    if which == "none":
        return ""
    if which == "one":
        return "One head alone accounts for nearly all of it, so this says little about how they interact."
    if which in ("mixed", "other"):
        return "Here the single effects say little about how the heads interact."
    return (
        f"This is typical of heads that {MEANINGS[name][which]}. There can be other reasons: {ADD_UP[name]} need not "
        "add up, and other texts may differ."
    )


def at_word_finding(found: AblationAtWord) -> str:
    """``Without L2H9, SmolLM2 gives “are” 11 % instead of 24 %, and “is” 19 % instead of 10 %.``"""
    word, rival = found.row("word"), found.row("rival")
    first, second = (
        f"“{name}” {percent(row.p_ablated)} instead of {percent(row.p)}"
        for name, row in ((found.word, word), (rival_name(found), rival))
    )
    return f"Without {found.named}, {found.model} gives {first}, and {second}."


def at_word_remarks(found: AblationAtWord) -> list[str]:
    """The difference between word and rival, their ranks, and how the prediction is read."""
    word, rival = found.row("word"), found.row("rival")
    with_heads, without = found.difference
    names = f"p({found.word}) − p({rival_name(found)})"
    ranks = "; ".join(
        f"“{name}” {row['rank']:,} → {row['rank_ablated']:,}"
        for name, row in ((found.word, word), (rival_name(found), rival))
    )
    before = "the words before it" if found.causal else "the other tokens, with its own masked"
    read = f"Predicted from {before}."
    if found.tokens > 1:
        read += f" “{found.word}” has {found.tokens} tokens; the first, “{word['token']}”, is predicted."
    return [
        f"{names}: {points(with_heads)} → {points(without)}. Rank among {found.vocabulary:,} tokens: {ranks}.",
        read,
    ]


def rival_name(found: AblationAtWord) -> str:
    """The rival as it was given, or else its token."""
    return found.rival or str(found.row("rival")["token"])


def points(difference: float) -> str:
    """A difference of two probabilities in percentage points: 0.137 → "+14 points", −0.004 → "−0.4 points"."""
    value = 100 * difference
    shown = f"{value:+.0f}" if abs(value) >= 9.95 else f"{value:+.2g}" if abs(value) >= 0.05 else "0"
    return f"{shown.replace('-', '−')} points"


def _row_name(row: pd.Series) -> str:
    """``L2H9``, ``L2H9 and L5H1 together``."""
    if "heads" not in row:
        return str(head_of(row))
    names = row.heads.split(",")
    return heads_together(names)


COMPARISONS: dict[Interplay, str] = {
    "more": "more than",
    "less": "less than",
    "sum": "about",
    "one": "about",
    "other": "on the other side of 0 from",
    "mixed": "compared with",
}


# where the sum of the single effects is below 0
BELOW_ZERO: dict[Interplay, str] = {"more": "further below 0 than", "less": "less far below 0 than"}


MEANINGS: dict[str, dict[Interplay, str]] = {
    "loss_change": {
        "more": "can replace each other: when one is ablated, another still does its work",
        "less": "depend on each other: when one is ablated, ablating the next changes less",
        "sum": "each do work of their own",
    },
    "shift": {
        "more": "turn the vectors the same way, or can replace each other",
        "less": "turn the vectors in opposite ways, or depend on each other",
        "sum": "each turn the vectors in their own way",
    },
}


ADD_UP = {"loss_change": "losses", "shift": "angles"}
