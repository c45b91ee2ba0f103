"""What to call a head: by what its profile is sure of, and the evidence for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd

from dashboard.analyses.profile.dependency_cases import ALL
from dashboard.analyses.profile.relation_words import in_words, looked_at
from dashboard.analyses.profile.roles import SINK
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.text import corpus_of
from dashboard.analyses.scores.induction import LENGTH
from dashboard.heads.bootstrap import FEWEST
from dashboard.heads.chance_words import marked
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId, columns_of, head_of, heads_of

Kind = Literal["relation", "induction", "sink", "position", "context", "syntax", "flat", "unnamed"]

LEAST_LIFT = 0.1  # a share: what a head must find beyond the best fixed distance
CHANCE = 0.05  # of one wrong relation among all heads, relations and directions of a profile
ALWAYS = 0.9  # how often, as a share, a head finds the word that stands next, of where that is the one to find
LEAST_INDUCTION = 0.4  # a share of attention, where an even spread over the first 50 tokens gives 0.02
LEAST_PART = 0.1  # a share of all bits: what a role must explain to name a head
_HALF = NormalDist().inv_cdf(0.975)  # half a 95 % interval, in standard errors


@dataclass(frozen=True)
class HeadName:
    """A head's name.

    Attributes
    ----------
    text: like "verb of the object", "attention sink", "context"; "unnamed" where nothing is sure
    kind: what it is named by
    figures: the evidence, one sentence
    corpus: over which corpus that was measured, and how large it is
    q: of a relation, how likely it is by luck, corrected for the whole table (METRICS §10); NaN where there is none
    """

    text: str
    kind: Kind
    figures: str
    corpus: str = ""
    q: float = np.nan

    @property
    def evidence(self) -> str:
        """The figures with their sample and corpus."""
        return f"{self.figures} {self.corpus}.".removesuffix(" .")

    @property
    def role(self) -> Literal["syntax", "context", "position"]:
        """Whose colour it has, of the three meanings: a relation is syntax, whatever is neither is position."""
        if self.kind == "context":
            return "context"
        return "syntax" if self.kind in ("relation", "syntax") else "position"


def head_names(profile: Profile, induction: Mapping[HeadId, float] = MappingProxyType({})) -> dict[HeadId, HeadName]:
    """Every head's name. induction: of the same model's heads, as `induction_scores` gives it. The first that fits:

    1. a relation, that with the largest lift of those with at least 30 cases, a lift of at least 0.1, and (accuracy −
       baseline) / standard error beyond the normal quantile of 0.05 / (heads × relations × directions), after
       Bonferroni; the standard error is that of the 95 % bootstrap interval
    2. an induction score of at least 0.4: induction
    3. less than 40 % of its attention goes to other words: attention sink
    4. its role: flat ("even spread"), position, or context or syntax where that explains a tenth of all bits. A
       position is "previous word" or "next word" where the head finds, of the relations whose best fixed distance is
       one word, at least 0.9 of what that distance finds
    """
    relations, steps = _sure_relations(profile.dependencies), _steps(profile.dependencies)
    corpus = corpus_of(profile.about)
    return {
        head: _name(row, relations.get(head), induction.get(head, 0.0), steps.get(head, "position"), corpus)
        for head, row in zip(heads_of(profile.heads), profile.heads.to_dict("records"), strict=True)
    }


def clearest(profile: Profile) -> HeadId | None:
    """The head that is surest to link a relation: with the largest lift of those that `head_names` names by one. None
    where no head is."""
    sure = _sure_relations(profile.dependencies)
    return max(sure, key=lambda head: sure[head]["lift"], default=None)


def _sure_relations(table: pd.DataFrame) -> dict[HeadId, dict]:
    """Of each head the row of its most lifted relation, of the rows that are sure."""
    tried = table[(table["relation"] != ALL) & (table["n"] >= FEWEST)]
    if tried.empty:
        return {}
    needed = NormalDist().inv_cdf(1 - CHANCE / len(tried))
    error = (tried["accuracy"] - tried["low"]) / _HALF
    sure = tried[(tried["lift"] >= LEAST_LIFT) & (tried["lift"] > needed * error)]
    best = sure.sort_values("lift", ascending=False, kind="stable").drop_duplicates(columns_of(sure))
    return {head_of(row): row for row in best.to_dict("records")}


def _steps(table: pd.DataFrame) -> dict[HeadId, str]:
    """The heads that look one word back or ahead. Where a dependent stands just before its head, the one finds the
    other by that step alone."""
    near = table[(table["relation"] != ALL) & (table["offset"] == 1)]
    whose, found = columns_of(near), {}
    for direction, name in (("head->dependent", "previous word"), ("dependent->head", "next word")):
        rows = near[near["direction"] == direction].assign(by_step=lambda rows: rows["n"] * rows["baseline"])
        sums = rows.groupby(whose, as_index=False)[["correct", "by_step"]].sum()
        sure = sums[(sums["by_step"] > 0) & (sums["correct"] >= ALWAYS * sums["by_step"])]
        found |= dict.fromkeys(heads_of(sure), name)
    return found


def _name(row: dict, relation: dict | None, induction: float, step: str, corpus: str) -> HeadName:
    if relation is not None:
        q = float(relation["q"])
        chance = f" ({marked(q)})" if marked(q) else ""
        return HeadName(
            looked_at(relation["relation"], relation["direction"]),
            "relation",
            f"Finds it for {percent(relation['accuracy'])} of {relation['n']:,} words with the relation "
            f"{in_words(relation['relation'])}, 95\u00a0% interval {percent(relation['low'])} to "
            f"{percent(relation['high'])}; "
            f"the best fixed distance finds {percent(relation['baseline'])}{chance}.",
            corpus,
            q,
        )
    if induction >= LEAST_INDUCTION:
        return HeadName(
            "induction",
            "induction",
            f"On {LENGTH} random tokens read twice, gives {percent(induction)} of its attention, the second time, to "
            "the token that came next the first time.",
        )
    active = float(row["active"])
    if active < SINK:
        return HeadName(
            "attention sink",
            "sink",
            f"Gives {percent(1 - active)} of its attention to special tokens and the word itself.",
            corpus,
        )
    role, total = row["role"], float(row["bits_total"])
    if role not in ("position", "context", "syntax", "flat") or np.isnan(total):
        return HeadName("unnamed", "unnamed", "Nothing about it is sure.", corpus)
    if role == "flat":
        figures = f"Only {total:.2f} bits a word distinguish it from an even spread."
        return HeadName("even spread", "flat", figures, corpus)
    bits = float(row[f"bits_{role}"])
    figures = f"{role.capitalize()} alone explains {bits:.2f} of {total:.2f} bits a word."
    if role == "position":
        return HeadName(step, role, figures, corpus)
    sure = bits >= LEAST_PART * total
    return HeadName(role if sure else "unnamed", role if sure else "unnamed", figures, corpus)
