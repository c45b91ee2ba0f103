"""Induction heads (Olsson et al. 2022), on the standard input of METRICS §1: a random sequence, twice in a row."""

from __future__ import annotations

import sys
from weakref import WeakKeyDictionary

import numpy as np

from dashboard.capture import AttentionModel, Block, visit
from dashboard.heads.head_id import HeadId
from dashboard.text.encoding import Encoding

LENGTH = 50

# Neither the input nor the scores depend on the text. An entry goes with its model.
_known: WeakKeyDictionary[AttentionModel, np.ndarray] = WeakKeyDictionary()


def induction_scores(model: AttentionModel) -> np.ndarray:
    """Each head's attention to the token after the earlier occurrence of the query's token: (layers, heads), [0, 1].

    The mean of A[i, i - 49] over the second half of 50 random tokens, repeated once. NaN in a layer whose window is
    shorter, and where the model cannot read a text that long.
    """
    if model not in _known:
        _known[model] = _measure(model)
    return _known[model].copy()


def induction_of_heads(model: AttentionModel) -> dict[HeadId, float]:
    """The same by head, those left out for which there is no score."""
    scores = induction_scores(model)
    found = {head: float(scores[head.layer, head.head]) for head in model.all_heads}
    return {head: score for head, score in found.items() if not np.isnan(score)}


def standard_input(model: AttentionModel) -> Encoding:
    """50 different ids that are not special, drawn with seed 0, twice, between the model's own special tokens."""
    ids = np.random.default_rng(0).choice(_plain_ids(model), LENGTH, replace=False)
    frame = model.encode("a")
    own = [place for place, special in enumerate(frame.special) if not special]
    front, back = frame.ids[: own[0]], frame.ids[own[-1] + 1 :]
    ids = (*front, *map(int, ids), *map(int, ids), *back)
    special = (True,) * len(front) + (False,) * (2 * LENGTH) + (True,) * len(back)
    tokens = tuple(model.loaded.tokenizer.convert_ids_to_tokens(list(ids)))
    return Encoding("", ids, tokens, tokens, ((0, 0),) * len(ids), special, added=frame.added)


def _plain_ids(model: AttentionModel) -> list[int]:
    """All ids in the vocabulary that are not special, in order; letters and digits of a model that reads characters."""
    tokenizer, table = model.loaded.tokenizer, model.token_table
    if table is None:
        return [number for number in range(sys.maxunicode + 1) if chr(number).isalnum()]
    special = set(tokenizer.all_special_ids)
    special |= {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    rows = table.weight.shape[0]
    return sorted(token for token in set(tokenizer.get_vocab().values()) - special if token < rows)


class _Induction:
    """Visitor: Σ A[i, i - 49] over the second half, and the number of rows."""

    def __init__(self, model: AttentionModel, first: int):
        self.second = range(first + LENGTH, first + 2 * LENGTH)
        self.sums = np.zeros((model.layers, model.heads))
        self.rows = np.zeros(model.layers)

    def block(self, block: Block) -> None:
        rows = [i for i in range(block.rows.start, block.rows.stop) if i in self.second]
        queries, keys = np.array(rows, int) - block.rows.start, np.array(rows, int) - LENGTH + 1
        if block.allowed is not None:
            visible = block.allowed.cpu().numpy()[queries, keys]
            queries, keys = queries[visible], keys[visible]
        self.sums[block.layer, list(block.heads)] += block.weights[:, queries, keys].double().sum(1).cpu().numpy()
        self.rows[block.layer] += len(queries)


def _measure(model: AttentionModel) -> np.ndarray:
    encoding = standard_input(model)
    if len(encoding) > model.limit:
        return np.full((model.layers, model.heads), np.nan)
    visitor = _Induction(model, encoding.special.index(False))
    visit(model, encoding, visitor)
    return visitor.sums / np.where(visitor.rows > 0, visitor.rows, np.nan)[:, None]
