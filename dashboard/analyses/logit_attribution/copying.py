"""Copying: does a head raise the logit of the token that it attends to? METRICS §8."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import torch

from dashboard.builtin.attention import Layer
from dashboard.capture import AttentionModel
from dashboard.capture.layer_trace import LayerRun, watch_layers
from dashboard.capture.unembedding import Unembedding
from dashboard.errors import UserError
from dashboard.heads.bootstrap import intervals
from dashboard.heads.head_id import HeadId, head_columns
from dashboard.text.encoding import Encoding

SHARE = 100  # one in this many vocabulary tokens counts as most raised
ROWS = 64  # tokens whose logits are in memory at once
THIN = 8  # a token not among the most raised of every 8th vocabulary token is not among those of all


@dataclass(frozen=True, eq=False)
class CopyingCorpus:
    """The tokens of S sentences without special ones, as counts of T distinct tokens and P distinct pairs.

    Attributes
    ----------
    ids: the distinct tokens, ascending (T)
    pairs: the distinct (token, token at the next position), as places in `ids` (P, 2)
    tokens, follows: the counts of each token and each pair in each sentence: int (S, T), (S, P)
    """

    ids: np.ndarray
    pairs: np.ndarray
    tokens: np.ndarray
    follows: np.ndarray


def copying_corpus(encodings: Sequence[Encoding]) -> CopyingCorpus:
    """Count the tokens of sentences and the pairs of neighbours. The last token of a sentence, and one before a special
    token, has no next token."""
    own = [np.array([None if s else i for i, s in zip(e.ids, e.special, strict=True)], object) for e in encodings]
    ids = sorted({token for one in own for token in one if token is not None})
    place = {token: k for k, token in enumerate(ids)}
    seen = [[place[token] for token in one if token is not None] for one in own]
    near = [[(place[a], place[b]) for a, b in pairwise(one) if a is not None and b is not None] for one in own]
    pairs = sorted({pair for one in near for pair in one})
    at = {pair: k for k, pair in enumerate(pairs)}
    tokens, follows = np.zeros((len(own), len(ids)), int), np.zeros((len(own), len(pairs)), int)
    for sentence, (some, two) in enumerate(zip(seen, near, strict=True)):
        np.add.at(tokens[sentence], some, 1)
        np.add.at(follows[sentence], [at[pair] for pair in two], 1)
    return CopyingCorpus(np.array(ids, int), np.array(pairs, int).reshape(-1, 2), tokens, follows)


def raised_most(
    values: torch.Tensor, to_logits: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Whether a target is among the 1 % of tokens whose logits another token's value raises most: bool (P).

    The logits are values · to_logits. A target is among the most raised if fewer than V / 100 others (rounded down, at
    least 1) are raised as much or more.

    Parameters
    ----------
    values: (T, d); to_logits: the map from a value to the logits (d, V)
    rows, targets: the row of each token in `values`, and the id of each target (P)
    """
    most = max(1, to_logits.shape[1] // SHARE)
    found = torch.zeros(len(rows), dtype=torch.bool, device=values.device)
    candidates = _may_be(values, to_logits, rows, targets, most)
    for some in candidates.split(ROWS):
        logits = (values[rows[some]] @ to_logits).cpu().numpy()
        own = np.take_along_axis(logits, targets[some, None].cpu().numpy(), 1)
        as_much = np.count_nonzero(logits >= own, axis=1)  # with itself; much faster than torch's sum of bools
        found[some] = torch.as_tensor(as_much <= most, device=values.device)
    return found


def _may_be(values, to_logits, rows, targets, most: int) -> torch.Tensor:
    """The pairs that every 8th vocabulary token does not rule out: if more than `most` of these are raised as much, so
    are more than `most` of all. Exact, and saves nearly all of the work."""
    thin = to_logits[:, ::THIN].contiguous()
    if thin.shape[1] <= most:
        return torch.arange(len(rows), device=values.device)
    least = torch.cat([(some @ thin).topk(most + 1, sorted=False).values.amin(1) for some in values.split(ROWS)])
    own = (values[rows] * to_logits.T[targets]).sum(1)
    slack = 1e-4 * own.abs()  # two products of the same numbers differ by rounding
    return torch.nonzero(own + slack > least[rows])[:, 0]


@torch.inference_mode()
def copies(unembedding: Unembedding, layer: Layer, head: int, embeddings: torch.Tensor, corpus: CopyingCorpus):
    """For one head, whether each token t raises t, and whether t raises the next token of each pair: bool (T), (P).

    v = E[t] W_V W_O of the head. E[t] is the row of the embedding matrix as it is (no norm before the layer, no
    position); W_V is that of the head's group if heads share values; biases are left out, as they are the same for
    every t. Then come the final norm and the unembedding. The norm's scale depends on a text, and there is none: it is
    left out, since one positive factor on all logits of a token does not change their order. The norm's gain and, if
    it has one, its subtraction of the mean stay.
    """
    own = layer.head(head)
    to_logits = unembedding.unembed(unembedding.frozen(own.w_o))
    values = embeddings @ own.w_v
    device = values.device
    ids = torch.as_tensor(corpus.ids, device=device)
    pairs = torch.as_tensor(corpus.pairs, device=device)
    same = torch.arange(len(ids), device=device)
    rows, targets = torch.cat([same, pairs[:, 0]]), torch.cat([ids, ids[pairs[:, 1]]])
    found = raised_most(values, to_logits, rows, targets).cpu().numpy()
    return found[: len(ids)], found[len(ids) :]


def copying_table(
    unembedding: Unembedding,
    model: AttentionModel,
    encodings: Sequence[Encoding],
    heads: Iterable[HeadId],
    progress: Callable[[int], None] | None = None,
) -> pd.DataFrame:
    """The copying scores of some heads over sentences (METRICS §8), a row per head in order of layer and head.

    Returns
    -------
    columns layer, head; copying: the share of tokens t that are among the 1 % of vocabulary tokens that v(t) raises
    most, in [0, 1]; baseline: the same for the token at the next position, over the tokens that have one in their
    sentence; each with _low and _high, 95 % bootstrap over sentences (empty for one sentence); sentences, tokens, pairs
    (the number of tokens with a next one).

    progress: called with the number of heads done. Raises UserError if a layer's W_V cannot be identified, or does not
    fit the embeddings.
    """
    corpus = copying_corpus(encodings)
    embeddings = model.loaded.model.get_input_embeddings().weight.detach()[torch.as_tensor(corpus.ids)]
    wanted = sorted(set(heads))
    found: list[HeadId] = []
    rows: list[dict] = []

    def receive(run: LayerRun) -> None:
        layer = run.layer
        if layer is None or run.w_o is None or layer.w_v.shape[0] != embeddings.shape[1]:
            raise UserError(
                f"Layer {run.number} of {model.title} does not show the output of single heads for an embedding, so "
                "they have no copying score. Choose another model for this."
            )
        for head in (one for one in wanted if one.layer == run.number):
            itself, after = copies(unembedding, layer, head.head, embeddings, corpus)
            found.append(head)
            rows.append(_share("copying", corpus.tokens, itself) | _share("baseline", corpus.follows, after))
            if progress:
                progress(len(rows))

    watch_layers(model, encodings[0], receive, list(dict.fromkeys(head.layer for head in wanted)))
    table = pd.concat([pd.DataFrame(head_columns(found)), pd.DataFrame(rows)], axis=1)
    return table.assign(sentences=len(encodings), tokens=int(corpus.tokens.sum()), pairs=int(corpus.follows.sum()))


def _share(name: str, counts: np.ndarray, hits: np.ndarray) -> dict[str, float]:
    """Σ hits / Σ cases, with its interval over sentences."""
    above, below = counts @ hits, counts.sum(1)
    low, high = intervals(above, below) if len(below) > 1 else (np.nan, np.nan)
    share = above.sum() / below.sum() if below.sum() else np.nan
    return {name: float(share), f"{name}_low": float(low), f"{name}_high": float(high)}
