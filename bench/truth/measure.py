"""What the dashboard measures of a hand-written model: a row for each head, a column for each figure.

A column that begins with “names ” says whether the dashboard names the head so; “q ” counts the entries
of a list whose q-value is at most 0.05.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.analyses.ablation.api import ablate
from dashboard.analyses.compare.change import head_changes
from dashboard.analyses.compare.changed_heads import FOR_CHANCE
from dashboard.analyses.find_heads.api import Pattern, find_heads, find_heads_in
from dashboard.analyses.find_heads.find_aligners import find_aligners
from dashboard.analyses.logit_attribution.copying import copying_table
from dashboard.analyses.long_range.agreement_texts import DISTANCES
from dashboard.analyses.long_range.measure import gather, measure_step
from dashboard.analyses.long_range.questions import question_of
from dashboard.analyses.long_range.trial import Trial
from dashboard.analyses.patching.api import patch
from dashboard.analyses.profile.dependency_cases import ALL, DIRECTIONS
from dashboard.analyses.profile.names import LEAST_INDUCTION, head_names
from dashboard.analyses.profile.roles import SINK
from dashboard.analyses.profile.run import profile
from dashboard.analyses.scores.api import scores
from dashboard.analyses.scores.scores import SCORES
from dashboard.builtin import known_truth
from dashboard.builtin.known_truth.made_language import DET, sentences, treebank
from dashboard.capture import AttentionModel, of_part, open_model
from dashboard.capture.unembedding import unembedding
from dashboard.heads.bootstrap import FEWEST
from dashboard.heads.head_id import HeadId, heads_of
from dashboard.text.encoding import Encoding

TEXTS, LENGTH, DIFFERENT = 3, 40, 20  # of a random text: tokens, and how many of them are different words
COPIED = 20  # texts whose tokens are copied or not
APART = 12  # texts at each distance, as many as the page has
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
    """The same, the effect of each head's ablation on a text that is repeated, whether it copies, and what it carries
    from one text to another."""
    random = np.random.default_rng(seed)
    table = _of_text(known, model, seed, folder)
    words = random.choice(known.plain, 20, replace=False)
    effect = ablate(model, " ".join([*words, *words])).table
    table = table.join(_by_head(effect, "loss_change"))
    table["names induction"] = table["induction"] >= LEAST_INDUCTION
    read = [model.encode(" ".join(random.choice(known.plain, LENGTH))) for _ in range(COPIED)]
    to_logits = unembedding(model, read[0])
    assert to_logits is not None
    copied = copying_table(to_logits, model, read, model.all_heads)
    copied = copied.set_index(pd.Index(heads_of(copied), tupleize_cols=False))
    table["copying"] = copied["copying"]
    table["names copying"] = (copied["copying"] >= 0.5) & (copied["copying_low"] > copied["baseline_high"])
    carried = []
    for number in range(TEXTS):
        a, b, *answers = known_truth.induction_pair(known, TEXTS * seed + number)
        carried.append(_by_head(patch(model, a, b, answers=answers).table, "recovered"))
    table["recovered"] = sum(carried) / TEXTS
    return table


def _of_partners(known: known_truth.Known, model: AttentionModel, seed: int, folder: Path) -> pd.DataFrame:
    """The lift over distance from a word to its partner, and the change of heads where a name is exchanged."""
    random = np.random.default_rng(seed)
    names, pairs = known_truth.names_and_pairs(known)
    trials = [[_apart(pairs, distance, random) for _ in range(APART)] for distance in DISTANCES[:-1]]
    reach = gather(model, question_of("verb"), [measure_step(model, one) for one in trials])
    alone = [pair[int(random.integers(2))] for pair in pairs]
    some = [*random.choice(alone, DIFFERENT - 1, replace=False), str(random.choice(names))]
    at, words = int(random.integers(DIFFERENT)), list(some)
    words[at], words[-1] = words[-1], words[at]
    left = [word for word in alone if word not in words]

    def exchanged(place: int) -> Encoding:
        return model.encode(" ".join([*words[:place], str(random.choice(left)), *words[place + 1 :]]))

    others = [place for place in range(DIFFERENT) if place != at]
    variants = [exchanged(others[number % len(others)]) for number in range(FOR_CHANCE)]
    changed = head_changes(model, model.encode(" ".join(words)), exchanged(at), variants).table
    index = pd.Index(model.all_heads, tupleize_cols=False)
    table = pd.DataFrame({"long range": [reach.lift()[head.layer, head.head] for head in index]}, index)
    table["q long range"] = [int(reach.q[head.layer, head.head] <= LEVEL) for head in index]
    table["changed"] = _by_head(changed, "lift")
    return table


def _apart(pairs: Sequence[tuple[str, str]], distance: int, random: np.random.Generator) -> Trial:
    """A text of different words, one of which stands so many words after its partner."""
    chosen = int(random.integers(len(pairs)))
    alone = [pair[int(random.integers(2))] for number, pair in enumerate(pairs) if number != chosen]
    seen = int(random.integers(len(pairs) + 1 - distance))
    first, second = random.permutation(pairs[chosen]).tolist()
    words = random.permutation(alone).tolist()
    words.insert(seen, first)
    words.insert(seen + distance, second)
    starts = np.cumsum([0, *(len(word) + 1 for word in words)]).tolist()
    return Trial(" ".join(words), looks=starts[seen + distance], seen=starts[seen])


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
    marks = {head: i for i, head in enumerate(most.heads) if head >= 0 and most.relations[i] != DET}
    pairs = [(i, head) for head, i in marks.items()]  # one for each key: more are one for q
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
    "partners": _of_partners,
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
