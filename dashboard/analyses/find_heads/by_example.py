"""Find heads by example: every head, ranked by its attention along marked pairs of words (METRICS §8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dashboard.analyses.find_heads.pair_shares import Pair, PairShares, drawn_sets, pair_shares
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.chance import p_of_pairs, q_values
from dashboard.heads.head_id import HeadId, head_columns, head_of, is_of, largest_first
from dashboard.text.display import marked
from dashboard.text.encoding import Encoding
from dashboard.text.word_named import ARROW, ends_of, word_named

MOST_PAIRS = 40


@dataclass(frozen=True, eq=False)
class Examples:
    """All heads of a model, ranked by lift on the marked pairs of one text.

    Attributes
    ----------
    table: a row per head, sorted by descending lift, then layer and head: layer, head, score (the mean share over the
        pairs), baseline (the mean of the pairs' baselines), lift = score - baseline, rank (the mean over the pairs), n
        (the number of pairs with a share), others (the number of word pairs behind the baselines), q (METRICS §10: the
        heads' p by random pairs at the same distances, corrected for their number). Shares and q are in [0, 1]
    pairs: the scored pairs (i → j), words counted from 0
    masked: pairs that look ahead, which no head of a causal model can see
    words: the words of the text, with unknown characters marked
    text, model, name, revision, reading: the text, the model's title, its name and revision, and how the text was read
    part, source: of a decoder "decoder", and the text that its encoder read; else ""
    sets: how many other sets of pairs this text has at the same distances
    least_p: the smallest p that a head can have among them; 1 where there is no other set
    """

    table: pd.DataFrame
    pairs: tuple[Pair, ...]
    masked: tuple[Pair, ...]
    words: tuple[str, ...]
    text: str
    model: str
    name: str
    revision: str
    reading: dict = field(default_factory=dict)
    part: str = ""
    source: str = ""
    sets: int = 0
    least_p: float = 1.0

    def named(self, pair: Pair) -> str:
        """``says → chef``."""
        return f"{self.words[pair[0]]} → {self.words[pair[1]]}"

    @property
    def best(self) -> HeadId:
        return head_of(self.table.iloc[0])

    def row(self, head: HeadId) -> pd.Series:
        """A head's row of the table."""
        return self.table[is_of(self.table, head)].iloc[0]


def examples(model: AttentionModel, encoding: Encoding, pairs: Sequence[Pair], reading: dict | None = None) -> Examples:
    """Every head's share along these pairs (i → j) of the text's words, and its baseline; see `pair_shares`.

    Raises UserError if there is no pair, if one is not in the text or pairs a word with itself, and if a causal model
    can see none of the pairs.
    """
    words = marked([word.form for word in encoding.words], encoding.unread)
    given = checked(encoding, pairs)
    masked = tuple(pair for pair in given if model.causal and pair[1] > pair[0])
    scored = tuple(pair for pair in given if pair not in masked)
    if not scored:
        raise UserError(looks_ahead(words, masked, model.title) + " Mark the pair the other way round.")
    sets, p = drawn_sets(len(encoding.words), scored, model.causal), np.full(len(model.all_heads), np.nan)

    def cells(_: int, heads: slice, shares: np.ndarray) -> None:
        p[heads] = p_of_pairs(sets, shares)

    [found] = pair_shares(model, [encoding], [scored], cells)
    table = by_lift(found, scored, model.all_heads, q_values(p))
    origin = encoding.texts[0], model.title, model.name, model.revision, reading or {}
    return Examples(table, scored, masked, words, *origin, *model.read_beside, sets.others, sets.least)


def checked(encoding: Encoding, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The distinct pairs. Raises UserError as `examples` does."""
    m = len(encoding.words)
    given = numbered(pairs)
    if m < 2:
        raise UserError("A pair takes two words, and this text has one. Type a sentence.")
    if not given:
        raise UserError("No pair of words is marked. Mark at least one, like says > chef.")
    if len(given) > MOST_PAIRS:
        raise UserError(f"{len(given)} pairs are marked; at most {MOST_PAIRS} are allowed. Remove some.")
    for i, j in given:
        if not (0 <= i < m and 0 <= j < m):
            raise UserError(f"There is no pair {i} > {j}: the words of this text are numbered 0 to {m - 1}.")
        if i == j:
            raise UserError(f"“{encoding.words[i].form}” is paired with itself. Mark two different words.")
    return given


def numbered(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The pairs as Python's own numbers, each once."""
    return tuple(dict.fromkeys((int(i), int(j)) for i, j in pairs))


def pairs_of(encoding: Encoding, typed: str) -> tuple[Pair, ...]:
    """Parse typed pairs, separated by commas or line ends: ``says > chef, 9 > 1``.

    Raises UserError for a part that is not a pair, and as `word_named`, which reads each word.
    """
    return pairs_between(encoding, encoding, typed)


def pairs_between(queries: Encoding, keys: Encoding, typed: str) -> tuple[Pair, ...]:
    """As `pairs_of`, from words of one text to words of another."""
    return tuple(_pair(queries, keys, part) for part in re.split(r"[,;\n]", typed) if part.strip())


def _pair(queries: Encoding, keys: Encoding, typed: str) -> Pair:
    query, key = ends_of(typed)
    return word_named(queries, query), word_named(keys, key)


def as_typed(encoding: Encoding, pairs: Sequence[Pair], keys: Encoding | None = None) -> str:
    """Pairs in the format of `pairs_of`, one per line: ``says → chef``; ambiguous words by number. keys: the text of
    the second words, where that is another"""
    looks, seen = ([word.form for word in one.words] for one in (encoding, keys or encoding))

    def name(forms: list[str], k: int) -> str:
        form = forms[k]
        clear = forms.count(form) == 1 and form == form.strip() and len(form) <= 60 and not re.search(r"[,;\n\r]", form)
        return form if clear and not form.isdigit() and not ARROW.search(form) else str(k)

    return "\n".join(f"{name(looks, i)} → {name(seen, j)}" for i, j in pairs)


def by_lift(found: PairShares, pairs: Sequence[Pair], heads: Sequence[HeadId], q: np.ndarray) -> pd.DataFrame:
    """The table of `Examples`. heads: the head of each row of `found`, and of q"""
    _, first_of_offset = np.unique([j - i for i, j in pairs], return_index=True)
    score, baseline = _mean(found.share), _mean(found.baseline)
    table = pd.DataFrame(
        {
            **head_columns(heads),
            "score": score,
            "baseline": baseline,
            "lift": score - baseline,
            "rank": _mean(found.rank),
            "n": np.isfinite(found.share).sum(1),
            "others": found.others[:, first_of_offset].sum(1),
            "q": q,
        }
    )
    by = ["lift", "score"] if table["lift"].notna().any() else ["score"]
    return largest_first(table, *by)


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over the pairs that have a value: (h, P) → (h); NaN if none has."""
    count = np.isfinite(values).sum(1)
    return np.divide(np.nansum(values, 1), count, out=np.full(len(values), np.nan), where=count > 0)


def looks_ahead(words: Sequence[str], masked: Sequence[Pair], model: str) -> str:
    """A sentence: no head of a causal model can see these pairs."""
    named = ", ".join(f"{words[i]} → {words[j]}" for i, j in masked[:4]) + (" …" if len(masked) > 4 else "")
    looks = "looks" if len(masked) == 1 else "look"
    return f"{named} {looks} ahead. {model} is causal, so none of its heads can see that."
