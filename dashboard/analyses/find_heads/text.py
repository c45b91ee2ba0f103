"""What is said of heads that were searched for by a pattern."""

from __future__ import annotations

from dashboard.analyses.find_heads.by_pattern import Matches
from dashboard.heads.bootstrap import FEWEST
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import HeadId, head_of


def match_finding(found: Matches, head: HeadId | None = None) -> str:
    """The best head held out, in one sentence with its baseline and interval; or a head that a person chose."""
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
    """What was read, what was left out, and how far the figures carry."""
    stopped = "the whole corpus" if found.whole else "stopped there"
    said = [f"{counted(found.read, 'sentences')} of {found.corpus} read ({stopped})."]
    reasons = (
        (found.invisible, "look ahead, which this model cannot"),
        (found.alone, "have no other two words as far apart in their sentence"),
    )
    said[0] += "".join(f" {counted(count, 'pairs')} left out: they {why}." for count, why in reasons if count)
    if found.left_out:
        said[0] += f" {counted(found.left_out, 'sentences')} left out: this model cannot read them."
    if found.pairs < FEWEST:
        said.append(f"Fewer than {FEWEST} pairs: too few to rank heads by.")
    said.append(
        "Held out: the head is chosen on the even sentences and judged on the odd, and the reverse; the mean of the "
        "two. 95\u00a0% intervals: bootstrap over the sentences. The table is over all of them, so its first row "
        "flatters. Attention is not explanation."
    )
    return said
