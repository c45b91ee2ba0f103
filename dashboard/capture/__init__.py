"""The tap: the one door to a model's attention.

`open_model` gives an `AttentionModel`; `visit` runs one forward pass over a text and hands a visitor every block of
weights that it asked for; `head_weights` and `qkv` are the two visits that a click on a head needs.
"""

from dashboard.capture.model import AttentionModel, open_model
from dashboard.capture.visit import Block, Visitor, visit
from dashboard.capture.weights import head_weights, qkv

__all__ = ["AttentionModel", "Block", "Visitor", "head_weights", "open_model", "qkv", "visit"]
