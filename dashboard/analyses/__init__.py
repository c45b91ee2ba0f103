"""The analyses, a folder each: science, charts and sentences, and `api.py`, the door that Python and the pages use."""
