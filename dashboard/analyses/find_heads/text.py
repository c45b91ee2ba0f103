"""Sentences about the results of a head search."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.find_heads.by_example import Examples, looks_ahead
from dashboard.analyses.find_heads.by_pattern import Matches
from dashboard.heads.bootstrap import FEWEST
from dashboard.heads.chance_words import MORE_PAIRS, explained, own, too_few, verdict
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import HeadId, head_of


def match_finding(found: Matches, head: HeadId | None = None) -> str:
    """A sentence on the best head (held out), or on a given one, with its baseline and interval; and one on chance."""
    if head is not None:
        chance = own(found.row(head)["q"])
    else:
        chosen = [found.table.iloc[0]] if found.best is None else [found.row(one) for one in found.best.chosen]
        worst = float(np.max([one["q"] for one in chosen]))  # of two heads, the less sure one's
        chance = verdict(worst, found.table["q"].to_numpy())
    return f"{_over_corpus(found, head)} {chance}".rstrip()


def _over_corpus(found: Matches, head: HeadId | None) -> str:
    over = f"{counted(found.pairs, 'pairs')} in {counted(found.sentences, 'sentences')}"
    if head is None and found.best is not None:
        best = found.best
        one, other = best.chosen
        who = f"{one}" if one == other else f"{one} and {other}, chosen on one half each,"
        gives = "gives" if one == other else "give"
        return (
            f"{who} {gives} {found.pattern} {percent(best.score)}, against {percent(best.baseline)} at the same "
            f"distance elsewhere: {_points(best.lift)} more ({_points(best.low)} to {_points(best.high)}), held out, "
            f"over {over}."
        )
    row = found.table.iloc[0] if head is None else found.row(head)
    name = head_of(row)
    return (
        f"{name} gives {found.pattern} {percent(row['score'])}, against {percent(row['baseline'])} at the same "
        f"distance elsewhere: {_points(row['lift'])} more ({_points(row['low'])} to {_points(row['high'])}), over "
        f"{over}."
    )


def _points(share: float) -> str:
    """A difference of shares: 0.123 → "12 points", -0.004 → "−0.4 points"."""
    return percent(share).replace("\u00a0%", "") + "\u00a0points"


def match_remarks(found: Matches) -> list[str]:
    """Remarks on what was read, what was left out, and how reliable the figures are."""
    stopped = "the whole corpus" if found.whole else "stopped there"
    lines = [f"{counted(found.read, 'sentences')} of {found.corpus} read ({stopped})."]
    reasons = (
        (found.invisible, "look ahead, and this model is causal"),
        (found.alone, "have no other pair at this distance in their sentence"),
    )
    lines[0] += "".join(f" {counted(count, 'pairs')} left out: they {why}." for count, why in reasons if count)
    if found.left_out:
        lines[0] += f" {counted(found.left_out, 'sentences')} left out: this model cannot read them."
    lines.append(explained("random pairs at the same distances in the same sentences", len(found.table)))
    if found.pairs < FEWEST:
        lines.append(f"Fewer than {FEWEST} pairs: too few to rank heads by.")
    lines.append(
        "Held out: the head is chosen on the even sentences and scored on the odd ones, then the reverse; the figure "
        "is the mean. 95\u00a0% intervals: bootstrap over sentences. The table uses all sentences, so its first row "
        "is too optimistic. Attention is not explanation."
    )
    return lines


def example_finding(found: Examples, head: HeadId | None = None) -> str:
    """A sentence on a head along the pairs (None: on the best head), with its baseline; and one on chance."""
    row = found.table.iloc[0] if head is None else found.row(head)
    chance = own(row["q"]) if head is not None else verdict(row["q"], found.table["q"].to_numpy())
    return f"{_along_pairs(found, head)} {chance}".rstrip()


def _along_pairs(found: Examples, head: HeadId | None) -> str:
    row = found.table.iloc[0] if head is None else found.row(head)
    name = head_of(row)
    what = found.named(found.pairs[0]) if len(found.pairs) == 1 else f"the {len(found.pairs)} marked pairs"
    rank = f"rank {row['rank']:.3g} in the query’s row" + (", on average" if len(found.pairs) > 1 else "")
    if not row["n"]:
        return f"{name} gives other words no attention from your query, so it has no share along {what}."
    if np.isnan(row["lift"]):
        most = f"Of {counted(len(found.table), 'heads')}, {name} gives {what} the most:"
        return (
            f"{most if head is None else f'{name} gives {what}'} {percent(row['score'])} ({rank}). No other pair in "
            "this text has this distance, so there is no baseline."
        )
    against = f"{percent(row['score'])}, against {percent(row['baseline'])} at the same distance elsewhere ({rank})"
    if head is not None:
        return f"{name} gives {what} {against}."
    if row["lift"] <= 0:
        return f"No head gives {what} more than the same distance gets elsewhere. {name} comes closest: {against}."
    return f"Of {counted(len(found.table), 'heads')}, {name} prefers {what} most: {against}."


def remarks(found: Examples) -> list[str]:
    """Remarks to show with the finding."""
    lines = ["One text has no interval. On another text, the head may look elsewhere. Attention is not explanation."]
    if found.masked:
        lines.insert(0, f"Left out: {looks_ahead(found.words, found.masked, found.model)}")
    return lines


def chance_remarks(found: Examples) -> list[str]:
    """Remarks to show with the list: what q is, and what these pairs cannot show."""
    heads, what = len(found.table), "choices of pairs at these distances"
    few = too_few(found.sets, found.least_p, heads, what=what, do=MORE_PAIRS)
    shared = len({key for _, key in found.pairs}) < len(found.pairs)
    drawn = "random pairs at the same distances" + (", those with one key moved together" if shared else "")
    return [line for line in (few, explained(drawn, heads)) if line]
