"""Sentences about what decided a prediction."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.attribution.agreement import FEWEST, least_p, others
from dashboard.analyses.attribution.api import Attributed, By
from dashboard.heads.chance_words import explained, own, too_few, verdict
from dashboard.heads.format import counted, figure, percent, signed_figure
from dashboard.heads.head_id import HeadId, head_of, is_of

NAMES: dict[By, str] = {"integrated": "integrated gradients", "gradient": "gradient × input"}
ROUGH = 0.1  # of the rise, from which on the errors along the path are much
WHY = (
    "Attention and attribution may differ: attention is one head’s mixing in one layer, an attribution counts every "
    "path through the model."
)


def answer_said(found: Attributed) -> str:
    """``“are”``, ``“are” over “is”``."""
    return f"“{found.answer.label}”" + (f" over “{found.rival.label}”" if found.rival else "")


def prediction_said(found: Attributed) -> str:
    """What the model predicts, with its probability."""
    what = {"next": "the next token", "masked": "the masked token", "class": "the class"}[found.kind]

    def chance(one) -> str:
        return "" if np.isnan(one.p) else f" {percent(one.p)}"

    rival = "" if found.rival is None else f", “{found.rival.label}”{chance(found.rival)}"
    if np.isnan(found.answer.p):
        return f"{found.model} gives “{found.answer.label}” the score {figure(found.value)}."
    return f"{found.model} gives “{found.answer.label}”{chance(found.answer)} as {what}{rival}."


def attribution_finding(found: Attributed, by: By = "integrated") -> str:
    """One sentence on the word that adds most to the answer, with what an even share would be."""
    adds = found.of_words(by)[found.own]
    place = int(np.abs(adds).argmax())
    label = found.axis.labels[found.own[place]]
    if not adds[place]:
        return f"No word of this text adds anything to {answer_said(found)} in {found.model}."
    way = "for" if adds[place] > 0 else "against"
    many = counted(len(adds), "words")
    return (
        f"“{label}” decides most {way} {answer_said(found)} in {found.model}: {signed_figure(adds[place])} logits by "
        f"{NAMES[by]} ({many} together {signed_figure(float(adds.sum()))}; one text)."
    )


def attribution_remarks(found: Attributed) -> list[str]:
    """What is predicted, what the figures sum to, and the error of the integral."""
    what = "its logit minus that of its rival" if found.rival else "its logit minus the mean logit"
    if np.isnan(found.answer.p):
        what = "its score"
    rise = found.value - found.at_baseline
    return [
        f"{prediction_said(found)} What is attributed: {what}, {signed_figure(found.value)}.",
        f"Baseline: every word has the vocabulary’s mean vector, special tokens stay. At the baseline, that figure is "
        f"{signed_figure(found.at_baseline)}.",
        error_said(found, rise),
        "" if np.isnan(found.between) else f"Rank agreement of the two attributions: ρ = {_rho(found.between)}.",
    ]


def error_said(found: Attributed, rise: float) -> str:
    """How far the integrated gradients are from what they should sum to."""
    total = float(found.table["integrated"].sum())
    if not rise:
        return f"The baseline has the same figure, so integrated gradients sum to {signed_figure(total)}, not to 0."
    error, along = (percent(one / abs(rise)) for one in (abs(found.error), found.along))
    said = (
        f"Integrated gradients sum to {signed_figure(total)}. They should sum to {signed_figure(rise)}, the rise from "
        f"baseline to text: an error of {error}. Without cancelling out, the errors along the path add up to {along} "
        f"({counted(found.points, 'points')})."
    )
    return f"{said} That is much: small differences mean little." if found.along > ROUGH * abs(rise) else said


def heads_finding(found: Attributed, by: By = "integrated", head: HeadId | None = None) -> str:
    """One sentence on a head (None: the one that agrees most) and the attribution, with word order’s own agreement."""
    words = len(found.own)
    if words < FEWEST:
        return f"The text has {counted(words, 'words')}, and ranking them takes {FEWEST}. Use a longer text."
    table = found.ranked(by)
    known = table.dropna(subset=["score"])
    if not len(known):
        return "Nothing can be ranked: the attribution, or every head’s attention, is the same on all words."
    row = known.iloc[0] if head is None else table[is_of(table, head)].iloc[0]
    name, q = head_of(row), float(row["q"])
    if np.isnan(row["score"]):
        return f"{name} attends to all words evenly, so it has no order to compare."
    order = "" if np.isnan(row["baseline"]) else f"; ranking them by nearness alone gives {_rho(row['baseline'])}"
    if head is None:
        said = f"Of {counted(len(known), 'heads')}, the attention of {name} agrees most with the {NAMES[by]}"
        return (
            f"{said}: ρ = {_rho(row['score'])} over {words} words{order}. {verdict(q, table['q'].to_numpy())}".strip()
        )
    said = f"The attention of {name} and the {NAMES[by]} have ρ = {_rho(row['score'])} over {words} words{order}."
    return f"{said} {own(q)}".strip()


def heads_remarks(found: Attributed) -> list[str]:
    """What agreement and q are, and what so few words cannot show."""
    words, heads = len(found.own), len(found.heads)
    if words < FEWEST:
        return []
    few = too_few(others(words), least_p(words), heads, what="orders of these words", do="Use a longer text.")
    return [
        line
        for line in (few, explained("random orders of the words’ attribution", heads), "One text has no interval.")
        if line
    ]


def head_remark(found: Attributed, head: HeadId) -> str:
    """What the head gives to special tokens, which are not ranked."""
    share = float(found.heads[is_of(found.heads, head)].iloc[0]["special"])
    where = "the predicting token" if len(found.places) == 1 else f"the {len(found.places)} predicting tokens"
    return f"Attention from {where}; {percent(share)} of it goes to special tokens, which are left out of ρ."


def _rho(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")
