"""What an encoder–decoder writes for a source."""

from __future__ import annotations

import torch

from dashboard.capture.language import end_tokens, language_head
from dashboard.capture.model import AttentionModel
from dashboard.errors import UserError
from dashboard.text.target import LAST


@torch.inference_mode()
def write_target(decoder: AttentionModel, most: int = 60) -> str:
    """The target that a model writes for the source of its decoder: the most probable token at each step.

    At most so many tokens, up to the token that ends a text. Raises UserError where the model predicts nothing.
    """
    head, tokenizer = language_head(decoder), decoder.loaded.tokenizer
    if head is None or decoder.start is None:
        raise UserError(f"{decoder.title} has no language-model head, so it writes nothing. Type a target.")
    forced = getattr(getattr(head.model, "generation_config", None), "forced_bos_token_id", None)
    ends = end_tokens(decoder, head)
    ids = [tokenizer.bos_token_id if decoder.start == LAST else decoder.start]
    if isinstance(forced, int):
        ids.append(forced)
    device = next(decoder.loaded.model.parameters()).device
    while len(ids) < min(most, decoder.limit):
        vectors = decoder.last_vectors(torch.tensor([ids], device=device))
        following = int(head(vectors[0, -1:])[-1].argmax())
        if following in ends:
            break
        ids.append(following)
    return tokenizer.decode(ids, skip_special_tokens=True).strip()
