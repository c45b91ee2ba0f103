"""Attention by distance: how far back heads look, on texts with two related words far apart. Page: /long_range."""
