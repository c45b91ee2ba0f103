"""Attention over a table that a person edits: every step, and what 1/√d is for. Page: /toy."""
