"""Two heads side by side: on one text, on two texts, in two models (METRICS §5). Page: /compare."""
