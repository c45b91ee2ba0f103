"""Find heads by a pattern over a corpus: a few sums per head for every sentence with a match, and their totals.

Share, baseline (the same offset elsewhere in the same sentence) and rank of each pair are as in `pair_shares`. Pairs
that a causal model cannot see, or whose offset no other two words of the sentence have, are left out and counted, so
that score, baseline and lift are over the same pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dashboard.analyses.find_heads.pair_chance import SentenceCells, q_of_sentences
from dashboard.analyses.find_heads.pair_shares import Pair, pair_shares
from dashboard.analyses.find_heads.pattern import Pattern
from dashboard.capture import AttentionModel
from dashboard.corpus.batches import batches, encoded
from dashboard.errors import UserError
from dashboard.heads.bootstrap import PERCENTILES, intervals, resample_counts
from dashboard.heads.format import capital, counted
from dashboard.heads.head_id import HeadId, head_columns, is_of, largest_first
from dashboard.text.reasons import no_sentence
from dashboard.text.sentence import LeftOut, ParsedSentence

LIMIT = 400  # sentences with a match
READ_PER_MATCH = 50  # for rare patterns: stop after reading limit × this many sentences

# Sentences that are sorted by length and batched together.
TOGETHER = 32

FIGURES = ("score", "baseline", "rank")
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class HeldOut:
    """The best head, held out: chosen by lift on the even sentences and evaluated on the odd, and the reverse.

    chosen: the head chosen on the even sentences, and on the odd; score, baseline, lift, rank: the means of the two
    halves; low, high: the 95 % interval of that lift over the sentences, with the choice fixed
    """

    chosen: tuple[HeadId, HeadId]
    score: float
    baseline: float
    lift: float
    low: float
    high: float
    rank: float


@dataclass(frozen=True, eq=False)
class Matches:
    """All heads of a model on the pairs of a corpus that fit a pattern.

    Attributes
    ----------
    table: a row per head, sorted by descending lift: layer, head, score, baseline, lift, low, high (the 95 % bootstrap
        interval of the lift over the sentences), rank, n (pairs), q (METRICS §10: by random pairs at the same distances
        in the same sentences). Shares and q are in [0, 1]. In-sample, so the best head is overestimated
    best: the best head, held out; None if one half of the sentences has no pair
    pairs, sentences, read: the numbers of scored pairs, of their sentences, and of sentences read
    invisible, alone, left_out: the numbers of pairs that look ahead in a causal model, of pairs whose distance no other
        two words of the sentence have, and of sentences with a match that the model cannot read
    whole: whether the corpus was read to its end
    part, source: of a decoder "decoder", and the text that its encoder read beside each sentence; else ""
    """

    table: pd.DataFrame
    best: HeldOut | None
    pattern: Pattern
    corpus: str
    model: str
    name: str
    revision: str
    pairs: int
    sentences: int
    read: int
    invisible: int
    alone: int
    left_out: int
    whole: bool
    reading: dict = field(default_factory=dict)
    part: str = ""
    source: str = ""

    def row(self, head: HeadId) -> pd.Series:
        """A head's row of the table."""
        return self.table[is_of(self.table, head)].iloc[0]


def matches(
    model: AttentionModel,
    sentences: Iterable[ParsedSentence | LeftOut],
    pattern: Pattern,
    corpus: str,
    *,
    limit: int = LIMIT,
    bos: bool = True,
    progress: Progress | None = None,
    reading: dict | None = None,
) -> Matches:
    """Score every head on the pairs that fit, in one pass over the sentences that have any; see `Matches`.

    limit: stop after this many sentences with a match, or after reading 50 times as many
    corpus: its name

    Raises UserError for a pattern that cannot be searched for, a limit below 1, and if no pair fits or can be scored.
    """
    pattern.check()
    if limit < 1:
        raise UserError("The limit is a number of sentences, 1 or more.")
    report, tally, search = progress or (lambda fraction, sentence: None), _Tally(model), _Search(pattern, model, bos)
    window: list = []
    for sentence in sentences:
        if search.found == limit or search.read == limit * READ_PER_MATCH:
            search.whole = False
            break
        if work := search.look(sentence):
            window.append(work)
        if len(window) == TOGETHER:
            tally.add(window)
            window = []
        if search.read % 20 == 0:
            share = max(search.found / limit, search.read / (limit * READ_PER_MATCH))
            report(min(share, 0.99), f"{search.read:,} sentences read, {search.found:,} with a match")
    tally.add(window)
    if not tally.index:
        raise UserError(search.nothing(corpus))
    table, best = tally.tables()
    report(1.0, f"{counted(search.found, 'sentences')} with a match")
    return Matches(
        table,
        best,
        pattern,
        corpus,
        model.title,
        model.name,
        model.revision,
        search.pairs,
        len(tally.index),
        search.read,
        search.invisible,
        search.alone,
        search.left_out,
        search.whole,
        reading or {},
        *model.read_beside,
    )


