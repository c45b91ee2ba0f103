"""The table behind a picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.heads.view import HeadView


def strongest(view: HeadView, most: int) -> pd.DataFrame:
    """The strongest links of a head, at most `most`, strongest first: rows of `links`, without making them all."""
    weights = np.where(view.allowed, view.weights, -1).ravel()
    few = np.argpartition(-weights, most)[:most] if most < weights.size else np.arange(weights.size)
    few = few[np.lexsort((few, -weights[few]))]
    return _rows(view, *np.divmod(few[weights[few] >= 0], max(len(view.keys), 1)))


def links(view: HeadView) -> pd.DataFrame:
    """Every link of a head, a row each, row by row of its map.

    Columns: `from_position`, `to_position` (places in the view, from 0, also in a window of it), `from`, `to` (what
    stands there), `weight` (share of the attention of `from`, [0, 1]); where the view measures that, `contribution` (a
    norm), `rollout` (a share), or of several heads at once `mean_weight`, `summed_weight` (from 0 to the number of
    heads) or `largest_weight` instead. In a causal model only what is not the future. Where the tokenizer did not
    know some characters also `from_unknown` and `to_unknown`: how many tokens there say so; where the text has named
    stretches `from_stretch` and `to_stretch`, like "prompt".
    """
    return _rows(view, *np.nonzero(view.allowed))


def _rows(view: HeadView, rows: np.ndarray, columns: np.ndarray) -> pd.DataFrame:
    looks, seen = (pd.array(list(axis.labels), dtype="str") for axis in (view.queries, view.keys))
    table = pd.DataFrame(
        {
            "from_position": rows + view.queries.start,
            "to_position": columns + view.keys.start,
            "from": looks.take(rows),
            "to": seen.take(columns),
            view.measure: view.weights[rows, columns],
        }
    )
    sides = (("from", view.queries, rows), ("to", view.keys, columns))
    if any(view.queries.unknown) or any(view.keys.unknown):
        for name, axis, places in sides:
            table[f"{name}_unknown"] = np.array(axis.unknown or (0,) * len(axis))[places]
    for name, axis, places in sides:
        if axis.stretches:
            table[f"{name}_stretch"] = pd.array(list(axis.stretches), dtype="str").take(places)
    return table
