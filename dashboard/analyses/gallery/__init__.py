"""Twelve findings on the embedded models, each computed again where it is shown."""
