"""What each head does over a corpus: budget, dependencies, explained bits, role (METRICS §2–§4). Page: /profile."""
