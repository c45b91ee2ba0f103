"""Which heads find the syntactic head of a word (METRICS §3, after Clark et al. 2019, §4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.analyses.profile.dependency_cases import ALL, DIRECTIONS, OFFSETS, Cases, DependencyStatistics, Tally
from dashboard.heads.bootstrap import FEWEST, intervals
from dashboard.heads.chance import p_of_signs, q_values
from dashboard.heads.head_id import every_head, head_columns
from dashboard.text.on_places import NOT_SCORED
from dashboard.text.sentence import ROOT, ParsedSentence


def scored_words(sentence: ParsedSentence) -> np.ndarray:
    """The words whose relation is scored: not the root, not `punct`, no word whose head shares its place."""
    bases = enumerate(zip(sentence.heads, sentence.bases, strict=True))
    return np.array([i for i, (head, base) in bases if head not in (ROOT, i) and base != NOT_SCORED], int)


def found_heads(words: np.ndarray, sentence_heads: Sequence[int], cases: np.ndarray, causal: bool) -> np.ndarray:
    """Whether each head finds the syntactic head of each case, by both `DIRECTIONS`: bool (2, h, cases).

    ``dependent->head`` predicts argmax_j W[i, j] for word i, ``head->dependent`` argmax_j W[j, i], over words j ≠ i
    that may be seen. Ties go to the lowest index; without a candidate the prediction is wrong.

    Parameters
    ----------
    words: attention between words (h, m, m)
    sentence_heads: the place of each word's head (m)
    cases: the words to predict for
    """
    m, heads = words.shape[1], np.asarray(sentence_heads, int)[cases]
    visible = np.tri(m, k=-1, dtype=bool) if causal else ~np.eye(m, dtype=bool)
    seen = np.where(visible, words, -1)
    wanted = np.stack([seen[:, cases].argmax(2), seen[:, :, cases].argmax(1)])
    return (wanted == heads) & np.stack([visible[cases].any(1), visible[:, cases].any(0)])[:, None]


def dependency_statistics(index: int, sentence: ParsedSentence, correct: np.ndarray) -> DependencyStatistics:
    """One sentence's statistics, of `found_heads` (2, h, cases) over its `scored_words`."""
    cases = scored_words(sentence)
    return DependencyStatistics(
        index,
        tuple(sentence.relations[case] for case in cases),
        (np.array(sentence.heads, int)[cases] - cases).astype(np.int32),
        np.packbits(correct, axis=1),
    )


@dataclass(frozen=True, eq=False)
class Dependencies:
    """The tables of METRICS §3.

    Attributes
    ----------
    heads: a row per relation, direction and head, in-sample: relation, direction, layer, head, n, correct, accuracy,
        baseline, offset, lift, low, high (the interval of the accuracy), q (METRICS §10: of the heads' right cases less
        the best offset's, by random signs of the difference within each sentence, corrected over this whole table),
        invisible (the share of pairs that a causal model cannot see that way). Accuracies and q are in [0, 1]
    best: a row per relation: relation, n, ranked (at least 30 cases), then of the best head on all sentences layer,
        head, direction, accuracy, baseline, offset, lift, low, high, and held out (chosen on the even sentences and
        scored on the odd, then the reverse, the mean of the two) held_out_accuracy, held_out_baseline, held_out_lift;
        empty where either half has no case

    In both, `ALL` comes first where anything is scored: the cases of all relations together, with one head and one
    offset for all. The relations follow, the most frequent first.
    """

    heads: pd.DataFrame
    best: pd.DataFrame


def dependencies(
    statistics: Iterable[DependencyStatistics], layers: int, heads: int, causal: bool, *, subtypes: bool = False
) -> Dependencies:
    """Accuracies of all heads for all relations, with the best fixed offset as baseline and bootstrap intervals.

    Parameters
    ----------
    statistics: of the sentences used, in order, including those without a case
    layers, heads: of the model; the heads of `DependencyStatistics` are all of layer 0, then all of layer 1 …
    subtypes: score ``nsubj:pass`` on its own rather than under ``nsubj``
    """
    cases = Cases.of(statistics, subtypes)
    every, best = [], []
    names, counts = np.unique(cases.relation, return_counts=True)
    pooled = [(ALL, np.arange(len(cases.relation)))] if len(names) else []
    each = ((_title(name), np.flatnonzero(cases.relation == name)) for name in names[np.lexsort((names, -counts))])
    for name, here in (*pooled, *each):
        table, row = _table_of(name, Tally.of(cases, here, layers * heads), layers, heads, causal, cases.sentences)
        every.append(table)
        best.append(row)
    if not every:
        return Dependencies(pd.DataFrame(columns=_COLUMNS), pd.DataFrame(columns=_BEST))
    table, rows = pd.concat(every, ignore_index=True), pd.DataFrame(best, columns=[*_BEST, "row"])
    table["q"] = q_values(table["q"].to_numpy())
    starts = np.cumsum([0, *map(len, every[:-1])])
    rows["q"] = table["q"].to_numpy()[starts + rows.pop("row").to_numpy(int)]
    return Dependencies(table, rows)


