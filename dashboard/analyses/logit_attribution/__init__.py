"""Direct logit attribution of heads, and the copying score (METRICS §8)."""
