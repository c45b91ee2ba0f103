"""The direct contribution of every part of a model to one logit: the embedding, heads, biases, feed-forward parts.

The vector after the last layer is a sum of these parts. With the final norm frozen, the logits are the sum of their
contributions and a constant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd
import torch

from dashboard.analyses.logit_attribution.direct import DirectPath, added_by, logit_changes
from dashboard.capture import AttentionModel
from dashboard.capture.added import factors
from dashboard.capture.layer_trace import LayerRun, watch_layers
from dashboard.capture.residual_stream import Step, both_attentions, follow
from dashboard.errors import UserError
from dashboard.text.encoding import Encoding

TOGETHER = 32  # parts whose logits are in memory at once


@dataclass(frozen=True, eq=False)
class StreamParts:
    """The P parts that sum to the vector of one token after the last layer.

    Attributes
    ----------
    names: a row per part: part ("embedding", including that of the position if the model adds one; "head"; "bias", of
        the output projection; "feed_forward"), layer, head (empty if it has none); of a decoder with a source also
        "cross_head" and "cross_bias"
    vectors: (P, D) float32
    """

    names: pd.DataFrame
    vectors: torch.Tensor


@dataclass(frozen=True, eq=False)
class LogitParts:
    """The direct contribution of each part of a model to one logit.

    table: a row per part: part, layer, head, logit, beyond_mean, see `parts_table`; the logits sum to the model's
        own
    piece, label: the id of the vocabulary token, and its readable form
    query, after: the token, from 0, after which the model predicts, and its label
    text, model, name, revision, reading, part, source: as in `Attribution`
    """

    table: pd.DataFrame
    piece: int
    label: str
    query: int
    after: str
    text: str
    model: str
    name: str = ""
    revision: str = ""
    reading: Mapping[str, object] = field(default_factory=dict)
    part: str = ""
    source: str = ""

    @property
    def heads(self) -> pd.DataFrame:
        """The rows of heads, with the columns that say which head each is of, logit and beyond_mean."""
        rows = self.table[self.table["part"].isin(["head", "cross_head"])]
        if not self.source:
            return rows.drop(columns="part")
        return rows.assign(part=["cross" if part == "cross_head" else "decoder" for part in rows["part"]])


class _Rows:
    """Follower: collects one token's embedding and what the feed-forward parts add to it."""

    def __init__(self, query: int):
        self.query = query
        self.parts: list[tuple[tuple, torch.Tensor]] = []

    def step(self, step: Step) -> None:
        if step.layer == 0:
            self.parts.append((("embedding", None, None), step.before[self.query].clone()))
        self.parts.append((("feed_forward", step.layer, None), step.feed_forward[self.query].clone()))


@torch.inference_mode()
def stream_parts(model: AttentionModel, encoding: Encoding, query: int) -> StreamParts:
    """The parts of the token `query`, from 0, in two forward passes: one for the heads, one for the rest. Of a decoder
    with a source its own heads take one, and those of its cross attention another.

    Raises UserError for a token that does not exist.
    """
    if not 0 <= query < len(encoding):
        raise UserError(f"This text has tokens 0 to {len(encoding) - 1}.")
    rows = _Rows(query)
    follow(model, encoding, rows)
    parts = rows.parts

    both = ((model, ""),) if model.given is None else zip(both_attentions(model), ("", "cross_"), strict=True)
    for one, kind in both:
        parts += _of_heads(one, encoding, query, kind)
    names = pd.DataFrame([name for name, _ in parts], columns=["part", "layer", "head"])
    return StreamParts(names.astype({"layer": "Int64", "head": "Int64"}), torch.stack([one for _, one in parts]))


def _of_heads(model: AttentionModel, encoding: Encoding, query: int, kind: str) -> list[tuple[tuple, torch.Tensor]]:
    """What every head of a model, and the bias of each output projection, adds to the token. kind: before their name"""
    parts: list[tuple[tuple, torch.Tensor]] = []
    by_layer = factors(model, encoding)

    def receive(run: LayerRun) -> None:
        factor = by_layer[run.number]
        row = run.attend(run.parts(), slice(query, query + 1))
        for head, vector in enumerate(added_by(run, row.mixed)[:, 0] * factor):
            parts.append(((f"{kind}head", run.number, head), vector))
        if isinstance(run.b_o, torch.Tensor):
            parts.append(((f"{kind}bias", run.number, None), run.b_o * factor))

    watch_layers(model, encoding, receive)
    return parts


def part_logits(path: DirectPath, parts: StreamParts, query: int) -> Iterator[torch.Tensor]:
    """The contributions of the parts to every logit of the token, in order, a block of parts at a time: (p, V)."""
    for block in parts.vectors.split(TOGETHER):
        yield logit_changes(path.unembedding, block, path.scale[query])


@torch.inference_mode()
def parts_table(path: DirectPath, parts: StreamParts, query: int, token: int | None = None) -> tuple[pd.DataFrame, int]:
    """The contribution of each part to the logit of one token (None: the most probable next one), and that token's id.

    A row per part: part, layer, head, logit, beyond_mean (logit − the part's mean over the vocabulary, since an equal
    change of all logits does not move the softmax); the last is "constant", the biases of the final norm and the head.
    The logits sum to the model's own logit of that token. Raises UserError for a token that is not in the vocabulary.
    """
    if token is None:
        whole = logit_changes(path.unembedding, parts.vectors.sum(0, keepdim=True), path.scale[query])[0]
        token = int((whole + path.unembedding.constant).argmax())
    if not 0 <= token < path.unembedding.vocabulary:
        raise UserError(f"The vocabulary has tokens 0 to {path.unembedding.vocabulary - 1}; there is no token {token}.")
    pairs = [
        torch.stack([block[:, token], block[:, token] - block.mean(1)]) for block in part_logits(path, parts, query)
    ]
    logits, beyond = torch.cat(pairs, 1).cpu().numpy()
    always = path.unembedding.constant
    constant = {"part": ["constant"], "logit": [float(always[token])]}
    constant["beyond_mean"] = [float(always[token] - always.mean())]
    every = [parts.names.assign(logit=logits, beyond_mean=beyond), pd.DataFrame(constant)]
    table = pd.concat(every, ignore_index=True)
    return table.astype({"layer": "Int64", "head": "Int64"}), token
