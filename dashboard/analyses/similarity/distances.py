"""Distances of heads: the mean Jensen–Shannon divergence of their rows between words over a corpus (METRICS §8).

In memory are the rows of all heads for a few sentences, and for the corpus one number per pair of heads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from dashboard.capture import AttentionModel, of_part, visit
from dashboard.capture.head_weights import head_weights
from dashboard.capture.maps.which_heads import check_even
from dashboard.corpus.batches import ByLayer, batches, encoded, normalised
from dashboard.corpus.read_twice import encoded_twice, part_for_corpus
from dashboard.errors import UserError
from dashboard.heads.head_id import Part
from dashboard.heads.pooling import Pooling, to_axis
from dashboard.text.encoding import Encoding
from dashboard.text.sentence import LeftOut, ParsedSentence
from dashboard.text.shared_words import with_shared_words

# Sentences sorted by length before batching: their rows are in memory together.
TOGETHER = 32
# Cells of all heads that are processed at once: they fit into the processor's cache.
CELLS = 2**17

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances of each head of one model from each head of another or the same; heads are all of layer 0, then 1 …

    Attributes
    ----------
    values: the mean Jensen–Shannon divergence, bits, float64 (h, h') in [0, 1]; NaN where two heads have no counted
        row in common
    rows: the number of rows, int (h, h')
    per_layer: heads per layer of the rows' model and of the columns' model
    used: the number of sentences
    left_out: the sentences that were not used, with the reason
    """

    values: np.ndarray
    rows: np.ndarray
    per_layer: tuple[int, int]
    used: int
    left_out: tuple[LeftOut, ...]

    @property
    def turned(self) -> Distances:
        """The same, the heads of the columns held against those of the rows."""
        return replace(self, values=self.values.T, rows=self.rows.T, per_layer=self.per_layer[::-1])


def distances(
    model: AttentionModel,
    sentences: Sequence[ParsedSentence | LeftOut],
    other: AttentionModel | None = None,
    *,
    part: Part = "",
    bos: bool = True,
    progress: Progress | None = None,
) -> Distances:
    """All heads against all heads of the same model, or of another on the same words.

    A row is a head's attention from one word to the other words, special tokens and the word itself left out,
    renormalised. JS(p, q) = H((p + q) / 2) − (H(p) + H(q)) / 2, base 2, in [0, 1]; its mean over all rows of the
    corpus that leave something in both heads. In a causal model the first word's row never does, and the second's
    says the same in every head. Of cross attention a row leads from a word of the target to the words of the source,
    the same word among them.

    Parameters
    ----------
    sentences: words with which the texts are made anew for each model, so that different tokenizers meet at words
    other: heads of `model` (rows) are held against heads of this one (columns)
    part: of an encoder–decoder "decoder" or "cross", whose source and target are both the sentence; without `other`
    bos: put a beginning-of-sequence token before a causal model's text (METRICS §0)
    progress: called with a fraction and a sentence; an exception from it ends the work

    Raises UserError where no sentence can be used, and for a part that the model does not have.
    """
    tell = progress or (lambda fraction, sentence: None)
    model = part_for_corpus(model, part)
    twice = model.part in ("decoder", "cross")
    left = _maps_of_part(model, sentences, bos) if twice else word_maps(model, sentences, bos=bos, beside=other)
    right = None if other is None else word_maps(other, sentences, bos=bos, beside=model)
    sums = _Sums(itself=model.part == "cross")
    left_out: list[LeftOut] = []
    for number, a in enumerate(left, 1):
        b = next(right) if right is not None else None
        if isinstance(a, LeftOut):
            left_out.append(a)
        elif isinstance(b, LeftOut):
            left_out.append(b)
        else:
            sums.add(a, b)
        if number % TOGETHER == 0 or number == len(sentences):
            tell(number / len(sentences), f"{number:,} of {len(sentences):,} sentences")
    if not sums.used:
        why = f": {left_out[0].reason}" if left_out else ""
        raise UserError(f"No sentence of the corpus could be used{why}. Choose another corpus or model.")
    values = np.divide(sums.bits, sums.rows, out=np.full(sums.bits.shape, np.nan), where=sums.rows > 0)
    per_layer = (model.heads, model.heads if other is None else other.heads)
    return Distances(values.clip(0, 1), sums.rows, per_layer, sums.used, tuple(left_out))


def check_comparable(model: AttentionModel) -> None:
    """Raises UserError where a layer has no heads, or fewer than another: all of them could not be compared."""
    model.check_every_layer("Comparing all heads of a model with each other")
    check_even(model, "comparing all heads with each other")


