"""Sentences about cross attention as a word aligner."""

from __future__ import annotations

from dashboard.analyses.find_heads.aligner import Aligners
from dashboard.heads.chance_words import explained, own, too_few, verdict
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import HeadId, head_of


def finding(found: Aligners, head: HeadId | None = None) -> str:
    """A sentence on a head's alignment error (None: on the best head's), with the diagonal's and the words; and one on
    chance."""
    row = found.table.iloc[0] if head is None else found.row(head)
    chance = own(row["q"]) if head is not None else verdict(row["q"], found.table["q"].to_numpy())
    return f"{_error(found, head)} {chance}".rstrip()


def _error(found: Aligners, head: HeadId | None) -> str:
    row = found.table.iloc[0] if head is None else found.row(head)
    name, words = head_of(row), counted(len(found.aligned), "words")
    against = f"{percent(found.diagonal)} for linking by position"
    if head is not None:
        right = f"{int(row['right'])} of its {counted(int(row['links']), 'links')} right"
        return f"{name} has an alignment error of {percent(row['aer'])} ({right}), against {against}, over {words}."
    if row["aer"] >= found.diagonal:
        return (
            f"No head aligns the words better than their position does. {name} comes closest: an alignment error of "
            f"{percent(row['aer'])}, against {against}, over {words}."
        )
    return (
        f"Of {counted(len(found.table), 'heads')}, {name} aligns the words best: an alignment error of "
        f"{percent(row['aer'])}, against {against}, over {words}."
    )


def remarks(found: Aligners) -> list[str]:
    """Remarks to show with the finding."""
    lines = [
        "Each marked word of the target is linked to its most attended source word. Alignment error: 0\u00a0% if these "
        "are your pairs, 100\u00a0% if none is (Och & Ney 2003).",
        f"The best of {counted(len(found.table), 'heads')} is chosen and scored on the same words, so its error is "
        "too small. Mark another sentence to check it.",
    ]
    if found.least > 0:
        lines.append(
            f"Some words have several marks, and each gets one link: no head can do better than {percent(found.least)}."
        )
    return lines


def chance_remarks(found: Aligners) -> list[str]:
    """Remarks to show with the list: what q is, and what these pairs cannot show."""
    heads, what = len(found.table), "choices of links at these distances"
    few = too_few(found.sets, found.least_p, heads, what=what, do="Mark more pairs, or take longer texts.")
    return [line for line in (few, explained("random links at the same distances", heads)) if line]
