"""Why a text cannot be measured whole: by what a layer's mask hides."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dashboard.capture import Block
from dashboard.corpus.batches import CHOICE, WINDOWED, ByLayer

N = 6
PAST = np.tri(N, dtype=bool)
WINDOW = PAST & ~np.tri(N, k=-3, dtype=bool)
CHUNKS = PAST & np.kron(np.eye(2, dtype=bool), np.ones((3, 3), bool))
PICKED = PAST.copy()
PICKED[4, 2] = False
LATEST = PAST.copy()
LATEST[5, :2] = False


class Text:
    n, hidden, parts = N, "", None

    def __init__(self, causal):
        self.causal = causal

    def layer(self, tokens, place):
        pass


def hidden(*masks, causal=True, rows=N):
    """What a text says after layers with these masks, in blocks of so many rows."""
    model = SimpleNamespace(heads=1, place=lambda head: head.layer)
    work = Text(causal)
    visitor = ByLayer(model, [work])
    for layer, mask in enumerate(masks):
        for start in range(0, N, rows):
            block = slice(start, min(start + rows, N))
            allowed = None if mask is None else torch.tensor(mask[block])
            visitor.block(Block(0, layer, (0,), block, torch.zeros(1, block.stop - start, N), allowed))
    return work.hidden


@pytest.mark.parametrize("rows", [N, 2])
def test_a_window_and_a_choice_of_keys_are_told_apart(rows):
    assert hidden(None, PAST, rows=rows) == ""
    assert hidden(WINDOW, rows=rows) == hidden(CHUNKS, rows=rows) == hidden(LATEST, rows=rows) == WINDOWED
    assert hidden(PAST, PICKED, rows=rows) == hidden(WINDOW, PICKED, WINDOW, rows=rows) == CHOICE


def test_what_looks_both_ways_may_not_hide_the_future():
    assert hidden(np.ones((N, N), bool), causal=False) == ""
    assert hidden(PAST, causal=False) == WINDOWED
