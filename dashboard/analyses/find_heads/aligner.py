"""Cross attention as a word aligner: every head, ranked by its alignment error against marked links (METRICS §8).

A link is a pair (j → i): word j of the target, word i of the source. A head links each word of the target that a mark
leads from to the source word that it attends to most. The words between which no link is marked are no error and no
hit: what a person did not mark is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dashboard.analyses.find_heads.by_example import MOST_PAIRS, numbered
from dashboard.analyses.find_heads.pair_shares import Pair, drawn_sets
from dashboard.capture import AttentionModel, Block, visit
from dashboard.errors import UserError
from dashboard.heads.chance import PARTS, DrawnSets, p_values, q_values
from dashboard.heads.head_id import HeadId, head_columns, head_of, is_of
from dashboard.text.display import marked
from dashboard.text.encoding import Encoding

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NO_LINK = -1


@dataclass(frozen=True, eq=False)
class Aligners:
    """All heads of a model's cross attention, ranked by their alignment error on marked links of two texts.

    Attributes
    ----------
    table: a row per head, the smallest error first, then the largest share: layer, head, part, aer (in [0, 1], 0: all
        as marked), right (how many links of the head are marked), share (the mean attention along the marked links,
        of what goes to the source's words, in [0, 1]; NaN if the head gives these words nothing), links (how many links
        the head has: one for each word, none where it gives the source's words nothing), q (METRICS §10: the heads' p
        by random links at the same distances that the head aligns as well, corrected for their number; in [0, 1])
    pairs: the marked links (j → i), words counted from 0
    linked: of each head, in the order of the layers and numbers, which source word each of `aligned` is linked to; -1
        for none
    aligned: the words of the target that a mark leads from
    diagonal, even: baselines: the error of linking each word to the source word at the same relative place, and the
        share of an even spread over the source's words
    least: the smallest error that one link for each word can have; 0 where no word has several marks
    words, source_words: the words of both texts, with unknown characters marked
    text, source: the target, and the text that the encoder read
    model, name, revision, part, reading: the model's title, its name and revision, its part, how the texts were read
    sets, least_p: how many other sets of links there are at the same distances, and the smallest p among them
    """

    table: pd.DataFrame
    pairs: tuple[Pair, ...]
    linked: dict[HeadId, tuple[int, ...]]
    aligned: tuple[int, ...]
    diagonal: float
    even: float
    least: float
    words: tuple[str, ...]
    source_words: tuple[str, ...]
    text: str
    source: str
    model: str
    name: str
    revision: str
    part: str = "cross"
    reading: dict = field(default_factory=dict)
    sets: int = 0
    least_p: float = 1.0

    @property
    def best(self) -> HeadId:
        return head_of(self.table.iloc[0])

    def row(self, head: HeadId) -> pd.Series:
        """A head's row of the table."""
        return self.table[is_of(self.table, head)].iloc[0]

    def links(self, head: HeadId) -> pd.DataFrame:
        """The links of a head, a row for each aligned word: from_position, to_position (words of the target and the
        source, from 0; to_position -1 for no link), from, to, marked (the source words marked for it), right (whether
        `to` is one of them)."""
        rows = []
        for word, source in zip(self.aligned, self.linked[head], strict=True):
            gold = [i for j, i in self.pairs if j == word]
            rows.append(
                {
                    "from_position": word,
                    "to_position": source,
                    "from": self.words[word],
                    "to": self.source_words[source] if source != NO_LINK else "",
                    "marked": ", ".join(self.source_words[i] for i in gold),
                    "right": source in gold,
                }
            )
        return pd.DataFrame(rows)


def alignment_error(links: set[Pair], sure: set[Pair]) -> float:
    """AER of links A against sure links S: 1 − 2 |A ∩ S| / (|A| + |S|), in [0, 1] (Och & Ney 2003, with no link that is
    merely possible). 0: the same links; 1: none in common, as of two empty sets."""
    return 1 - 2 * len(links & sure) / max(len(links) + len(sure), 1)


def aligners(model: AttentionModel, target: Encoding, pairs: Sequence[Pair], reading: dict | None = None) -> Aligners:
    """Every cross-attention head's links from the words that these pairs (j → i) lead from, and their error.

    model: the cross attention, with its source; target: as it reads it
    Raises UserError for another part of a model, and for pairs that the texts do not have.
    """
    source = model.source_text
    if source is None:
        raise UserError(
            "Words are aligned by the cross attention of an encoder–decoder model. Choose one, and give source and "
            "target."
        )
    given = checked(target, source, pairs)
    sure, aligned = set(given), tuple(sorted({j for j, _ in given}))
    visitor = _Visitor(model, target, source, aligned)
    visit(model, target, visitor)
    linked, rows = {}, []
    every = np.stack([visitor.linked[head] for head in model.all_heads], 1)
    sets = drawn_sets(len(target.words), given, causal=False, keys=len(source.words))
    for place, head in enumerate(model.all_heads):
        shares = visitor.shares[head]  # (w, source words)
        to = every[list(aligned), place]
        links = {(j, int(i)) for j, i in zip(aligned, to, strict=True) if i != NO_LINK}
        along = [shares[aligned.index(j), i] for j, i in given]
        linked[head] = tuple(map(int, to))
        some = [share for share in along if np.isfinite(share)]
        rows.append(
            {
                "aer": alignment_error(links, sure),
                "right": len(links & sure),
                "share": float(np.mean(some)) if some else np.nan,
                "links": len(links),
            }
        )
    table = pd.DataFrame({**head_columns(model.all_heads), **pd.DataFrame(rows).to_dict("list")})
    table["q"] = q_values(p_of_links(every, len(source.words), given, sets))
    table = table.sort_values(["aer", "share", "layer", "head"], ascending=[True, False, True, True], ignore_index=True)
    m, n = len(target.words), len(source.words)
    diagonal = {(j, int((j + 0.5) * n / m)) for j in aligned}
    return Aligners(
        table=table,
        pairs=given,
        linked=linked,
        aligned=aligned,
        diagonal=alignment_error(diagonal, sure),
        even=1 / n,
        least=1 - 2 * len(aligned) / (len(aligned) + len(sure)),
        words=marked([word.form for word in target.words], target.unread),
        source_words=marked([word.form for word in source.words], source.unread),
        text=target.text,
        source=source.text,
        model=model.title,
        name=model.name,
        revision=model.revision,
        reading=reading or {},
        sets=sets.others,
        least_p=sets.least,
    )


