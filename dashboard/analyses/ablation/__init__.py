"""What changes in a model without a head: one alone, several together, all over a corpus (METRICS §7). Page:
/ablation.
"""
