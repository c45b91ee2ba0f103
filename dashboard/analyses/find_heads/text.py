"""Sentences about the results of a head search."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.find_heads.by_example import Examples, looks_ahead
from dashboard.analyses.find_heads.by_pattern import Matches
from dashboard.heads.bootstrap import FEWEST
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import HeadId, head_of


def match_finding(found: Matches, head: HeadId | None = None) -> str:
    """One sentence on the best head (held out), or on a given one, with its baseline and interval."""
    over = f"{counted(found.pairs, 'pairs')} in {counted(found.sentences, 'sentences')}"
    if head is None and found.best is not None:
        best = found.best
        one, other = best.chosen
        who = f"{one}" if one == other else f"{one} and {other}, chosen on one half each,"
        gives = "gives" if one == other else "give"
        return (
            f"{who} {gives} {found.pattern} {percent(best.score)}, against {percent(best.baseline)} for what stands "
            f"just as far away: {_points(best.lift)} more ({_points(best.low)} to {_points(best.high)}), held out, "
            f"over {over}."
        )
    row = found.table.iloc[0] if head is None else found.row(head)
    name = head_of(row)
    return (
        f"{name} gives {found.pattern} {percent(row['score'])}, against {percent(row['baseline'])} for what stands "
        f"just as far away: {_points(row['lift'])} more ({_points(row['low'])} to {_points(row['high'])}), over {over}."
    )


def _points(share: float) -> str:
    """A difference of shares: 0.123 → "12 points", -0.004 → "−0.4 points"."""
    return percent(share).replace("\u00a0%", "") + "\u00a0points"


def match_remarks(found: Matches) -> list[str]:
    """Remarks on what was read, what was left out, and how reliable the figures are."""
    stopped = "the whole corpus" if found.whole else "stopped there"
    lines = [f"{counted(found.read, 'sentences')} of {found.corpus} read ({stopped})."]
    reasons = (
        (found.invisible, "look ahead, which this model cannot"),
        (found.alone, "have no other two words as far apart in their sentence"),
    )
    lines[0] += "".join(f" {counted(count, 'pairs')} left out: they {why}." for count, why in reasons if count)
    if found.left_out:
        lines[0] += f" {counted(found.left_out, 'sentences')} left out: this model cannot read them."
    if found.pairs < FEWEST:
        lines.append(f"Fewer than {FEWEST} pairs: too few to rank heads by.")
    lines.append(
        "Held out: the head is chosen on the even sentences and judged on the odd, and the reverse; the mean of the "
        "two. 95\u00a0% intervals: bootstrap over the sentences. The table is over all of them, so its first row "
        "flatters. Attention is not explanation."
    )
    return lines


def example_finding(found: Examples, head: HeadId | None = None) -> str:
    """One sentence on a head along the pairs (None: on the best head), with its baseline."""
    row = found.table.iloc[0] if head is None else found.row(head)
    name = head_of(row)
    what = found.named(found.pairs[0]) if len(found.pairs) == 1 else f"the {len(found.pairs)} marked pairs"
    rank = f"rank {row['rank']:.3g} in its row" + (", on average" if len(found.pairs) > 1 else "")
    if not row["n"]:
        return f"{name} gives other words nothing from where you marked, so it has no share along {what}."
    if np.isnan(row["lift"]):
        most = f"Of {counted(len(found.table), 'heads')} {name} gives {what} the most:"
        return (
            f"{most if head is None else f'{name} gives {what}'} {percent(row['score'])} ({rank}). No other two words "
            "stand so far apart here, so there is nothing to hold it against."
        )
    against = f"{percent(row['score'])} against {percent(row['baseline'])} ({rank})"
    if head is not None:
        return f"{name} gives {what} {against}; the second figure is what this distance gets elsewhere."
    if row["lift"] <= 0:
        return f"No head gives {what} more than what this distance gets elsewhere; the nearest is {name}: {against}."
    return (
        f"Of {counted(len(found.table), 'heads')} {name} gives {what} the most beyond what this distance gets "
        f"elsewhere: {against}."
    )


def remarks(found: Examples) -> list[str]:
    """Remarks to show with the finding."""
    lines = ["One text: no interval. On another text the same head may look elsewhere; attention is not explanation."]
    if found.masked:
        lines.insert(0, f"Left out: {looks_ahead(found.words, found.masked, found.model)}")
    return lines