def p_of_links(linked: np.ndarray, n: int, pairs: Sequence[Pair], sets: DrawnSets) -> np.ndarray:
    """p of each head's alignment error, the smaller the better, among as many links at the same distances.

    linked: the source word of each target word, -1 for none (m, h); n: the source's words; sets: of `drawn_sets`
    """
    from scipy.sparse import csr_array

    m = len(linked)
    offsets = np.unique([i - j for j, i in pairs])
    to = np.arange(m)[:, None] + offsets  # (m, D): the source word of each cell
    hit = (
        (linked[:, None] == np.where((to >= 0) & (to < n), to, n)[:, :, None])
        .astype(float)
        .reshape(-1, linked.shape[1])
    )
    some = (linked != NO_LINK).astype(float)

    def better(draws: csr_array, which: np.ndarray) -> np.ndarray:
        drawn = draws.copy()  # as what follows works in place
        words = csr_array((drawn.data, drawn.indices // len(offsets), drawn.indptr), (len(draws.indptr) - 1, m))
        words.sum_duplicates()
        words.data[:] = 1
        return 2 * (draws @ hit[:, which]) / (words @ some[:, which] + len(pairs))  # 1 - the error

    [observed] = better(sets.own, np.arange(linked.shape[1]))
    if sets.few:
        return p_values(observed, partial(better, sets.every))
    return p_values(
        observed,
        partial(better, sets.first),
        lambda which: (better(sets.more(part), which) for part in range(1, PARTS + 1)),
    )


def checked(target: Encoding, source: Encoding, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The distinct pairs of a target's and a source's words. Raises UserError for none, too many, and one whose words
    are not there."""
    given = numbered(pairs)
    if not given:
        raise UserError("No words are linked. Mark at least one pair: a word of the target > a word of the source.")
    if len(given) > MOST_PAIRS:
        raise UserError(f"{len(given)} pairs are marked; at most {MOST_PAIRS} are allowed. Remove some.")
    m, n = len(target.words), len(source.words)
    for j, i in given:
        if not (0 <= j < m and 0 <= i < n):
            raise UserError(
                f"There is no pair {j} > {i}: the target's words are numbered 0 to {m - 1}, the source's 0 to {n - 1}."
            )
    return given


class _Visitor:
    """Of each head the source word that each word of the target is linked to (`linked`: (m), -1 for none), and the
    attention of some of them to the words of the source (`shares`: (w, source words)), as shares of what goes to these,
    NaN where that is nothing. From a word: the mean over its tokens; to a word: the sum."""

    two_texts = True

    def __init__(self, model: AttentionModel, target: Encoding, source: Encoding, aligned: Sequence[int]):
        self.heads, self.n, self.aligned = model.heads, len(target), list(aligned)
        self.row = np.array([-1 if word is None else word for word in target.word_of])
        self.sizes = np.bincount(self.row[self.row >= 0], minlength=len(target.words))
        self.words = np.zeros((len(source), len(source.words)), np.float32)
        for token, word in enumerate(source.word_of):
            if word is not None:
                self.words[token, word] = 1
        self.linked: dict[HeadId, np.ndarray] = {}
        self.shares: dict[HeadId, np.ndarray] = {}
        self.sums = np.zeros(0)

    def block(self, block: Block) -> None:
        if block.rows.start == 0:
            self.sums = np.zeros((len(self.sizes), self.heads, self.words.shape[1]))
        rows = self.row[block.rows]
        some = rows >= 0
        to_words = block.weights.cpu().numpy()[:, some] @ self.words  # (heads, rows, source words)
        np.add.at(self.sums, rows[some], to_words.transpose(1, 0, 2))
        if block.rows.stop == self.n:
            means = self.sums / np.maximum(self.sizes, 1)[:, None, None]
            given = means.sum(2, keepdims=True)
            shares = np.divide(means, given, out=np.full(means.shape, np.nan), where=given > 0)
            linked = np.where(given[:, :, 0] > 0, means.argmax(2), NO_LINK)
            for place, head in enumerate(block.ids):
                self.shares[head], self.linked[head] = shares[self.aligned, place], linked[:, place]
