"""The parts of the page “Syntax vs context”."""