class _Search:
    """Selects the sentences with pairs to score, and counts what is left out."""

    def __init__(self, pattern: Pattern, model: AttentionModel, bos: bool):
        self.pattern, self.model, self.bos = pattern, model, bos
        self.read = self.found = self.pairs = self.invisible = self.alone = self.left_out = 0
        self.whole = True
        self.relations: dict[str, int] = {}
        self.unread: list[LeftOut] = []

    def look(self, sentence: ParsedSentence | LeftOut):
        """(pairs, sentence, encoding) of a sentence; None if it has nothing to score."""
        self.read += 1
        if isinstance(sentence, LeftOut):
            self.unread.append(sentence)
            return None
        for base in sentence.bases:
            self.relations[base] = self.relations.get(base, 0) + 1
        read = encoded(self.model, sentence, self.bos)
        if isinstance(read, str):
            self.left_out += bool(self.pattern.pairs(sentence))
            return None
        sentence, encoding = read[0].sentence, read[1]
        fitting = self.pattern.pairs(sentence)
        visible = [(i, j) for i, j in fitting if j < i or not self.model.causal]
        scored = _with_others(visible, len(sentence))
        self.invisible += len(fitting) - len(visible)
        self.alone += len(visible) - len(scored)
        if not scored:
            return None
        self.found += 1
        self.pairs += len(scored)
        return scored, sentence, encoding

    def nothing(self, corpus: str) -> str:
        """An error message: why there is no pair to score, and what to do."""
        where = f"the {counted(self.read, 'sentences')} of {corpus}" + ("" if self.whole else " that were read")
        if self.invisible and not self.alone:
            return (
                f"All matching pairs of {where} look ahead. {self.model.title} is causal, so none of its heads can "
                "see that. Reverse the direction."
            )
        if self.alone or self.left_out:
            return f"No matching pair of {where} can be scored. Allow shorter distances, or choose another corpus."
        if not self.relations:
            return no_sentence(corpus, self.unread)
        common = sorted(self.relations, key=lambda name: (-self.relations[name], name))[:12]
        relation = self.pattern.relation.casefold().partition(":")[0]
        if relation and relation not in (name.casefold() for name in self.relations):
            return (
                f"{capital(where)} have no relation {self.pattern.relation}. The commonest there are "
                f"{', '.join(common)}."
            )
        return f"No two words of {where} match: {self.pattern}. Ask for less."


def _with_others(pairs: list[Pair], m: int) -> list[Pair]:
    """The pairs whose offset also occurs between two of the m words that do not fit."""
    taken: dict[int, int] = {}
    for i, j in pairs:
        taken[j - i] = taken.get(j - i, 0) + 1
    return [(i, j) for i, j in pairs if m - abs(j - i) > taken[j - i]]


class _Tally:
    """Sums over each sentence's pairs, for every head."""

    def __init__(self, model: AttentionModel):
        self.model = model
        self.index: list[int] = []
        self._n: list[np.ndarray] = []
        self._cells: list[SentenceCells] = []
        self._sums: dict[str, list[np.ndarray]] = {name: [] for name in FIGURES}

    def add(self, window: list) -> None:
        for batch in batches(window):
            given = [pairs for pairs, _, _ in batch]
            sentences = [sentence for _, sentence, _ in batch]
            cells = [SentenceCells.of(self.model, *one) for one in zip(sentences, given, strict=True)]
            self._cells += cells
            found = pair_shares(
                self.model,
                [encoding for _, _, encoding in batch],
                given,
                lambda text, heads, shares, cells=cells: cells[text].take(heads, shares),
            )
            for (_, sentence, _), one in zip(batch, found, strict=True):
                both = np.isfinite(one.share) & np.isfinite(one.baseline)
                self.index.append(sentence.index)
                self._n.append(both.sum(1))
                for name, values in zip(FIGURES, (one.share, one.baseline, one.rank), strict=True):
                    self._sums[name].append(np.where(both, values, 0).sum(1))

    def tables(self) -> tuple[pd.DataFrame, HeldOut | None]:
        order = np.argsort(self.index, kind="stable")
        n = np.stack(self._n)[order]  # (S, h)
        sums = {name: np.stack(values)[order] for name, values in self._sums.items()}
        sums["lift"] = sums["score"] - sums["baseline"]
        low, high = intervals(sums["lift"], n)
        figures = {name: _ratio(values, n) for name, values in sums.items()}
        columns = head_columns(self.model.all_heads)
        columns |= {name: figures[name] for name in ("score", "baseline", "lift")}
        columns |= {"low": low, "high": high, "rank": figures["rank"], "n": n.sum(0), "q": q_of_sentences(self._cells)}
        table = largest_first(pd.DataFrame(columns), "lift")
        return table, _held_out(sums, n, np.array(self.index)[order] % 2 == 1, self.model.all_heads)


def _ratio(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Σ sums / Σ n over the first axis; NaN where Σ n is 0."""
    cases = n.sum(0)
    return np.divide(sums.sum(0), cases, out=np.full(cases.shape, np.nan), where=cases > 0)


def _held_out(sums: dict[str, np.ndarray], n: np.ndarray, odd: np.ndarray, heads: Sequence[HeadId]) -> HeldOut | None:
    halves, places = ((~odd, odd), (odd, ~odd)), []
    for chosen_on, _ in halves:
        lift = _ratio(sums["lift"][chosen_on], n[chosen_on])
        if not np.isfinite(lift).any():
            return None
        places.append(int(np.nanargmax(lift)))
    figures = {
        name: float(
            np.mean([_ratio(values[on, place], n[on, place]) for place, (_, on) in zip(places, halves, strict=True)])
        )
        for name, values in sums.items()
    }
    again = []
    for counts in resample_counts(len(n)):
        lifts = []
        for place, (_, on) in zip(places, halves, strict=True):
            cases = counts[:, on] @ n[on, place]
            total = counts[:, on] @ sums["lift"][on, place]
            lifts.append(np.divide(total, cases, out=np.full(len(counts), np.nan), where=cases > 0))
        again.append(np.mean(lifts, 0))
    statistics = np.concatenate(again)
    statistics = statistics[np.isfinite(statistics)]
    low, high = np.percentile(statistics, PERCENTILES) if len(statistics) else (np.nan, np.nan)
    one, other = (heads[place] for place in places)
    return HeldOut((one, other), **figures, low=float(low), high=float(high))
