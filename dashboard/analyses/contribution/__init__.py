"""Contributions: norms of value-weighted attention, and attention rollout over layers (METRICS §6)."""
