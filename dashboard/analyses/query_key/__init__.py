"""Queries and keys of one head over a corpus, in one plane. Page: /query_key."""
