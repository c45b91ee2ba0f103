"""Opening an encoder–decoder: its two stacks, run one after the other, and the three parts that are read of them."""

from dashboard.capture.stacks.open_parts import open_parts

__all__ = ["open_parts"]
