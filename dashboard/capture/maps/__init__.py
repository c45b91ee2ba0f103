"""What a model of route "eager" hands out as its attention, a row and a column for each token, and where it uses it."""

from dashboard.capture.maps.handed_out import CROSS, handed_out, learn
from dashboard.capture.maps.mixes import Mixes, edited, own_mixes, said_by

__all__ = ["CROSS", "Mixes", "edited", "handed_out", "learn", "own_mixes", "said_by"]
