"""Our recurrent cells are torch's: the same numbers and the same gradients with the same weights."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.analyses.recall.recurrent_cells import CELLS, CellWeights, read

TORCH = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


def copied(name: str, theirs: torch.nn.RNNBase) -> CellWeights:
    """The weights of a torch layer, the way our cells have them: torch's are transposed and have two biases."""
    x, h = theirs.weight_ih_l0.detach().T, theirs.weight_hh_l0.detach().T
    b_x, b_h = theirs.bias_ih_l0.detach(), theirs.bias_hh_l0.detach()
    if name != "gru":
        return CellWeights(x.clone(), h.clone(), b_x + b_h)
    size = len(b_h) // 3
    outside = torch.cat([b_h[: 2 * size], torch.zeros_like(b_h[2 * size :])])
    return CellWeights(x.clone(), h.clone(), b_x + outside, b_h[2 * size :].clone())


@pytest.mark.parametrize("name", CELLS)
@settings(max_examples=15)
@given(n=st.integers(1, 7), batch=st.integers(1, 3), d=st.integers(1, 5), h=st.integers(1, 6), seed=st.integers(0, 99))
def test_equals_torch_and_so_do_gradients(name, n, batch, d, h, seed):
    torch.manual_seed(seed)
    theirs = TORCH[name](d, h, dtype=torch.float64)
    w = copied(name, theirs)
    ours = [part.requires_grad_() for part in (w.x, w.h, w.b, w.b_h) if part is not None]
    x = torch.randn(n, batch, d, dtype=torch.float64)
    x_ours, x_theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    states, expected = read(CELLS[name], x_ours, w), theirs(x_theirs)[0]
    torch.testing.assert_close(states, expected)

    pull = torch.randn_like(states)
    (states * pull).sum().backward()
    (expected * pull).sum().backward()
    torch.testing.assert_close(x_ours.grad, x_theirs.grad)
    torch.testing.assert_close(w.x.grad, theirs.weight_ih_l0.grad.T)
    torch.testing.assert_close(w.h.grad, theirs.weight_hh_l0.grad.T)
    torch.testing.assert_close(w.b.grad, theirs.bias_ih_l0.grad)
    if w.b_h is not None:
        torch.testing.assert_close(w.b_h.grad, theirs.bias_hh_l0.grad[-h:])
    assert all(part.grad is not None for part in ours)


@pytest.mark.parametrize("name", CELLS)
def test_gradcheck(name):
    torch.manual_seed(0)
    w = copied(name, TORCH[name](2, 2, dtype=torch.float64))
    parts = [part.requires_grad_() for part in (w.x, w.h, w.b, w.b_h) if part is not None]
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, *parts: read(CELLS[name], x, CellWeights(*parts)), (x, *parts))


@pytest.mark.parametrize("name", CELLS)
def test_several_networks_at_once_are_each_by_itself(name):
    gates = CELLS[name].gates
    torch.manual_seed(0)
    w = CellWeights(
        torch.randn(3, 4, gates * 5), torch.randn(3, 5, gates * 5), torch.randn(3, 1, gates * 5), torch.randn(3, 1, 5)
    )
    x = torch.randn(6, 3, 2, 4)
    together = read(CELLS[name], x, w)
    for seed in range(3):
        alone = read(CELLS[name], x[:, seed], CellWeights(w.x[seed], w.h[seed], w.b[seed], w.b_h[seed]))
        torch.testing.assert_close(together[:, seed], alone)


def test_one_step_of_the_plain_cell_by_hand():
    # h' = tanh(2·1 + 3·0.5 − 1) = tanh(2.5)
    w = CellWeights(torch.tensor([[2.0]]), torch.tensor([[3.0]]), torch.tensor([-1.0]))
    (h,) = CELLS["rnn"].step(torch.tensor([[1.0]]), (torch.tensor([[0.5]]),), w)
    torch.testing.assert_close(h, torch.tanh(torch.tensor([[2.5]])))
