"""Attention over a table that you edit: every step, and what 1/√d is for. Page: /toy."""
