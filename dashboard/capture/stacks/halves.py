"""The two stacks of an encoder–decoder, each to be run alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from dashboard.capture.probe import Unfit
from dashboard.models.lm_head import bare

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def halves(root: PreTrainedModel) -> tuple[Any, Any, torch.nn.Module | None]:
    """The encoder, the decoder without a language-model head, and what stands between them. Raises Unfit where there
    are no two."""
    try:
        encoder, decoder = root.get_encoder(), root.get_decoder()
    except (AttributeError, NotImplementedError) as error:
        raise Unfit("its encoder and decoder cannot be told apart") from error
    decoder = bare(decoder)
    if encoder is root or decoder is root or encoder is decoder:
        raise Unfit("its encoder and decoder cannot be told apart")
    if not hasattr(encoder, "config") and not hasattr(decoder, "config"):
        encoder, decoder = _Stack(root, encoder), _Target(root, decoder)
    return encoder, decoder, getattr(root, "enc_to_dec_proj", None)


class _Stack(torch.nn.Module):
    """A stack that has no configuration of its own (FSMT), as a model."""

    def __init__(self, root: PreTrainedModel, stack: Any):
        super().__init__()
        self.stack, self.config = stack, root.config

    def get_input_embeddings(self) -> torch.nn.Embedding:
        return self.stack.embed_tokens

    def forward(self, input_ids: Tensor, **inputs: Any) -> Any:
        return self.stack(input_ids, **inputs)


class _Target(_Stack):
    """Such a decoder. The whole model makes its masks, so the whole is run on what an encoder gave before.

    head: what it ends with, from a last vector to a score for each token of its vocabulary; None where it has none
    """

    def __init__(self, root: PreTrainedModel, stack: Any):
        super().__init__(root, stack)
        self.head = getattr(stack, "output_projection", None)
        self._whole = (root,)  # not one of its parts

    def forward(self, input_ids: Tensor, encoder_hidden_states: Tensor, **inputs: Any) -> Any:
        from transformers.modeling_outputs import BaseModelOutput, BaseModelOutputWithCrossAttentions

        [root] = self._whole
        output = root(
            input_ids=input_ids,  # only that there are some
            encoder_outputs=BaseModelOutput(last_hidden_state=encoder_hidden_states),  # type: ignore[arg-type]
            decoder_input_ids=input_ids,
            decoder_attention_mask=inputs.get("attention_mask"),
            output_attentions=inputs.get("output_attentions", False),
            output_hidden_states=True,
            use_cache=False,
        )
        return BaseModelOutputWithCrossAttentions(
            last_hidden_state=output.decoder_hidden_states[-1],
            attentions=output.decoder_attentions,
            cross_attentions=output.cross_attentions,
        )
