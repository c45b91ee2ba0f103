"""A head's weights with the part that goes to other words spread by a model: METRICS §9."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def spread(weights: Tensor, shares: Tensor, word_of: Sequence[int | None], *, causal: bool) -> Tensor:
    """Weights between tokens, with what each token gives to other words spread over these by `shares`.

    What it gives to its own word and to tokens that are no word's (special ones) stays, and so do the rows of those.
    Within a word the new weight is divided as the row itself does it, evenly over the tokens that the row can see
    where it gives them nothing.

    Parameters
    ----------
    weights: of some heads (h, n, n); a row may have less than 1 (a learned sink keeps its share)
    shares: for each query token how the rest is spread over words (…, h, n, m), each ≥ 0; a row is divided by its sum
        over the words that it can see, and where that is 0 it stays as it is
    word_of: the word of each token, from 0; None for none
    causal: whether a token sees only itself and those before it

    Returns
    -------
    (…, h, n, n); every row has the sum that it had
    """
    n, m = weights.shape[-1], shares.shape[-1]
    word = torch.tensor([-1 if one is None else one for one in word_of], device=weights.device)
    other = (word >= 0) & (word >= 0)[:, None] & (word != word[:, None])
    if causal:
        other &= torch.ones(n, n, dtype=torch.bool, device=weights.device).tril()
    at = word.clamp(min=0)
    member = torch.nn.functional.one_hot(at, m).to(weights.dtype) * (word >= 0)[:, None]  # (n, m)
    given = weights * other
    mass, many = given @ member, other.to(weights.dtype) @ member  # (h, n, m), (n, m)
    of_word, count = mass[..., at], many[:, at]  # each key's word
    within = torch.where(of_word > 0, given / of_word.clamp(min=1e-38), other / count.clamp(min=1))
    seen = shares.to(weights.dtype) * (many > 0)
    total = seen.sum(-1, keepdim=True)
    new = mass.sum(-1, keepdim=True) * (seen / total.clamp(min=1e-38))[..., at] * within
    return torch.where(other & (total > 0), new, weights)


def own_shares(weights: Tensor, word_of: Sequence[int | None], words: int) -> Tensor:
    """How each token's row is spread over words as it is: (h, n, n) → (h, n, m)."""
    found = weights.new_zeros(*weights.shape[:2], words)
    for key, word in enumerate(word_of):
        if word is not None:
            found[..., word] += weights[..., key]
    return found
