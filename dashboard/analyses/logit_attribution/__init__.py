"""What a head writes, read through the unembedding: direct logit attribution and copying (METRICS §8)."""
