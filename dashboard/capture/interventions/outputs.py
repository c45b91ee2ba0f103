"""A layer's own weights and values of some texts, and passes in which one of its heads says something else: METRICS §9.

What the layers before the layer make of the texts stays, so its weights and values are those of the texts as they are:
whoever replaces a head's weights mixes the values once, and only the layer and those after it run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from dashboard.capture.maps import own_mixes
from dashboard.capture.model import AttentionModel
from dashboard.capture.partial_forward import repeated_pass
from dashboard.capture.visit import Block, visit
from dashboard.capture.weight_file import check_tap
from dashboard.text.encoding import Encoding


@dataclass(frozen=True, eq=False)
class OwnAttention:
    """What the h heads of a layer mix in a text of n tokens.

    weights: (h, n, n), a learned sink's share not among them; values: (h, n, d'), repeated for heads that share them
    """

    weights: Tensor
    values: Tensor


class _Own:
    wants_qkv = True

    def __init__(self, lengths: Sequence[int]):
        self.lengths = lengths
        self.found: list[OwnAttention | None] = [None] * len(lengths)

    def block(self, block: Block) -> None:
        own, n = self.found[block.text], self.lengths[block.text]
        if own is None:
            assert block.v is not None  # wants_qkv
            own = OwnAttention(block.weights.new_zeros(len(block.heads), n, n), block.v.clone())
            self.found[block.text] = own
        own.weights[:, block.rows, : block.weights.shape[-1]] = block.weights


def own_attention(model: AttentionModel, encodings: Sequence[Encoding], layer: int) -> list[OwnAttention]:
    """The weights and values of a layer in each of some texts, all n × n of them: for texts of moderate length.

    Raises UserError for a layer that the model does not have, a text that is too long, and a model of route "eager"
    whose heads' outputs cannot be told.
    """
    if own_mixes(model) is None:
        check_tap(model, "none of its heads can be replaced")
    visitor = _Own([len(encoding) for encoding in encodings])
    visit(model, encodings, visitor, layers=[layer])
    return [one for one in visitor.found if one is not None]


def with_outputs(
    model: AttentionModel,
    inputs: dict[str, Tensor],
    layer: int,
    given: Tensor | None,
    variants: Sequence[tuple[int, Tensor | None]],
) -> Tensor:
    """The last vectors (k, b, n, D) of b texts in k variants, in each of which one head of a layer says something else.

    Parameters
    ----------
    inputs: of the texts, see `dashboard.capture.visit.batch_inputs`
    given: what the layer takes of the texts (b, n, D), see `partial_forward`; None: whole passes run
    variants: which head, and what it says before the output projection (b, n, d'); None for zeros
    """

    def edit(at: int, outputs: Tensor) -> Tensor:
        if at == layer:
            each = outputs.unflatten(0, (len(variants), -1))
            for place, (head, new) in enumerate(variants):
                each[place, :, :, head] = 0 if new is None else new.to(outputs.dtype)
        return outputs

    vectors = repeated_pass(model, inputs, len(variants), layer, given, edit)
    return vectors.unflatten(0, (len(variants), -1))
