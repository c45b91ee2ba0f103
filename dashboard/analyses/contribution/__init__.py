"""What a head hands over: norms of value-weighted attention, and attention rolled out over layers (METRICS §6)."""
