"""Ablation: what changes without one head, without several together, or without each over a corpus (METRICS §7).

Page: /ablation.
"""
