"""The four small networks that try the recall task: a plain RNN, a GRU, an LSTM, and one attention layer.

All four embed symbols as vectors, read these in their middle part, and choose a symbol from its output at the question
mark. Only the middle part differs; its width is chosen so that all have about the same number of weights.

The networks of all seeds run at once: every weight has a first axis s of seeds, and the seeds do not interact.
B sequences, n positions, D numbers in an embedding, H in the middle part, K symbols.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dashboard.analyses.recall.recurrent_cells import CELLS, CellWeights, read
from dashboard.analyses.recall.task import Recall
from dashboard.builtin.attention import Layer, multi_head


def shapes(name: str, width: int, config: Recall) -> dict[str, tuple[int, ...]]:
    """Name and shape of each weight of one network whose middle part has `width` numbers (H)."""
    d, k, n = config.embedding, config.symbols, config.farthest + 2
    if name == "attention":
        middle = {"positions": (n, d), "w_q": (d, width), "w_k": (d, width), "w_v": (d, width), "w_o": (width, d)}
        out = d
    else:
        gates, out = CELLS[name].gates, width
        middle = {"x": (d, gates * width), "h": (width, gates * width), "b": (1, gates * width)}
        if name == "gru":
            middle["b_h"] = (1, width)
    return {"symbols": (k + 1, d), **middle, "out": (out, k), "b_out": (1, k)}


def count(name: str, config: Recall, width: int | None = None) -> int:
    """The number of weights of a network, with `width` or with its width in this configuration."""
    width = width_for(name, config) if width is None else width
    return sum(math.prod(shape) for shape in shapes(name, width, config).values())


def width_for(name: str, config: Recall) -> int:
    """The width of the middle part. Attention's is configured; the others get the width whose number of weights is
    nearest to attention's, so that no model wins by being larger."""
    if name == "attention":
        return config.heads * config.width
    budget, width = count("attention", config), 1
    while count(name, config, width + 1) <= budget:
        width += 1
    return min((width, width + 1), key=lambda each: abs(count(name, config, each) - budget))


@dataclass(frozen=True, eq=False)
class Network:
    """One of the four, for all seeds at once.

    Attributes
    ----------
    name: "rnn", "gru", "lstm" or "attention"
    weights: as in `shapes`, each with a first axis of seeds (s, …)
    heads: of attention; recurrent networks ignore it
    """

    name: str
    weights: dict[str, Tensor]
    heads: int

    def embed(self, tokens: Tensor) -> Tensor:
        """The vectors of the symbols, for attention with their positions added: (s, B, n) → (s, B, n, D)."""
        seed = torch.arange(len(tokens))[:, None, None]
        x = self.weights["symbols"][seed, tokens]  # (s, B, n, D)
        if self.name == "attention":
            x = x + self.weights["positions"][:, None, : tokens.shape[-1]]  # (s, 1, n, D)
        return x

    def states(self, x: Tensor) -> Tensor:
        """The output of the middle part at each position: (s, B, n, D) → (s, B, n, H), of attention (s, B, n, D)."""
        w = self.weights
        if self.name == "attention":
            # (s, 1, D, H) three times and (s, 1, H, D): the same for all B sequences of a seed
            layer = Layer(*(w[part].unsqueeze(1) for part in ("w_q", "w_k", "w_v", "w_o")), heads=self.heads)
            output = multi_head(x, layer).output
            assert output is not None  # of `multi_head` it never is
            return output
        cell = CellWeights(w["x"], w["h"], w["b"], w.get("b_h"))
        return read(CELLS[self.name], x.permute(2, 0, 1, 3), cell).permute(1, 2, 0, 3)  # n goes first, and back

    def answer(self, x: Tensor) -> Tensor:
        """A score for each symbol, from the last position: (s, B, n, D) → (s, B, K)."""
        return self.states(x)[:, :, -1] @ self.weights["out"] + self.weights["b_out"]

    def to(self, dtype: torch.dtype) -> Network:
        """A detached copy in another precision."""
        return Network(self.name, {name: w.detach().to(dtype) for name, w in self.weights.items()}, self.heads)


def new_network(name: str, config: Recall, generators: Sequence[torch.Generator], width: int | None = None) -> Network:
    """A network with new weights for each generator, initialised as torch initialises these layers.

    width: of the middle part; `width_for` unless given.
    Embeddings and positions are normal; matrices and biases are uniform within ±1/√H (attention's projections within
    ±1/√D). The LSTM's forget gate begins open (+1), as is usual since Gers et al. 2000; without that it does worse.
    """
    width = width_for(name, config) if width is None else width
    weights = {}
    for part, shape in shapes(name, width, config).items():
        if part in ("symbols", "positions"):
            drawn = [torch.randn(shape, generator=g) for g in generators]
        else:
            bound = (config.embedding if part.startswith("w_") else width) ** -0.5
            drawn = [torch.empty(shape).uniform_(-bound, bound, generator=g) for g in generators]
        weights[part] = torch.stack(drawn)
    if name == "lstm":
        weights["b"][..., width : 2 * width] += 1.0
    return Network(name, {part: w.requires_grad_() for part, w in weights.items()}, config.heads)
