"""Attention, ours: small enough to read, checked against real models.

Begin with attention.py. masks.py, rotary.py and grouped_heads.py hold what real models add to it; source_listing.py
shows the code that ran. known_truth/ writes models by hand, so that what each of their heads does is known.
"""
