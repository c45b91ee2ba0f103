"""Sentences about luck."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.chance.random_heads import PLACES, PLANTED
from dashboard.heads.chance import LEVEL
from dashboard.heads.chance_words import MORE_PAIRS, equals, q_said, too_few
from dashboard.heads.format import capital, counted, percent
from dashboard.heads.luck import Luck

ALONE = "p is for one head alone: the share of draws in which random pairs get as much from it."
CORRECTED = f"q corrects for the length of the list (Benjamini–Hochberg). Filled dots: q ≤ {LEVEL}."


def luck_finding(found: Luck) -> str:
    """The best head with what luck gives the best, and its p alone next to its q over all heads."""
    if not found.sets:
        return "No other words of this text stand at these distances, so there are no random pairs to compare with."
    if not len(found.table):
        return "No head gives other words any attention from your query words, so there is no list."
    best, heads = found.table.iloc[0], len(found.table)
    of = f"The best of {counted(heads, 'heads')}, {best['name']}," if heads > 1 else f"{capital(best['name'])}"
    says = f"{of} gives the marked pairs {_points(best['beyond'])} more than random pairs get."
    if not found.told_apart:
        return (
            f"{says} These distances allow only {counted(found.sets, 'other choices')}, so no p can be under "
            f"{q_said(found.least_p)}. Luck cannot be ruled out."
        )
    says += (
        f" By luck alone, {'the best' if heads > 1 else 'it'} stays under {_points(found.limit)} in 95\u00a0% of lists."
    )
    alone = f"{equals(best['p'], 'p')} alone, {equals(best['q'])} over all heads" if heads > 1 else equals(best["q"])
    return f"{says} Luck {'hardly explains' if best['q'] <= LEVEL else 'can explain'} it: {alone}."


def _points(share: float) -> str:
    return percent(share).replace("\u00a0%", "\u00a0points")


def beyond(found: Luck) -> int:
    """How many heads are beyond chance."""
    return int((found.table["q"] <= LEVEL).sum())


def luck_remarks(found: Luck) -> list[str]:
    """How to read the picture, and what the marks cannot show."""
    small = int((found.table["p"] <= LEVEL).sum())
    heads, what, do = len(found.table), "choices of pairs at these distances", MORE_PAIRS
    lines = [
        f"Grey band: where 95\u00a0% of the lists with random pairs lie, place by place. {ALONE} {CORRECTED}",
        f"{counted(small, 'heads')} of {heads:,} {'has' if small == 1 else 'have'} p ≤ {LEVEL}, where luck alone gives "
        f"about {LEVEL * heads:.0f}. {beyond(found):,} {'has' if beyond(found) == 1 else 'have'} q ≤ {LEVEL}.",
        too_few(found.sets, found.least_p, heads, what=what, do=do) if found.told_apart else do,
    ]
    return [line for line in lines if line]


def of_random(found: Luck) -> str:
    """What was drawn, in sentences."""
    planted = found.origin["planted"]
    rest = (
        f"{capital(PLANTED)} gives each marked pair {percent(planted)} on top of a random share."
        if planted
        else "So there is nothing to find."
    )
    return (
        f"These heads are random numbers: each head gives a random share of its attention to each of {PLACES} pairs. "
        f"{found.pairs} of the pairs are marked at random. {rest}"
    )


def place_of_planted(found: Luck) -> str:
    """Where the planted head stands; empty without one."""
    at = np.flatnonzero(found.table["name"] == PLANTED)
    if not len(at):
        return ""
    row = found.table.iloc[at[0]]
    return f"{capital(PLANTED)} is number {row['place']:,} of {len(found.table):,}, {equals(row['q'])}."
