"""What an encoder–decoder writes for a source."""

from __future__ import annotations

import torch

from dashboard.capture.language import language_head
from dashboard.capture.model import AttentionModel
from dashboard.errors import UserError


@torch.inference_mode()
def write_target(decoder: AttentionModel, most: int = 60) -> str:
    """The target that a model writes for the source of its decoder: the most probable token at each step.

    At most so many tokens, up to the token that ends a text. Raises UserError where the model predicts nothing.
    """
    head, tokenizer = language_head(decoder), decoder.loaded.tokenizer
    if head is None or decoder.start is None:
        raise UserError(f"{decoder.title} has no language-model head, so it writes nothing. Type a target.")
    settings = getattr(decoder.whole.root, "generation_config", None) if decoder.whole else None
    forced, ends = (getattr(settings, name, None) for name in ("forced_bos_token_id", "eos_token_id"))
    ends = {*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id}
    ids = [tokenizer.bos_token_id if decoder.start < 0 else decoder.start]
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
