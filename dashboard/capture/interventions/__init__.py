"""What a person changes inside a forward pass: rows of attention before their values are mixed, and what heads and
feed-forward parts write, taken from another text (METRICS §9)."""

from dashboard.capture.interventions.carry import Base, Patch, Run, head_of_language, run_of
from dashboard.capture.interventions.outputs import OwnAttention, own_attention, with_outputs
from dashboard.capture.interventions.paths import INTO, DirectPath, between, direct, direct_path
from dashboard.capture.interventions.rows import CUTS, REPLACEMENTS, RowEdit, Way, edited_vectors

__all__ = [
    "CUTS",
    "INTO",
    "REPLACEMENTS",
    "Base",
    "DirectPath",
    "OwnAttention",
    "Patch",
    "RowEdit",
    "Run",
    "Way",
    "between",
    "direct",
    "direct_path",
    "edited_vectors",
    "head_of_language",
    "own_attention",
    "run_of",
    "with_outputs",
]
