"""All heads of a model over one text, for the atlas."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.analyses.scores.pattern_scores import PatternScores
from dashboard.analyses.scores.scores import OF_MODEL
from dashboard.capture import AttentionModel, Block, Visitor, visit
from dashboard.capture.maps.which_heads import existing
from dashboard.errors import UserError
from dashboard.heads.head_id import Part
from dashboard.heads.view import Between
from dashboard.text.encoding import Encoding


@dataclass(frozen=True, eq=False)
class Survey:
    """All heads over one text.

    Attributes
    ----------
    scores: a row per head: layer, head, then a column per score of `SCORES`, NaN where it has none
    thumbnails: float32 (layers, heads, t, t), t = min(32, n), each head's map (rows sum to 1; all zero in a layer
        without attention); or None
    n: the number of tokens; of cross attention that of the longer text
    part: of an encoder–decoder, the part whose heads these are
    """

    scores: pd.DataFrame
    thumbnails: np.ndarray | None
    n: int
    part: Part = ""


def survey(
    model: AttentionModel,
    encoding: Encoding,
    *,
    thumbnails: bool = True,
    induction: bool = True,
    between: Between | None = None,
    also: Visitor | None = None,
    layers: Collection[int] | None = None,
) -> Survey:
    """Scores and thumbnails of all heads, in one forward pass over the text.

    also: another visitor of the same pass; layers: only these (default: all), the scores of others are NaN
    between: for a sentence pair, the texts of queries and keys, see `PatternScores`
    induction: also compute the scores of `OF_MODEL` (one more short pass on their own input, once per model); NaN
        otherwise, and for a file of weights
    """
    part = None
    if between is not None:
        if encoding.second is None:
            raise UserError("This is one text. Give a second text to look between the two.")
        part = ("AB".index(between[0]), "AB".index(between[1]))
    patterns = PatternScores(
        encoding,
        model.layers,
        model.heads,
        model.causal,
        thumbnails=thumbnails,
        between=part,
        source=model.source_text,
        part=model.part,
    )
    visit(model, encoding, patterns if also is None else _Both(patterns, also), layers=layers)
    table = patterns.table()
    if induction and not patterns.two_texts and model.own_text is None:
        for name, scores_of in OF_MODEL.items():
            table[name] = scores_of(model).ravel()
    table = existing(model, table).reset_index(drop=True)
    return Survey(table, patterns.thumbnails, patterns.n, model.part)


@dataclass(frozen=True, eq=False)
class _Both:
    """Two visitors of one pass over one text."""

    first: Visitor
    second: Visitor

    two_texts = True

    def block(self, block: Block) -> None:
        self.first.block(block)
        self.second.block(block)
