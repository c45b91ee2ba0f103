"""The tap: the one door to a model's attention.

`open_model` gives an `AttentionModel`; `visit` runs one forward pass over a text and hands a visitor every block of
weights that it asked for; `head_weights` and `qkv` are the two visits that a click on a head needs. An
encoder–decoder is read a part at a time (`of_part`).
"""

from dashboard.capture.encoder_decoder import of_part, read_part
from dashboard.capture.head_weights import head_maps, head_weights, qkv
from dashboard.capture.model import AttentionModel
from dashboard.capture.open import open_model, untrained_twin
from dashboard.capture.visit import Block, Visitor, visit
from dashboard.capture.write_target import write_target

__all__ = [
    "AttentionModel",
    "Block",
    "Visitor",
    "head_maps",
    "head_weights",
    "of_part",
    "open_model",
    "qkv",
    "read_part",
    "untrained_twin",
    "visit",
    "write_target",
]
