"""What flows through a model: every layer takes a vector for each token and adds to it.

A layer's attention and its feed-forward part each end in an addition to the stream. Those two additions are found by
watching the arithmetic of a forward pass, not by the names of modules: the first sum of something that came out of
the heads with something that did not is where attention is added, and what is added to the stream after it (or, in a
model whose parts run side by side, together with it) is the feed-forward part. So one piece of code reads models that
normalise before their parts, after them, on both sides, or run them in parallel, and says so where it cannot.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch

from dashboard.capture import tap
from dashboard.capture.attention_call import Call, Heads
from dashboard.capture.find_layers import NEVER, blocks_of, hooked, inseparable, vectors_in
from dashboard.capture.maps import own_mixes, said_by
from dashboard.capture.model import AttentionModel
from dashboard.capture.residual_additions import Sums
from dashboard.capture.weight_file import check_tap
from dashboard.heads.head_id import Part
from dashboard.text.encoding import Encoding

# What is left of a change when both parts are taken from it, above which a model without a normalisation of the
# stream itself must be doing something that was not seen.
ROUNDING = 1e-3


@dataclass(frozen=True, eq=False)
class Step:
    """What one layer did to the stream: `after = before + attention + cross_attention + feed_forward + normalisation`.

    Attributes
    ----------
    layer: which layer, from 0
    before, after: the vector of each token as it enters and leaves the layer, (n, D) float32
    attention: what the attention part adds to the stream: all heads through the output projection, its bias and
        whatever the model does to it before the addition (a scale, a norm of its own)
    feed_forward: what the feed-forward part adds to the stream, likewise
    cross_attention: what a decoder's attention to a source adds to the stream, likewise; None in other models
    normalisation: the remainder. A model that normalises on the way into its parts (Llama, GPT-2) leaves none but
        rounding. One that normalises the stream itself after each addition (BERT) moves every vector by that as well
    """

    layer: int
    before: torch.Tensor
    attention: torch.Tensor
    feed_forward: torch.Tensor
    normalisation: torch.Tensor
    after: torch.Tensor
    cross_attention: torch.Tensor | None = None


class Follower(Protocol):
    """What is handed the steps, layer by layer. The tensors are its own."""

    def step(self, step: Step) -> None: ...


@torch.no_grad()
def follow(model: AttentionModel, encoding: Encoding, follower: Follower) -> None:
    """One forward pass over a text; `follower` sees what each layer does to the stream, one layer at a time.

    The vectors are those between the layers, before a final norm that a model may have after the last one. No more
    than one layer's are held. A decoder and its cross attention have one stream. Safe to call from several threads at
    once with one model.

    Raises UserError where the model does not pass its attention through the tap, or its additions cannot be told
    apart, and for a text that is longer than the model takes.
    """
    model.check_length(len(encoding))
    mixes = own_mixes(model)
    if mixes is None:
        check_tap(model, "what each layer adds cannot be measured")
    model.check_every_layer("Following the vectors from layer to layer")
    blocks = blocks_of(model, encoding)
    sums = Sums()
    done = 0

    def enters(_module: torch.nn.Module, args: tuple, kwargs: dict) -> None:
        sums.open(vectors_in([*args, *kwargs.values()]))

    def leaves(_module: torch.nn.Module, _args: tuple, output: Any) -> None:
        nonlocal done
        layer = model.numbers[done]
        after = vectors_in(output if isinstance(output, tuple | list) else [output])
        follower.step(_step(model, layer, sums, after, len(encoding)))
        sums.close()
        done += 1
        if done == len(model.numbers):
            raise tap.Enough

    ids = torch.tensor([encoding.ids], device=next(model.loaded.model.parameters()).device)
    calls = calls_of(model)

    def receive(call_number: int, heads: Heads, rows: slice, weights: torch.Tensor, call: Call) -> None:
        (sums.cross_heads if calls[call_number][1] else sums.heads)(call.v)

    request = tap.Request({**dict.fromkeys(range(len(calls)), (0,)), NEVER: ()}, receive)

    def mixed(_layer: int, said: torch.Tensor, part: Part) -> None:
        (sums.cross_heads if part == "cross" else sums.heads)(said)

    own = nullcontext() if mixes is None else said_by(model, mixes, len(encoding), mixed)
    with hooked(blocks, enters, leaves), tap.listening(request), own, sums:
        model.run(ids)


def both_attentions(model: AttentionModel) -> tuple[AttentionModel, AttentionModel]:
    """A decoder and its cross attention, which share one stream, with the source of either."""
    assert model.whole is not None  # a model with a source is a part of a whole
    own, cross = (model.whole.parts[part] for part in ("decoder", "cross"))
    return replace(own, whole=model.whole, given=model.given), replace(cross, whole=model.whole, given=model.given)


def calls_of(model: AttentionModel) -> list[tuple[int, bool]]:
    """Each call of attention in a pass: the layer that makes it, and whether it is cross attention."""
    if model.given is None or model.whole is None:
        return [(layer, False) for layer in model.calls]
    own, cross = (model.whole.parts[part].calls for part in ("decoder", "cross"))
    return [(b, True) if a == tap.ANOTHER else (a, False) for a, b in zip(own, cross, strict=True)]


def _step(model: AttentionModel, layer: int, sums: Sums, after: torch.Tensor | None, n: int) -> Step:
    """n: how many tokens the text has. What is behind them (ProphetNet's n-gram streams) is left out."""
    if after is None or sums.attention is None or sums.before is None:
        raise inseparable(model)
    if model.given is not None and sums.cross is None:
        raise inseparable(model)
    normalises, shape = sums.normalises(after), (-1, after.shape[-1])  # XLNet has the batch behind the tokens
    after, before, attention = (one.reshape(shape)[:n] for one in (after, sums.before, sums.attention))
    cross = None if sums.cross is None else sums.cross.reshape(shape)[:n]
    forward = torch.zeros_like(before) if sums.other is None else sums.other.reshape(shape)[:n]
    rest = after - before - attention - forward - (0 if cross is None else cross)
    if not normalises and float(rest.norm()) > ROUNDING * float((after - before).norm()):
        raise inseparable(model)
    return Step(
        layer,
        before.float(),
        attention.float(),
        forward.float(),
        rest.float(),
        after.float().clone(),
        None if cross is None else cross.float(),
    )
