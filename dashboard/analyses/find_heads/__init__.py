"""Head search: by marked pairs of words, or by a pattern over a corpus. Page: /find_heads."""
