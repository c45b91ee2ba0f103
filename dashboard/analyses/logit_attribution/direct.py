"""Direct logit attribution: the next tokens whose logits a head raises and lowers, and the keys that it attends to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from dashboard.builtin.attention import contributions
from dashboard.capture import AttentionModel
from dashboard.capture.added import factors
from dashboard.capture.layer_trace import LayerRun
from dashboard.capture.unembedding import Unembedding, final_norm, unembedding
from dashboard.errors import UserError
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
from dashboard.text.display import vocabulary_labels
from dashboard.text.encoding import Encoding

MOST = 10  # tokens raised, tokens lowered, and keys
OTHERS = 16  # query tokens to compare with

Parts = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Attribution:
    """The direct logit attribution of one head at one token, with V tokens in the vocabulary.

    Attributes
    ----------
    head, query: the head; the token, from 0, after which the model predicts
    label: of the query token
    raised, lowered: the tokens whose logits it changes most, the largest change first: id, piece, logit (the change)
    mean: of the change over the vocabulary; an equal change of all logits does not move the softmax
    vocabulary: V
    alike: the mean share of `raised` that is also among the same number of tokens raised most at another query, in
        [0, 1]: near 1, the head writes the same at every query; NaN if there is no other
    others: the number of these other queries, evenly spread over the text
    read: the keys of the query, the strongest first: position, text, weight (in [0, 1]); unknown, see `table`
    text, model, name, revision, reading: as in `Inside`
    part, source: of a decoder "decoder" or "cross" and what its encoder read, whose tokens are the keys of cross
        attention; "" of any other model
    """

    head: HeadId
    query: int
    label: str
    raised: pd.DataFrame
    lowered: pd.DataFrame
    mean: float
    vocabulary: int
    alike: float
    others: int
    read: pd.DataFrame
    text: str
    model: str
    name: str = ""
    revision: str = ""
    reading: Mapping[str, object] = field(default_factory=dict)
    part: str = ""
    source: str = ""

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each token and key: kind ("raised", "lowered", "read"), rank (from 1), text, id (of a token),
        position (of a key), logit, beyond_mean (logit − mean), weight; if the tokenizer did not know some characters
        also unknown: 1 for an unknown key."""
        kinds = {
            "raised": self.raised.rename(columns={"piece": "text"}),
            "lowered": self.lowered.rename(columns={"piece": "text"}),
            "read": self.read,
        }
        frames = [frame.assign(kind=kind, rank=range(1, len(frame) + 1)) for kind, frame in kinds.items()]
        whole = pd.concat(frames, ignore_index=True).astype({"id": "Int64", "position": "Int64"})
        whole["beyond_mean"] = whole["logit"] - self.mean
        columns = ["kind", "rank", "text", "id", "position", "logit", "beyond_mean", "weight"]
        if "unknown" not in whole:
            return whole[columns]
        return whole[[*columns, "unknown"]].astype({"unknown": "Int64"})


@dataclass(frozen=True, eq=False)
class DirectPath:
    """The direct path from what is added to the residual stream to the logits on one text, without the layers between.

    unembedding: the model's final norm and unembedding; scale: of the norm at each token (n); factors: of each layer's
    output projection, see `dashboard.capture.added.factors` (L)
    """

    unembedding: Unembedding
    scale: torch.Tensor
    factors: tuple[float, ...]


def direct_path(model: AttentionModel, encoding: Encoding) -> DirectPath | None:
    """The direct path for a text, in one forward pass; what depends on the model only is computed once per model.

    None if the model predicts no next token. Raises UserError as `unembedding` and `factors` do, if the path from a
    head to the logits cannot be identified.
    """
    found = unembedding(model, encoding)
    if found is None:
        return None
    by_layer = factors(model, encoding)
    return DirectPath(found, final_norm(model, encoding, found)[0], by_layer)


def logit_changes(unembedding: Unembedding, vectors: torch.Tensor, scale: torch.Tensor | float) -> torch.Tensor:
    """The change of a token's logits (m, V) by vectors (m, D) that are added to its residual stream.

    unembed((v − mean v) · gain · scale): the mean is subtracted only if the norm does so, and the scale is that of the
    intact stream at that token (frozen). Linear, without biases: the changes by all parts of the stream sum to the
    logits minus `Unembedding.constant`.
    Source: Elhage et al. 2021, "A mathematical framework for transformer circuits".
    """
    return unembedding.unembed(unembedding.frozen(vectors, scale).float())


