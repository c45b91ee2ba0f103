"""What a model of route "eager" hands out as its attention, a row and a column for each token, and where it uses it."""

from dashboard.capture.maps.handed_out import CROSS, handed_out, learn
from dashboard.capture.maps.joined_blocks import join_blocks
from dashboard.capture.maps.mixes import Mixes, edited, own_mixes, said_by
from dashboard.capture.maps.no_weights import is_of_patches, why_none

__all__ = [
    "CROSS",
    "Mixes",
    "edited",
    "handed_out",
    "is_of_patches",
    "join_blocks",
    "learn",
    "own_mixes",
    "said_by",
    "why_none",
]
