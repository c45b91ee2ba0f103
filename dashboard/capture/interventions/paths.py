"""What a head's change does by one path alone, all else frozen: to the logits, or to another head (METRICS §9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dashboard.capture import tap
from dashboard.capture.attention_call import Call
from dashboard.capture.interventions.carry import Base, Patch, Run, edit_of
from dashboard.capture.interventions.writers import at_writers, writers
from dashboard.capture.partial_forward import call_at, repeated_pass, resumed_pass
from dashboard.capture.unembedding import Unembedding, final_norm, unembedding
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId

INTO = ("queries", "keys", "values", "all")
TOGETHER = 32  # changes whose logits are in memory at once


@dataclass(frozen=True, eq=False)
class DirectPath:
    """From the stream of a text's last token to the difference of two logits, the final norm frozen.

    Attributes
    ----------
    unembedding: the model's final norm and what reads from it; scale: of the norm at that token
    normed: what comes out of the norm there (D)
    answer, rival: the two tokens
    """

    unembedding: Unembedding
    scale: Tensor
    normed: Tensor
    answer: int
    rival: int

    @torch.inference_mode()
    def of(self, vectors: Tensor) -> list[float]:
        """The change of logit(answer) − logit(rival) by vectors (k, D) that are added to the stream."""
        return [one for some in vectors.split(TOGETHER) for one in self._differences(some).tolist()]

    def _differences(self, vectors: Tensor) -> Tensor:
        read, change = self.unembedding, self.unembedding.frozen(vectors, self.scale).float()
        if read.linear:
            return self._apart(read.unembed(change))
        return self._apart(read.logits(self.normed + change)) - self._apart(read.logits(self.normed[None]))

    def _apart(self, logits: Tensor) -> Tensor:
        return logits[:, self.answer].double() - logits[:, self.rival].double()


def direct_path(base: Base, answer: int, rival: int) -> DirectPath:
    """The direct path of a text.

    Raises UserError where what comes after the last layer does not begin with a norm, and as `writers` does.
    """
    writers(base.model, base.run.encoding)
    found = unembedding(base.model, base.run.encoding, linear=False)
    assert found is not None  # a model with a language-model head: `head_of_language`
    scale, normed = final_norm(base.model, base.run.encoding, found)
    return DirectPath(found, scale[base.run.last], normed[base.run.last], answer, rival)


@torch.inference_mode()
def added_changes(base: Base, donor: Run, patches: Sequence[Patch]) -> Tensor:
    """How each patch of heads of one layer changes what that layer's attention adds to the stream, its own input being
    the text's: (k, n, D) float32.

    Any norm that the layer has behind its output projection is computed anew (Gemma 2).
    """
    [layer] = {head.layer for patch in patches for head in patch.heads}
    model, given = base.model, base.run.inputs.get(layer)
    writer = writers(model, base.run.encoding)[layer]
    rows = [Patch(), *patches]
    found: list[Tensor] = []

    def receive(at: int, vectors: Tensor) -> None:
        if at == layer:
            each = vectors.reshape(len(rows), len(base.run.encoding), -1)
            found.append((each[1:] - each[:1]) * writer.factor)
            raise tap.Enough

    runs = model.numbers if given is None else model.numbers[model.numbers.index(layer) :]
    modules = {k: one.attention for k, one in writers(model, base.run.encoding).items()}
    with at_writers(modules, receive, runs):
        repeated_pass(model, base.inputs, len(rows), layer, given, edit_of(donor, rows))
    return found[0]


def direct(base: Base, donor: Run, heads: Sequence[HeadId], path: DirectPath) -> list[float]:
    """The change of the difference by the direct path of each head, taken from the donor at the text's last token."""
    found: dict[HeadId, float] = {}
    for layer in sorted({head.layer for head in heads}):
        here = list(dict.fromkeys(head for head in heads if head.layer == layer))
        patches = [Patch((head,), positions=(base.run.last,)) for head in here]
        changes = added_changes(base, donor, patches)[:, base.run.last]
        found |= zip(here, path.of(changes), strict=True)
    return [found[head] for head in heads]


@torch.inference_mode()
def between(base: Base, donor: Run, sender: HeadId, receiver: HeadId) -> dict[str, float]:
    """The figure of the text with one head's change carried to another head alone: path patching.

    The sender's output is the donor's, at all tokens. What its layer then adds to the stream reaches the receiver's
    layer with all else frozen, and there the receiver's "queries", its "keys", its "values", or "all" three. The
    receiver's output that follows is put into the text's own pass, and what comes after it is computed anew.

    Raises UserError where the sender is not in an earlier layer, a pass cannot begin at one of the two, and as
    `writers` does. Of a model of route "eager" only "all".
    """
    model = base.model
    if sender.layer >= receiver.layer:
        raise UserError(
            f"{sender} is not in an earlier layer than {receiver}, so no path leads from it there. Choose a head of a "
            "later layer."
        )
    change = added_changes(base, donor, [Patch((sender,))])
    given = base.run.inputs.get(receiver.layer)
    if given is None:
        raise UserError(
            f"No pass of {model.title} can begin at layer {receiver.layer}, so its paths cannot be measured. Choose "
            "another model for this."
        )
    ways, said = _said(base, given, given + change, receiver)

    def edit(layer: int, outputs: Tensor) -> Tensor:
        if layer == receiver.layer:
            outputs[:, :, receiver.head] = said
        return outputs

    vectors = repeated_pass(model, base.inputs, len(ways), receiver.layer, given, edit)
    return dict(zip(ways, base.of_vectors(vectors), strict=True))


def _said(base: Base, before: Tensor, after: Tensor, head: HeadId) -> tuple[Sequence[str], Tensor]:
    """What a head says (w, n, d') where its queries, keys, values or all come from other vectors (1, n, D), with which
    of these it is."""
    both = torch.cat([before, after])
    inputs = {name: one.repeat(2, 1) for name, one in base.inputs.items()}
    if base.model.route == "tap":
        call = call_at(base.model, inputs, head.layer, both)
        return INTO, _mixed(call).output()[:, :, head.head]
    found: list[Tensor] = []

    def keep(layer: int, outputs: Tensor) -> Tensor:
        if layer == head.layer:
            found.append(outputs[1:, :, head.head].clone())
        return outputs

    resumed_pass(base.model, inputs, head.layer, both, keep)
    return INTO[-1:], found[0]


def _mixed(call: Call) -> Call:
    """A call of two texts → one of four: the first with the second's queries, keys, values, and all three."""

    def rows(given: Tensor | None) -> Tensor | None:
        return given if given is None or given.shape[0] == 1 else given[[0, 0, 0, 0]]

    q, k, v = call.q[[1, 0, 0, 1]], call.k[[0, 1, 0, 1]], call.v[[0, 0, 1, 1]]
    return replace(call, q=q, k=k, v=v, mask=rows(call.mask), bias=rows(call.bias))
