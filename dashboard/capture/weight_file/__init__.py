"""Attention weights that a person brings: checked, read from a file, and replayed as a model is read."""

from dashboard.capture.weight_file.arrays import GivenWeights
from dashboard.capture.weight_file.npz import read_weights
from dashboard.capture.weight_file.replayed import ReplayedModel, check_runs, check_tap

__all__ = ["GivenWeights", "ReplayedModel", "check_runs", "check_tap", "read_weights"]
