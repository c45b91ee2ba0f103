"""What a model hands out as its attention, made one row and one column for each token."""

from dashboard.capture.maps.handed_out import handed_out, learn

__all__ = ["handed_out", "learn"]
