"""What came before attention: the plain recurrent cell, the GRU and the LSTM.

A recurrent network reads a sequence one step at a time and keeps its state in one vector of fixed size. Each cell below
is one step. They equal torch's nn.RNN, nn.GRU and nn.LSTM, with weights oriented as in the formulas (a row vector times
a matrix) and the gates side by side in one matrix.

B sequences, D numbers in an input, H numbers in the state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

State = tuple[Tensor, ...]


# The shape comments stand in columns:
# fmt: off


@dataclass(frozen=True, eq=False)
class CellWeights:
    """The weights of a cell with G gates (RNN 1, GRU 3, LSTM 4), the gates side by side.

    Attributes
    ----------
    x: from the input (D, G·H)
    h: from the state (H, G·H)
    b: bias (G·H)
    b_h: the GRU's second bias (H), which stands inside its reset gate; the other cells have none

    Any of them may carry leading axes (several networks at once), which the cells pass through.
    """

    x: Tensor
    h: Tensor
    b: Tensor
    b_h: Tensor | None = None


def rnn_cell(x: Tensor, state: State, w: CellWeights) -> State:
    """One step of the plain recurrent network: h' = tanh(x·W_x + h·W_h + b).

    x (B, D), state (h,) with h (B, H) → (h',), in [−1, 1]. Source: Elman 1990. torch.nn.RNN.
    """
    (h,) = state
    h = torch.tanh(x @ w.x + h @ w.h + w.b)  # (B, D)·(D, H) + (B, H)·(H, H) → (B, H)
    return (h,)


def gru_cell(x: Tensor, state: State, w: CellWeights) -> State:
    """One step of the gated recurrent unit: h' = (1 − z)·new + z·h.

    Gates r (how much of the past the new value may see) and z (how much of the past stays), each in [0, 1].
    x (B, D), state (h,) with h (B, H) → (h',), in [−1, 1] from such a state. Source: Cho et al. 2014, in torch's
    form (torch.nn.GRU): the reset gate acts after the matrix, not before it.
    """
    assert w.b_h is not None  # a GRU has one
    (h,) = state
    x_r, x_z, x_new = (x @ w.x + w.b).chunk(3, -1)  # (B, D)·(D, 3H) → three of (B, H)
    h_r, h_z, h_new = (h @ w.h).chunk(3, -1)        # (B, H)·(H, 3H) → three of (B, H)
    r = torch.sigmoid(x_r + h_r)                    # (B, H)
    z = torch.sigmoid(x_z + h_z)                    # (B, H)
    new = torch.tanh(x_new + r * (h_new + w.b_h))   # (B, H)
    h = (1 - z) * new + z * h                       # (B, H)
    return (h,)


def lstm_cell(x: Tensor, state: State, w: CellWeights) -> State:
    """One step of the long short-term memory: c' = f·c + i·new, h' = o·tanh(c').

    Gates i (what comes in), f (what is kept), o (what is shown), each in [0, 1]; the cell c is the long memory.
    x (B, D), state (h, c) with h, c (B, H) → (h', c'); h' in [−1, 1]. Source: Hochreiter and Schmidhuber 1997, with
    the forget gate of Gers et al. 2000. torch.nn.LSTM.
    """
    h, c = state
    i, f, new, o = (x @ w.x + h @ w.h + w.b).chunk(4, -1)          # (B, 4H) → four of (B, H)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(new)  # (B, H)
    h = torch.sigmoid(o) * torch.tanh(c)                           # (B, H)
    return h, c


@dataclass(frozen=True)
class Cell:
    """A cell by name: its step, its number of gates and the vectors in its state."""

    name: str
    step: Callable[[Tensor, State, CellWeights], State]
    gates: int
    states: int


CELLS = {
    "rnn": Cell("rnn", rnn_cell, gates=1, states=1),
    "gru": Cell("gru", gru_cell, gates=3, states=1),
    "lstm": Cell("lstm", lstm_cell, gates=4, states=2),
}


def read(cell: Cell, x: Tensor, w: CellWeights) -> Tensor:
    """Reads a sequence with a cell from a zero state, step by step.

    x (n, B, D) → the state h after each step (n, B, H). Step t waits for step t − 1, which is why a recurrent network
    cannot read a sentence in parallel.
    """
    zeros = x.new_zeros(*x.shape[1:-1], w.h.shape[-2])  # (B, H)
    state, seen = (zeros,) * cell.states, []
    for step in x.unbind(0):  # (B, D), n times
        state = cell.step(step, state, w)
        seen.append(state[0])
    return torch.stack(seen)
