"""Whether a model reads a text otherwise where it is padded to the length of a longer one."""

from __future__ import annotations

from dashboard.capture.model import AttentionModel
from dashboard.capture.probe import TOLERANCE, largest_difference, probe_ids
from dashboard.capture.visit import Block, read_together, visit
from dashboard.errors import UserError
from dashboard.text.encoding import Encoding


class _Weights:
    """Visitor: keeps the weights of the last text of n tokens: layer → (h, n, n)."""

    def __init__(self, last: int, n: int):
        self.last, self.n, self.held = last, n, {}

    def block(self, block: Block) -> None:
        if block.text == self.last:
            held = self.held.setdefault(block.layer, block.weights.new_zeros(len(block.heads), self.n, self.n))
            held[:, block.rows, : block.weights.shape[-1]] = block.weights


def changed_by_padding(model: AttentionModel) -> bool:
    """Whether a short text's weights are others where it is padded to the length of a longer one.

    Found out by trying: convolutions over tokens and landmarks that are means of tokens read padding. A layer with an
    indexer chooses its keys, and between equal scores its choice depends on how many keys there are.
    """
    if any(name.endswith("indexer") for name, _ in model.loaded.model.named_modules()):
        return True
    ids = probe_ids(model.loaded.model)[0].tolist()
    long, short = (_blank(some) for some in (ids, ids[: max(2, len(ids) * 2 // 3)]))
    found = []
    for read, texts in ((visit, [short]), (read_together, [long, short])):
        weights = _Weights(len(texts) - 1, len(short))
        try:
            read(model, texts, weights)
        except UserError:  # it cannot be run in batches at all
            return True
        found.append([weights.held[layer] for layer in model.numbers])
    return largest_difference(*found) > TOLERANCE


def _blank(ids: list[int]) -> Encoding:
    nothing = ("",) * len(ids)
    return Encoding("", tuple(ids), nothing, nothing, ((0, 0),) * len(ids), (False,) * len(ids))
