"""The sentences of a card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from dashboard.analyses.profile.budget_chart import LABELS
from dashboard.analyses.profile.names import LEAST_INDUCTION, HeadName, Kind
from dashboard.analyses.profile.relation_words import in_words
from dashboard.analyses.profile.roles import SINK
from dashboard.capture import AttentionModel
from dashboard.heads.chance_words import own
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import HeadId, head_of
from dashboard.models.catalogue import CATALOGUE

NAMED = 24
"""Heads that a card lists by name."""

KINDS: dict[Kind, str] = {
    "relation": "follow a relation of the parse",
    "induction": "do induction",
    "sink": "are attention sinks",
    "position": "follow position",
    "context": "follow meaning",
    "syntax": "follow the parse, no single relation",
    "flat": "spread evenly",
    "unnamed": "have no sure name",
}

NO_LOSS = (
    "{title} has no language-model head in its files, so it has no loss, and effects in nats cannot be measured. The "
    "effect shown is the shift of its last vectors: 1 − cosine."
)


def facts(model: AttentionModel) -> str:
    """What the model is, a line for each fact."""
    network = model.loaded.model
    parameters = sum(one.numel() for one in network.parameters())
    kind = str(getattr(network.config, "model_type", ""))
    dtype = str(next(network.parameters()).dtype).removeprefix("torch.")
    sees = "causal: each token sees only earlier tokens" if model.causal else "each token sees the whole text"
    how = "inside the model’s own attention" if model.route == "tap" else "by the library’s eager attention"
    lines = [
        f"{model.name}, {model.revision}",
        f"Architecture {kind}: {model.size}, {parameters / 1e6:,.1f} million parameters; {sees}.",
        f"Texts of up to {model.limit:,} tokens. Weights as {dtype}; attention is read {how}.",
    ]
    if card := CATALOGUE.get(model.name):
        lines.append(f"{card.hub_id}, licence {card.licence}.")
    if model.parts:
        lines.append(
            "An encoder–decoder: this card is of its encoder’s heads. The decoder’s heads and those of cross attention "
            "read a target as well, and are not on it."
        )
    return "\n".join([*lines, *([model.note] if model.note else [])])


def maps_finding(model: AttentionModel, text: str) -> str:
    """What the maps of all heads are of."""
    return f"The attention maps of all {counted(len(model.all_heads), 'heads')} of {model.title} on the text “{text}”"


def sinks_finding(heads: pd.DataFrame) -> str:
    """How many heads are attention sinks, and the strongest one."""
    known = heads.dropna(subset=["active"])
    if known.empty:
        return "No head has figures: these sentences are too few."
    most = known.iloc[int(known["active"].to_numpy().argmin())]
    return (
        f"{int((known['active'] < SINK).sum())} of {counted(len(known), 'heads')} are attention sinks: they give less "
        f"than {percent(SINK)} of their attention to other words. Most of all {head_of(most)}, with "
        f"{percent(1 - float(most['active']))} on special tokens and the word itself."
    )


def induction_finding(scores: pd.DataFrame) -> str:
    """How many heads do induction, and the strongest one."""
    known = scores.dropna(subset=["induction"])
    if known.empty:
        return "No induction score: the model cannot read the 100 random tokens that it is measured on."
    most = known.iloc[int(known["induction"].to_numpy().argmax())]
    many = int((known["induction"] >= LEAST_INDUCTION).sum())
    return (
        f"{many} of {counted(len(known), 'heads')} have an induction score of {percent(LEAST_INDUCTION)} or more. "
        f"Highest: {head_of(most)}, {percent(float(most['induction']))} (an even spread over the first 50 tokens would "
        "give 2\u00a0%)."
    )


def relations_finding(best: pd.DataFrame) -> str:
    """The relation that a head finds furthest beyond the best fixed distance. best: of `draw.ranked_relations`"""
    first = best.iloc[0]
    return (
        f"{head_of(first)} finds the {in_words(first['relation'])} relation furthest beyond its baseline: "
        f"{percent(float(first['held_out_accuracy']))} of {int(first['n']):,} cases, held out; the best fixed distance "
        f"finds {percent(float(first['held_out_baseline']))}. {own(float(first['q']))}"
    ).rstrip()


def layers_finding(table: pd.DataFrame) -> str:
    """The largest channel over all layers, and where it is largest. table: of `draw.layer_budgets`"""
    channels = [name for name in table.columns if name != "layer"]
    means = table[channels].mean()
    if means.isna().all():
        return "No layer has figures: these sentences are too few."
    most = str(means.idxmax())
    peak = table.iloc[int(table[most].to_numpy().argmax())]
    return (
        f"Over all layers, {percent(float(means[most]))} of attention goes to {LABELS[most]}, most in layer "
        f"{int(peak['layer'])}: {percent(float(peak[most]))}."
    )


def named_heads(names: Mapping[HeadId, HeadName]) -> str:
    """How many heads of each kind there are, then the heads that do something one can name, each with its evidence."""
    count = Counter(name.kind for name in names.values())
    said = [f"{count[kind]} {what}" for kind, what in KINDS.items() if count[kind]]
    clear = {head: name for head, name in names.items() if name.kind in ("relation", "induction")}
    lines = [f"Of {counted(len(names), 'heads')}, {', '.join(said)}."]
    lines += [f"{head}: {name.text}. {name.figures}" for head, name in list(clear.items())[:NAMED]]
    if len(clear) > NAMED:
        lines.append(f"And {len(clear) - NAMED} more with a name.")
    return "\n".join(lines)


def has_loss(table: pd.DataFrame) -> bool:
    """Whether effects are measured in nats. table: of `HeadEffects`"""
    return "loss_change" in table and not np.isnan(table["loss_change"]).all()
