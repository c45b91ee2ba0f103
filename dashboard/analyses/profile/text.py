"""Sentences about a profile and its heads, with their numbers; and the choice of the two most opposite heads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.analyses.profile.dependency_cases import ALL
from dashboard.analyses.profile.roles import SINK, role_label
from dashboard.analyses.profile.tables import Profile
from dashboard.heads.bootstrap import FEWEST
from dashboard.heads.chance import LEVEL
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import HeadId, head_of, heads_of
from dashboard.heads.untrained import UNTRAINED
from dashboard.heads.view import HeadView

ROLES = ("syntax", "context", "position", "undecided", "flat")
CAUTION = (
    "A role says what the attention of this head goes with, not what the model uses it for: attention "
    "is not explanation. To test that, ablate the head and see what changes."
)


def corpus_of(about: dict) -> str:
    """``24,376 query words of 2,001 sentences, UD English EWT, dev``."""
    name = (about.get("source") or {}).get("name") or about["file"]
    return f"{about['queries']:,} query words of {about['sentences']['used']:,} sentences, {name}"


def census(heads: pd.DataFrame) -> str:
    """The number of heads with each role: the finding of the scatter chart."""
    count = heads["role"].value_counts()
    parts = [f"{count[role]} {role}" for role in ROLES if count.get(role)]
    on_sink = int((heads["active"] < SINK).sum())
    rest = f" {on_sink} of them are attention sinks: less than {percent(SINK)} of their attention goes to other words."
    if not parts:
        return f"No role could be measured for the {len(heads)} heads: this corpus has too few sentences."
    return f"Of {len(heads)} heads: {', '.join(parts)}.{rest if on_sink else ''}"


def head_finding(row: dict, about: dict) -> str:
    """The role of one head with its numbers, interval and sample size. row: a row of `Profile.heads`."""
    head = head_of(row)
    if not row["role"]:
        return f"{head} has no figures: this corpus has too few sentences."
    names = {"position": "position explains", "syntax": "only the parse", "context": "only meaning"}
    parts = [f"{name} {_figure(row, figure)}" for figure, name in names.items()]
    return (
        f"{head}: {role_label(row['role'], float(row['active']))}. Of {row['bits_total']:.2f} bits per query word, "
        f"{', '.join(parts)}. {corpus_of(about)}."
    )


def twin_remark(row: dict) -> str:
    """The bits of the same head of the untrained twin; "" where they are not known. row: as in `head_finding`"""
    names = {"total": "", "position": "position explains ", "syntax": "only the parse ", "context": "only meaning "}
    known = {name: float(row.get(f"{UNTRAINED}bits_{name}", np.nan)) for name in names}
    if not np.isfinite(list(known.values())).all():
        return ""
    said = [f"{names[name]}{value:z.3f}".replace("-", "−") for name, value in known.items() if name != "total"]
    return f"In the untrained twin, of {known['total']:.2f} bits, {', '.join(said)}."


def opposites(heads: pd.DataFrame) -> tuple[HeadId, HeadId] | None:
    """The most syntactic head and the most contextual one, if possible heads that are not on an attention sink.

    Each is the head with the most bits among those with the role; where none has the role, among all.
    None where there are no figures, or the model has a single head.
    """
    known = heads.dropna(subset=["bits_syntax", "bits_context"])
    if len(known) < 2:
        return None
    found: list[HeadId] = []
    for role in ("syntax", "context"):
        free = known[[head not in found for head in heads_of(known)]]
        for choice in (free[(free["role"] == role) & (free["active"] >= SINK)], free[free["role"] == role], free):
            if len(choice):
                found.append(head_of(choice.iloc[int(np.argmax(choice[f"bits_{role}"].to_numpy()))]))
                break
    return found[0], found[1]


def along_parse(view: HeadView, links: Sequence[tuple[int, int, str]]) -> str:
    """The share of a head's attention on one text that follows the parse, in a sentence.

    view: over words; links: of the parse, (word, its head, its relation). The share is the mean, over linked words, of
    their attention to the words they are linked with. Its baseline is an even spread over the words that each may see,
    in a causal model only the earlier ones.
    """
    linked: dict[int, set[int]] = {}
    for a, b, _ in links:
        linked.setdefault(a, set()).add(b)
        linked.setdefault(b, set()).add(a)
    if not linked:
        return f"{view.head}: the parse links no words in this text."
    seen = view.allowed
    share = np.mean([view.weights[i, list(others)].sum() for i, others in linked.items()])
    even = np.mean([seen[i, list(others)].sum() / max(seen[i].sum(), 1) for i, others in linked.items()])
    return (
        f"{view.head} gives {percent(float(share))} of its attention to words that the parse links to the query (an "
        f"even spread would give {percent(float(even))}; mean over {len(linked)} words of this text)."
    )


def _figure(row: dict, figure: str) -> str:
    low, high = row[f"bits_{figure}_low"], row[f"bits_{figure}_high"]
    return f"{row[f'bits_{figure}']:z.3f} ({low:z.3f} to {high:z.3f})".replace("-", "−")


def same_roles(table: pd.DataFrame) -> str:
    """How many heads keep their role on another corpus. table: of `compare_profiles`."""
    known = table[(table["role_a"] != "") & (table["role_b"] != "")]
    if known.empty:
        return "No head has a role on both corpora: one of them has too few sentences."
    same = int((known["role_a"] == known["role_b"]).sum())
    chance = sum(
        float((known["role_a"] == role).mean() * (known["role_b"] == role).mean()) for role in known["role_a"].unique()
    )
    return (
        f"{same} of {len(known)} heads have the same role on both corpora; random roles would agree on "
        f"{chance * len(known):.0f}."
    )


def relations_chance(profile: Profile) -> str:
    """How many of the best heads of the ranked relations are beyond chance, in sentences; or that there is no q."""
    best, listed = profile.best[profile.best["ranked"] & (profile.best["relation"] != ALL)], profile.dependencies["q"]
    if not listed.notna().any():
        return "This profile was made before q was measured. Make it again to see q."
    beyond = int((best["q"] <= LEVEL).sum())
    return (
        f"The best head beats chance for {beyond} of {counted(len(best), 'relations')} with {FEWEST} cases or more. "
        "q: how likely luck alone beats the best distance by as much, corrected for "
        f"{listed.notna().sum():,} rows: heads, directions and relations. Luck: the sign of each "
        "sentence’s difference is drawn at random."
    )
