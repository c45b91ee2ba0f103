"""A head's top activating sentences, and typical ones from every decile, so that neither is taken for the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dashboard.heads.head_id import every_head, head_columns

EXAMPLE_FIGURES = ("position", "syntax", "context")
STRONGEST, PER_DECILE, FEWEST_QUERIES, SEED = 5, 2, 5, 0
KINDS = ("strongest", "decile")


def top_examples(
    bits: Mapping[str, np.ndarray], queries: np.ndarray, sentences: np.ndarray, layers: int, heads: int
) -> pd.DataFrame:
    """For each head and figure the strongest sentences, and a sample from each decile of the score.

    A sentence's score is its held-out bits per query word: Σ over its queries / their number. Sentences with fewer than
    5 scored queries are left out: their means are easily extreme. Of n sentences, ordered by score (ties: the earlier
    in the file is the lower), that of rank r, from 0, is in decile ⌊10 r / n⌋ + 1. Two of each decile are drawn,
    independently of the strongest, by ``numpy.random.default_rng((0, head's place, figure's place))``, decile 1
    first; where a decile has fewer, all.

    Parameters
    ----------
    bits: for each of `EXAMPLE_FIGURES` the sum over each sentence's queries (S, h)
    queries: the number of a sentence's words that are scored for each head (S, h)
    sentences: each sentence's place in the file, from 0 (S)

    Returns
    -------
    A row per sentence chosen: layer, head, figure, kind (`KINDS`: the strongest, highest first, then those drawn),
    decile (1 to 10, 10 the highest), sentence, score (bits per query word), queries. No row where a head has no figure.
    """
    every = every_head(layers, heads)
    whose = [(place, figure) for place in range(len(every)) for figure in EXAMPLE_FIGURES]
    found = [
        _of_head(bits[figure][:, place], queries[:, place], (SEED, place, EXAMPLE_FIGURES.index(figure)))
        for place, figure in whose
    ]
    number = [len(one["row"]) for one in found]
    of = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    return pd.DataFrame(
        {
            **head_columns([every[place] for place in np.repeat([place for place, _ in whose], number)]),
            "figure": np.repeat([figure for _, figure in whose], number).astype(object),
            "kind": of["kind"],
            "decile": of["decile"],
            "sentence": np.asarray(sentences)[of["row"]],
            "score": of["score"],
            "queries": of["queries"],
        }
    )


def _of_head(bits: np.ndarray, queries: np.ndarray, seed: tuple[int, int, int]) -> dict[str, np.ndarray]:
    rows = np.flatnonzero((queries >= FEWEST_QUERIES) & ~np.isnan(bits))
    score = bits[rows] / queries[rows]
    order = np.argsort(score, kind="stable")
    n = len(order)
    decile = np.arange(n) * 10 // max(n, 1) + 1
    generator = np.random.default_rng(seed)
    strongest = np.arange(n)[::-1][:STRONGEST]
    drawn = [
        np.sort(generator.choice(ranks, min(PER_DECILE, len(ranks)), replace=False))
        for ranks in (np.flatnonzero(decile == k) for k in range(1, 11))
    ]
    ranks = np.concatenate([strongest, *drawn]).astype(int)
    chosen = rows[order[ranks]]
    return {
        "row": chosen,
        "kind": np.repeat(KINDS, [len(strongest), len(ranks) - len(strongest)]).astype(object),
        "decile": decile[ranks],
        "score": score[order[ranks]].astype(np.float32),
        "queries": queries[chosen].astype(int),
    }