def _title(relation: str) -> str:
    """A relation's name in the tables: that of the parse, except where it equals `ALL`."""
    return f"{ALL} (relation)" if relation == ALL else str(relation)


_COLUMNS = [
    "relation",
    "direction",
    "layer",
    "head",
    "n",
    "correct",
    "accuracy",
    "baseline",
    "offset",
    "lift",
    "low",
    "high",
    "q",
    "invisible",
]
_BEST = [
    "relation",
    "n",
    "ranked",
    "layer",
    "head",
    "direction",
    "accuracy",
    "baseline",
    "offset",
    "lift",
    "low",
    "high",
    "q",
    "held_out_accuracy",
    "held_out_baseline",
    "held_out_lift",
]


def _table_of(
    name: str, tally: Tally, layers: int, heads: int, causal: bool, sentences: int
) -> tuple[pd.DataFrame, list]:
    """The rows of `Dependencies.heads`, with p in place of q, and the row of `Dependencies.best` for one relation, or
    for `ALL`, with the place of its head among these rows at its end."""
    n, right, hits = int(tally.n.sum()), tally.right.sum(0, dtype=np.int64), tally.hits.sum(0, dtype=np.int64)
    best_offset = int(hits.argmax())
    baseline = hits[best_offset] / n
    low, high = intervals(tally.right, tally.n, sentences=sentences, places=tally.sentence)
    beyond = tally.right - tally.hits[:, best_offset, None, None]
    p = p_of_signs(beyond.reshape(len(beyond), -1).astype(np.float32)).reshape(2, -1)
    # In a causal model a dependent cannot see a head after it, nor a head a dependent after it.
    invisible = [tally.after.sum() / n, tally.before.sum() / n] if causal else [0.0, 0.0]

    whose = head_columns(every_head(layers, heads))
    tables = [
        pd.DataFrame(
            {
                "relation": name,
                "direction": direction,
                **whose,
                "n": n,
                "correct": right[d],
                "accuracy": right[d] / n,
                "baseline": baseline,
                "offset": OFFSETS[best_offset],
                "lift": right[d] / n - baseline,
                "low": low[d],
                "high": high[d],
                "q": p[d],
                "invisible": invisible[d],
            }
        )
        for d, direction in enumerate(DIRECTIONS)
    ]

    place, d = best_of(right)
    held_accuracy, held_baseline = [], []
    for chosen_on, scored_on in ((~tally.odd, tally.odd), (tally.odd, ~tally.odd)):
        if not chosen_on.any() or not scored_on.any():
            held_accuracy, held_baseline = [np.nan], [np.nan]
            break
        h, way = best_of(tally.right[chosen_on].sum(0, dtype=np.int64))
        offset, scored = tally.hits[chosen_on].sum(0).argmax(), tally.n[scored_on].sum()
        held_accuracy.append(tally.right[scored_on, way, h].sum() / scored)
        held_baseline.append(tally.hits[scored_on, offset].sum() / scored)
    held, held_base = float(np.mean(held_accuracy)), float(np.mean(held_baseline))
    accuracy = right[d, place] / n
    row = [
        name,
        n,
        n >= FEWEST,
        whose["layer"][place],
        whose["head"][place],
        DIRECTIONS[d],
        accuracy,
        baseline,
        OFFSETS[best_offset],
        accuracy - baseline,
        low[d, place],
        high[d, place],
        np.nan,
        held,
        held_base,
        held - held_base,
        d * layers * heads + place,
    ]
    return pd.concat(tables, ignore_index=True), row


def best_of(right: np.ndarray) -> tuple[int, int]:
    """The best (head, direction) of counts (2, h): ties to the lower layer, the lower head, then dependent→head."""
    place, direction = np.divmod(int(right.T.argmax()), 2)
    return int(place), int(direction)
