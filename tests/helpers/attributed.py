"""A second way to what is attributed: the library's own model, given vectors in place of tokens."""

from __future__ import annotations

import torch


def by_hand(eager, model, sentence, answer, rival=None):
    """F of vectors (b, n, D) by the library, the vectors of the text and those of the baseline."""
    encoding, table = model.encode(sentence), eager.get_input_embeddings()
    with torch.no_grad():
        x = table(torch.tensor([encoding.ids]))
        mean = table(torch.arange(table.num_embeddings)).double().mean(0).float()
    special = torch.tensor(encoding.special)[:, None]

    def figure(vectors):
        logits = eager(inputs_embeds=vectors).logits
        last = logits[:, -1] if logits.dim() == 3 else logits
        return last[:, answer] - (last.mean(-1) if rival is None else last[:, rival])

    return figure, x, torch.where(special, x, mean)
