"""How much every head changes when a word of a text changes, compared with changes of other words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.analyses.compare.divergence import divergence, with_rest
from dashboard.capture import AttentionModel, Block, visit
from dashboard.capture.maps.which_heads import existing
from dashboard.errors import UserError
from dashboard.heads.alignment import matching
from dashboard.heads.chance import p_among, q_values
from dashboard.heads.head_id import HeadId, every_head, head_columns, head_of, largest_first
from dashboard.heads.pooling import Pooling
from dashboard.text.encoding import Axis, Encoding

UNCHANGED = 1e-6  # bits, below which a head is the same on both texts
MOST_WORDS = 200  # of the longest text: the maps of one layer are in memory for all texts at once


@dataclass(frozen=True, eq=False)
class Changes:
    """The result of `head_changes`.

    Attributes
    ----------
    table: a row per head, sorted by change beyond the baseline: layer, head, change, baseline, low, high, lift, q
    rows: the number of rows that `change` is the mean of; swaps: the number of variants behind the baseline
    alike: whether the variants are comparable with the change: one word exchanged, and all rows weighted equally. Not
        in a causal model, where few rows see a word late in the text, so it weighs more in their mean
    """

    table: pd.DataFrame
    rows: int
    swaps: int
    alike: bool = True


def head_changes(model: AttentionModel, a: Encoding, b: Encoding, variants: Sequence[Encoding] = ()) -> Changes:
    """All heads of a model, ranked by how much they change from text a to text b.

    change = mean over the words in both texts of the Jensen–Shannon divergence (METRICS §5, base 2, [0, 1]) between the
    head's row in a and in b; over words, with special tokens shown, and all keys without a counterpart as one more
    column. Of cross attention the keys are the words of its source. In a causal model only rows that see a changed word
    count, as the others cannot change; of a decoder and its cross attention likewise. baseline: the mean
    change from a to each of the `variants` (texts with another word exchanged); low, high: the smallest and the largest
    of these changes. lift = change − baseline. NaN without variants; the table is then sorted by change. q: the rank of
    the change among those of the variants, corrected for all heads (METRICS §10); NaN where they are not `alike`.

    Raises UserError for texts that share no word, and for one of more than 200 words.
    """
    texts = [a, b, *variants]
    check_lengths(texts)
    axes = [text.axis("words") for text in texts]
    source = None if model.source_text is None else model.source_text.axis("words")
    pairs = [_Pair.of(axes[0], axis, model.predicts_next, source) for axis in axes[1:]]
    visitor = _Changes(model, [Pooling.of(axis) for axis in axes], [len(text) for text in texts], pairs)
    visit(model, texts, visitor)
    change, others = visitor.found[0], visitor.found[1:]
    known = others[~np.isnan(others).all((1, 2))] if len(others) else others
    shape = change.shape
    baseline, low, high = (
        (known.mean(0), known.min(0), known.max(0)) if len(known) else (np.full(shape, np.nan) for _ in range(3))
    )
    table = pd.DataFrame(
        {
            **head_columns(every_head(shape[0], shape[1], model.part)),
            "change": change.ravel(),
            "baseline": baseline.ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
            "lift": (change - baseline).ravel(),
        }
    )
    labels = [axis.labels for axis in axes[:2]]
    one_word = len(labels[0]) == len(labels[1]) and sum(x != y for x, y in zip(*labels, strict=True)) == 1
    alike = one_word and not model.predicts_next
    table["q"] = p_among(change.ravel(), known.reshape(len(known), change.size)) if alike else np.nan
    table = existing(model, table)
    table["q"] = q_values(table["q"].to_numpy())
    first = "lift" if len(known) else "change"
    table = largest_first(table, first)
    return Changes(table, int(pairs[0].rows.sum()), len(known), alike)


def check_lengths(texts: Sequence[Encoding]) -> None:
    """Raises UserError for a text of more than 200 words."""
    if max(len(text.axis("words").labels) for text in texts) > MOST_WORDS:
        raise UserError(
            f"All heads at once are compared over texts of up to {MOST_WORDS} words. Choose a shorter part."
        )


def most_changed(changes: Changes) -> HeadId | None:
    """The head that changes most (beyond its baseline, if there is one); None if no head changes."""
    if not changes.table["change"].max() >= UNCHANGED:
        return None
    return head_of(changes.table.iloc[0])


@dataclass(frozen=True, eq=False)
class _Pair:
    """The k aligned places of text 0 (a) and of another text (b), whether the row of each counts (rows), and the
    columns of each that belong together: the same places, or all words of a source."""

    a: np.ndarray
    b: np.ndarray
    rows: np.ndarray
    columns: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, a: Axis, b: Axis, causal: bool, source: Axis | None = None) -> _Pair:
        pairs, changed = matching((a.labels, a.special), (b.labels, b.special))
        at = np.array(pairs, int).reshape(-1, 2)
        rows = ~np.array(a.special, bool)[at[:, 0]]
        if causal:  # rows before the first difference are the same in both texts
            same = set(at[~np.array(changed, bool), 0].tolist())
            first = next((i for i in range(len(a.labels)) if i not in same), len(a.labels))
            rows &= (at > 0).all(1) & ((at[:, 0] >= first) | (at[:, 0] != at[:, 1]))
        every = None if source is None else np.arange(len(source.labels))
        return cls(at[:, 0], at[:, 1], rows, (at[:, 0], at[:, 1]) if every is None else (every, every))


class _Changes:
    """Visitor: collects the maps of a layer, text by text, and compares them once the layer is complete."""

    two_texts = True

    def __init__(self, model: AttentionModel, poolings: list[Pooling], sizes: list[int], pairs: list[_Pair]):
        self.poolings, self.sizes, self.pairs = poolings, sizes, pairs
        self.source = model.source_text
        self.keys = None if self.source is None else Pooling.of(self.source.axis("words"))
        self.tokens: dict[int, np.ndarray] = {}
        self.words: dict[int, dict[int, np.ndarray]] = {}  # by layer, by text
        self.found = np.full((len(pairs), model.layers, model.heads), np.nan)

    def block(self, block: Block) -> None:
        text, n = block.text, self.sizes[block.text]
        keys = n if self.source is None else len(self.source)
        held = self.tokens.setdefault(text, np.zeros((len(block.heads), n, keys), np.float32))
        held[:, block.rows, : block.weights.shape[2]] = block.weights.cpu().numpy()
        if block.rows.stop < n:
            return
        words = self.words.setdefault(block.layer, {})
        words[text] = self.poolings[text](self.tokens.pop(text), self.keys)
        if len(words) == len(self.sizes):
            for place, pair in enumerate(self.pairs):
                self.found[place, block.layer, list(block.heads)] = _change(words[0], words[place + 1], pair)
            del self.words[block.layer]


def _change(a: np.ndarray, b: np.ndarray, pair: _Pair) -> np.ndarray:
    """The mean divergence of each head over the rows that count: (h); NaN if none does."""
    if not pair.rows.any():
        return np.full(len(a), np.nan)
    rows_a, rows_b = pair.a[pair.rows], pair.b[pair.rows]
    p = a[:, rows_a[:, None], pair.columns[0]].astype(np.float64)
    q = b[:, rows_b[:, None], pair.columns[1]].astype(np.float64)
    return divergence(with_rest(p), with_rest(q)).mean(1)
