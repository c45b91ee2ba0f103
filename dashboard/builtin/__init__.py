"""Attention, ours: small enough to read, checked against real models.

Begin with attention.py. masks.py, rotary.py and grouped.py hold what real models add to it; listing.py shows the code
that ran.
"""
