"""What a person changes inside a forward pass: rows of attention, before their values are mixed (METRICS §9)."""

from dashboard.capture.interventions.rows import CUTS, REPLACEMENTS, RowEdit, Way, edited_vectors

__all__ = ["CUTS", "REPLACEMENTS", "RowEdit", "Way", "edited_vectors"]
