"""Carry a head over: what a head of one text does in another, over one pair or a set of pairs (METRICS §9).

Page: /patching.
"""