def word_maps(
    model: AttentionModel,
    sentences: Iterable[ParsedSentence | LeftOut],
    *,
    bos: bool = True,
    beside: AttentionModel | None = None,
) -> Iterator[np.ndarray | LeftOut]:
    """For each sentence of m words, in order, the attention between its words in all heads, float32 (h, m, m), without
    special tokens and not renormalised (METRICS §0); or why it is left out. One window of sentences is in memory.

    beside: another model to compare with; words are then those that both tokenizers delimit exactly (METRICS §8)
    """
    check_comparable(model)
    stream = iter(sentences)
    while window := list(islice(stream, TOGETHER)):
        found: dict[int, np.ndarray | LeftOut] = {}
        works = []
        for place, sentence in enumerate(window):
            if isinstance(sentence, LeftOut):
                found[place] = sentence
                continue
            reads = [encoded(one, sentence, bos) for one in (model, beside) if one is not None]
            unread = next((read for read in reads if isinstance(read, str)), None)
            if unread is not None:
                found[place] = LeftOut(sentence.index, sentence.line, unread)
            else:
                encodings = [read[1] for read in reads if not isinstance(read, str)]
                works.append((place, sentence, with_shared_words(encodings)[0]))
        for batch in batches(works):
            texts = [_Words(model, encoding) for _, _, encoding in batch]
            visit(model, [encoding for _, _, encoding in batch], ByLayer(model, texts))
            for (place, _, _), text in zip(batch, texts, strict=True):
                found[place] = text.maps
        for place in range(len(window)):
            yield found.pop(place)


def _maps_of_part(
    part: AttentionModel, sentences: Iterable[ParsedSentence | LeftOut], bos: bool
) -> Iterator[np.ndarray | LeftOut]:
    """As `word_maps`, for a decoder, or for its cross attention from the words of a sentence to the same words."""
    check_comparable(part)
    for sentence in sentences:
        read = sentence if isinstance(sentence, LeftOut) else encoded_twice(part, sentence, bos)
        if isinstance(read, str | LeftOut):
            yield LeftOut(sentence.index, sentence.line, read) if isinstance(read, str) else read
            continue
        (_, target), (_, source) = read
        model = of_part(part, part.part, source)
        target, source = with_shared_words([target, source])
        rows = target.axis("words")
        columns = source.axis("words") if part.part == "cross" else rows
        looks, seen = (np.flatnonzero(~np.array(axis.special)) for axis in (rows, columns))
        maps = to_axis(np.stack(head_weights(model, target, model.all_heads)), rows, columns)
        yield maps[:, looks[:, None], seen]


class _Words:
    """One text and its attention between words, filled layer by layer."""

    def __init__(self, model: AttentionModel, encoding: Encoding):
        axis = encoding.axis("words")
        self.n, self.causal, self.hidden = len(encoding), model.causal, ""
        self.parts: np.ndarray | None = None
        self.pooling, self.words = Pooling.of(axis), np.flatnonzero(~np.array(axis.special))
        self.maps = np.zeros((len(model.all_heads), len(self.words), len(self.words)), np.float32)

    def layer(self, tokens: np.ndarray, place: slice) -> None:
        self.maps[place] = self.pooling(tokens)[:, self.words[:, None], self.words]


class _Sums:
    """Σ JS over rows, and the number of rows, for each pair of heads.

    With L(x) = Σ x log2 x over all cells, Σ JS = r + (L(p) + L(q) − L(p + q)) / 2 over the r rows where both heads have
    attention. A row that is all zero in one of them adds 0. itself: whether a word's own column counts.
    """

    bits: np.ndarray
    rows: np.ndarray
    used = 0

    def __init__(self, *, itself: bool = False):
        self.itself = itself

    def add(self, a: np.ndarray, b: np.ndarray | None) -> None:
        """One sentence's attention between words (h, m, m) and (h', m, m); b None: a against itself."""
        p, counted = _distributions(a, self.itself)
        q, also = (p, counted) if b is None else _distributions(b, self.itself)
        if not self.used:
            self.bits, self.rows = np.zeros((len(p), len(q))), np.zeros((len(p), len(q)), int)
        rows = counted.astype(int) @ also.T.astype(int)
        self.bits += rows + (_entropy_sums(p)[:, None] + _entropy_sums(q) - _mixed(p, q, same=b is None)) / 2
        self.rows += rows
        self.used += 1


def _distributions(maps: np.ndarray, itself: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rows over other words, or over all of them, float64 (h, m · m), all zero where a head's mass is 0; and where it
    is not, (h, m)."""
    rows, mass = normalised(maps.astype(np.float64), itself=itself)
    return rows.reshape(len(rows), -1), mass > 0


def _entropy_sums(cells: np.ndarray) -> np.ndarray:
    """L(x) along the last axis: (…, cells) → (…). 0 log 0 = 0."""
    logs = np.log2(cells, out=np.zeros_like(cells), where=cells > 0)
    return np.einsum("...c,...c->...", cells, logs)


def _mixed(p: np.ndarray, q: np.ndarray, *, same: bool) -> np.ndarray:
    """L(p + q) of each row of p with each of q: (h, c), (h', c) → (h, h'). same: q is p, so half of it is enough."""
    used = np.flatnonzero(p.any(0) | q.any(0))
    found = np.zeros((len(p), len(q)))
    for columns in np.array_split(used, -(-len(used) * len(q) // CELLS)) if len(used) else ():
        # 0 becomes the smallest float, whose x log2 x is negligible: no test per cell is needed.
        x, y = (np.maximum(part[:, columns], np.finfo(float).tiny) for part in (p, q))
        both, logs = np.empty_like(y), np.empty_like(y)
        for head, row in enumerate(x):
            others = slice(head if same else 0, None)
            total = np.add(row, y[others], out=both[others])
            found[head, others] += np.einsum("hc,hc->h", total, np.log2(total, out=logs[others]))
    return np.triu(found) + np.triu(found, 1).T if same else found