@torch.inference_mode()
def direct_attribution(
    path: DirectPath,
    model: AttentionModel,
    encoding: Encoding,
    run: LayerRun,
    parts: Parts,
    head: int,
    query: int,
    reading: Mapping[str, object],
) -> Attribution:
    """The direct logit attribution of a head at a token: (Σ_j A[i, j] v_j) W_O through the direct path to the logits.

    Parameters
    ----------
    run, parts: the head's layer over this text, and the queries, keys and values of all its heads
    head, query: counted from 0
    reading: how the text was read

    Raises UserError for a head or a token that does not exist.
    """
    heads, n = parts[0].shape[0], len(encoding)
    if not 0 <= head < heads:
        raise UserError(f"{model.title} has heads 0 to {heads - 1}; there is no head {head}.")
    if not 0 <= query < n:
        raise UserError(f"This text has tokens 0 to {n - 1}.")
    row = run.attend(parts, slice(query, query + 1))
    added = added_by(run, row.mixed)[head] * path.factors[run.number]
    change = logit_changes(path.unembedding, added, path.scale[query])[0].cpu()
    raised, lowered = (_most(change, sign, model.loaded.tokenizer) for sign in (1, -1))
    elsewhere = _elsewhere(n, query)
    also = _raised(path, run, parts, head, elsewhere, len(raised), len(model.loaded.tokenizer))
    alike = np.mean([len({*raised["id"]} & {*ids}) / len(raised) for ids in also]) if len(raised) and also else np.nan
    return Attribution(
        HeadId(run.number, head, model.part),
        query,
        encoding.drawn[query],
        raised,
        lowered,
        float(change.mean()),
        len(change),
        float(alike),
        len(elsewhere),
        _keys(row.weights[head, 0], model.source_text or encoding),
        encoding.texts[0],
        model.title,
        model.name,
        model.revision,
        reading,
        *model.read_beside,
    )


def added_by(run: LayerRun, mixed: torch.Tensor) -> torch.Tensor:
    """What each head of a layer adds to the residual stream (h, m, D), before the layer's factor.

    mixed: Σ_j A[i, j] v_j of each head (h, m, d). Raises UserError if the output projection cannot be seen.
    """
    if run.w_o is None:
        raise UserError(
            f"The output projection of layer {run.number} cannot be read, so the effect of its heads on logits is "
            "unknown. Choose another model for this."
        )
    return contributions(mixed, run.w_o)


def _elsewhere(n: int, query: int) -> list[int]:
    """Some tokens of a text of n, evenly spread, without `query` and without the first, where all heads of a causal
    model attend to the same single key."""
    others = [token for token in range(1, n) if token != query]
    return [others[k * len(others) // OTHERS] for k in range(OTHERS)] if len(others) > OTHERS else others


def _raised(
    path: DirectPath, run: LayerRun, parts: Parts, head: int, tokens: Sequence[int], most: int, vocabulary: int
) -> list[list[int]]:
    """For each query token, the ids of the tokens that the head raises most."""
    added = [added_by(run, run.attend(parts, slice(t, t + 1)).mixed)[head] for t in tokens]
    if not added or not most:
        return []
    change = logit_changes(
        path.unembedding, torch.cat(added) * path.factors[run.number], path.scale[list(tokens), None]
    )
    return change[:, :vocabulary].topk(most).indices.tolist()


def _most(change: torch.Tensor, sign: int, tokenizer) -> pd.DataFrame:
    """The tokens whose logits change most in the direction of `sign`, without unused rows of the vocabulary."""
    known = sign * change[: len(tokenizer)]
    values, ids = known.topk(min(MOST, len(known)))
    ids = ids[values > 0].tolist()
    return pd.DataFrame({"id": ids, "piece": vocabulary_labels(tokenizer, ids), "logit": change[ids].tolist()})


def _keys(weights: torch.Tensor, encoding: Encoding) -> pd.DataFrame:
    keys, unknown = (*encoding.drawn, "(nowhere)"), (*encoding.unknown, False)
    values, places = weights.topk(min(MOST, len(weights)))
    places = places[values > 0].tolist()
    found = {"position": places, "text": [keys[k] for k in places], "weight": weights[places].tolist()}
    if any(unknown):
        found["unknown"] = [int(unknown[k]) for k in places]
    return pd.DataFrame(found)


def attribution_baseline(found: Attribution) -> str:
    """A sentence on whether the head writes the same at other queries; "" if there are none."""
    if np.isnan(found.alike):
        return ""
    most = len(found.raised)
    return (
        f"Of the {most} tokens that it raises most here, {found.alike * most:.1f} are also among the {most} "
        f"that it raises most elsewhere in the text (mean over {counted(found.others, 'tokens')}; {most} of {most}: it "
        "writes the same everywhere)."
    )
