"""The parts of the page “Find heads”."""
