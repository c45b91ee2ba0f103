"""Two heads of a model over a sentence: one named by grammar, one by meaning, and how the first was computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dashboard.analyses.explore.api import attentions
from dashboard.analyses.inside.api import look_at_layer
from dashboard.analyses.profile.names import HeadName
from dashboard.analyses.start.choose import MOST_WORDS, Side, candidates, most_telling
from dashboard.capture import AttentionModel
from dashboard.heads.head_id import HeadId
from dashboard.heads.make_view import make_view
from dashboard.text import Encoding

MANY_TOKENS = 4 * MOST_WORDS  # of a longer text only a few heads are compared: their maps would take room for nothing


@dataclass(frozen=True, eq=False)
class TwoHeads:
    """A head named by grammar and one named by meaning.

    Attributes
    ----------
    top, bottom: the heads over the words, special tokens hidden; the weights of the first are those of our own
        minimal attention
    difference: the largest |ours − the model's| over all heads of the first one's layer
    heads: how many that layer has
    cut: whether the text has more words than are shown
    """

    top: Side
    bottom: Side
    difference: float
    heads: int
    cut: bool


def two_heads(
    model: AttentionModel, text: str | Encoding, names: Mapping[HeadId, HeadName], *, bos: bool = True
) -> TwoHeads:
    """Of the heads named by a relation or syntax, and of those named by context, the one whose strongest link over at
    least three words is strongest on this text (`choose.strongest`).

    names: of all heads, from `head_names`. Raises UserError for a text without a word.
    """
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos)
    few = 2 if len(encoding) > MANY_TOKENS else None
    grammar, meaning = (some[:few] for some in candidates(names))
    every = attentions(model, encoding, dict.fromkeys([*grammar, *meaning]), unit="words", special="hide")
    views = {view.head: view for view in every}
    top = most_telling([views[head] for head in grammar])
    assert top is not None  # a model has a head
    bottom = most_telling([views[head] for head in meaning], but=[top.head]) or top
    layer = look_at_layer(model, encoding, top.head.layer)
    n = len(encoding)
    weights = layer.run.attend(layer.parts, slice(0, n)).head(top.head.head).weights
    ours = make_view(
        weights.numpy()[:, :n].astype(np.float32),
        top.head,
        encoding,
        unit="words",
        special="hide",
        causal=model.causal,
        model=model.title,
    )
    sides = [
        Side(view.window(0, MOST_WORDS) if len(view) > MOST_WORDS else view, names[view.head])
        for view in (ours, bottom)
    ]
    return TwoHeads(sides[0], sides[1], layer.check.weights, len(layer.parts[0]), len(ours) > MOST_WORDS)
