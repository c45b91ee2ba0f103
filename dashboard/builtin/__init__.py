"""Attention, ours: small enough to read, checked against real models, beside the recurrent cells that came before it.

Begin with attention.py. masks.py, rotary.py and grouped.py hold what real models add to it; toy.py runs it on tables
that a person edits, presets.py has some, sharpness.py measures what 1/√d is for; listing.py shows the code that ran.
recurrent.py holds what came before; recall.py, contenders.py, training.py and reach.py train both on one task and
measure how far back they reach. The configurations to train with are `DEFAULT`, `SHORTER` and `LONGER` in recall.py.
"""

from dashboard.builtin.attention import (
    Layer,
    Steps,
    attend,
    contributions,
    in_blocks,
    multi_head,
    project,
    single_head,
)
from dashboard.builtin.listing import STEPS, Listing, listing
from dashboard.builtin.masks import causal, padding
from dashboard.builtin.presets import PRESETS, Preset
from dashboard.builtin.reach import Gradient, Timing, path_length, timings
from dashboard.builtin.recall import Recall
from dashboard.builtin.recurrent import CELLS, CellWeights, gru_cell, lstm_cell, read, rnn_cell
from dashboard.builtin.rotary import frequencies, rotary
from dashboard.builtin.sharpness import Sharpness, entropy, sharpness
from dashboard.builtin.toy import numbers, toy
from dashboard.builtin.training import Point, Progress, Result, train

__all__ = [
    "CELLS",
    "PRESETS",
    "STEPS",
    "CellWeights",
    "Gradient",
    "Layer",
    "Listing",
    "Point",
    "Preset",
    "Progress",
    "Recall",
    "Result",
    "Sharpness",
    "Steps",
    "Timing",
    "attend",
    "causal",
    "contributions",
    "entropy",
    "frequencies",
    "gru_cell",
    "in_blocks",
    "listing",
    "lstm_cell",
    "multi_head",
    "numbers",
    "padding",
    "path_length",
    "project",
    "read",
    "rnn_cell",
    "rotary",
    "sharpness",
    "single_head",
    "timings",
    "toy",
    "train",
]
