"""What the dashboard measures of a hand-written model: a row for each head, a column for each figure.

A column that begins with “names ” says whether the dashboard names the head so; “q ” counts the entries
of a list whose q-value is at most 0.05.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.analyses.ablation.api import ablate
from dashboard.analyses.find_heads.api import Pattern, find_heads, find_heads_in
from dashboard.analyses.find_heads.find_aligners import find_aligners
from dashboard.analyses.profile.dependency_cases import ALL, DIRECTIONS
from dashboard.analyses.profile.names import LEAST_INDUCTION, head_names
from dashboard.analyses.profile.roles import SINK
from dashboard.analyses.profile.run import profile
from dashboard.analyses.scores.api import scores
from dashboard.analyses.scores.scores import SCORES
from dashboard.builtin import known_truth
from dashboard.builtin.known_truth.made_language import DET, sentences, treebank
from dashboard.capture import AttentionModel, of_part, open_model
from dashboard.heads.bootstrap import FEWEST
from dashboard.heads.head_id import HeadId, heads_of

TEXTS, LENGTH, DIFFERENT = 3, 40, 20  # of a random text: tokens, and how many of them are different words
SENTENCES = 200
LEVEL = 0.05  # of q
STEPS = ("previous", "next")


def measured(kind: str, seed: int, strength: float, noise: float = 1.0) -> pd.DataFrame:
    """A model of that kind, written, opened and measured: columns kind, seed, strength, head, jobs and the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = known_truth.build(kind, seed, noise=noise, strength=strength)
        known_truth.write(folder / "model", kind, seed, noise=noise, strength=strength)
        model = open_model(str(folder / "model"))
        table = _MEASURES[kind](known, model, seed, folder)
    jobs = known.jobs
    table.insert(0, "head", list(table.index))
    table.insert(0, "jobs", [jobs[head] for head in table["head"]])
    return table.assign(kind=kind, seed=seed, strength=strength).reset_index(drop=True)


def _of_text(known: known_truth.Known, model: AttentionModel, seed: int, folder: Path) -> pd.DataFrame:
    """The scores of METRICS §1, the mean over random texts."""
    random = np.random.default_rng(seed)
    tables = []
    for _ in range(TEXTS):
        few = random.choice(known.plain, DIFFERENT, replace=False)
        tables.append(scores(model, " ".join(random.choice(few, LENGTH))))
    means = np.mean([one[list(SCORES)] for one in tables], axis=0)
    return pd.DataFrame(means, pd.Index(heads_of(tables[0]), tupleize_cols=False), list(SCORES))


def _of_circuit(known: known_truth.Known, model: AttentionModel, seed: int, folder: Path) -> pd.DataFrame:
    """The same, and the effect of each head's ablation on a text that is repeated."""
    table = _of_text(known, model, seed, folder)
    words = np.random.default_rng(seed).choice(known.plain, 20, replace=False)
    effect = ablate(model, " ".join([*words, *words])).table
    return table.join(_by_head(effect, "loss_change")).assign(
        **{"names induction": table["induction"] >= LEAST_INDUCTION}
    )


def _of_parse(known: known_truth.Known, model: AttentionModel, seed: int, folder: Path) -> pd.DataFrame:
    """The profile over random sentences of the made language, and heads found along the relations of a parse."""
    file = folder / "made.conllu"
    made = sentences(SENTENCES, seed)
    file.write_text(treebank(made), encoding="utf-8")
    found = profile(model, file, folder / "profile")
    heads = found.heads.set_index(pd.Index(heads_of(found.heads), tupleize_cols=False))
    table = pd.DataFrame(index=heads.index)
    relations = found.dependencies
    table["all"] = _by_head(relations[relations["relation"] == ALL], "lift")
    tried = relations[(relations["relation"] != ALL) & (relations["n"] >= FEWEST)]
    table["relation"] = _by_head(tried, "lift")
    _add_q(table, "relation", tried)
    table["position"] = heads["bits_position"] / heads["bits_total"].clip(lower=0.05)
    table["syntax"], table["context"] = heads["bits_syntax"], heads["bits_context"]
    table["lean"], table["lean to context"] = heads["lean"], -heads["lean"]
    table["flat"], table["sink"] = -heads["bits_total"], 1 - heads["active"]
    for role in ("position", "context", "syntax", "flat"):
        table[f"names {role}"] = heads["role"] == role
    table["names sink"] = heads["active"] < SINK
    names = head_names(found)
    table["names relation"] = [names[head].kind == "relation" for head in table.index]
    for name in STEPS:
        table[f"names {name}"] = [names[head].text == f"{name} word" for head in table.index]
    most = max(made, key=lambda one: len(one.words))
    pairs = [(i, head) for i, head in enumerate(most.heads) if head >= 0 and most.relations[i] != DET]
    examples = find_heads(model, most.text, pairs).table
    table["example"] = _by_head(examples, "lift")
    pattern = Pattern(DIRECTIONS[0], relation="nsubj")
    matches = find_heads_in(model, file, pattern).table
    table["pattern"] = _by_head(matches, "lift")
    _add_q(table, "example", examples)
    _add_q(table, "pattern", matches)
    return table


def _of_aligner(known: known_truth.Known, model: AttentionModel, seed: int, folder: Path) -> pd.DataFrame:
    """The alignment error of each cross-attention head on texts in another order, the mean."""
    random, tables = np.random.default_rng(seed), []
    for _ in range(TEXTS):
        words = random.choice(known.plain, 10, replace=False)
        order = random.permutation(len(words))
        cross = of_part(model, "cross", " ".join(words))
        pairs = [(place, int(at)) for place, at in enumerate(order)]
        tables.append(find_aligners(cross, " ".join(words[order]), pairs).table)
    table = pd.DataFrame({"aligner": -sum(_by_head(one, "aer") for one in tables) / TEXTS})
    _add_q(table, "aligner", tables[0])
    return table


_MEASURES: dict[str, Callable[[known_truth.Known, AttentionModel, int, Path], pd.DataFrame]] = {
    "tokens": _of_text,
    "both_ways": _of_text,
    "induction": _of_circuit,
    "parse": _of_parse,
    "causal_parse": _of_parse,
    "aligner": _of_aligner,
}


def _add_q(table: pd.DataFrame, name: str, ranked: pd.DataFrame) -> None:
    """How many entries of each head have a q-value of at most 0.05, where the list has q-values."""
    if "q" in ranked:
        beyond = Counter(head for head, q in zip(heads_of(ranked), ranked["q"], strict=True) if q <= LEVEL)
        table[f"q {name}"] = [beyond[head] for head in table.index]


def _by_head(table: pd.DataFrame, column: str) -> pd.Series:
    """The largest value of each head."""
    largest: dict[HeadId, float] = {}
    for head, value in zip(heads_of(table), table[column], strict=True):
        largest[head] = max(largest.get(head, -np.inf), float(value)) if value == value else largest.get(head, np.nan)
    return pd.Series(list(largest.values()), pd.Index(list(largest), tupleize_cols=False), name=column)
