"""The arithmetic of one head, step by step, by the built-in attention; `verify` compares it with the model's own.

Page: /inside.
"""
