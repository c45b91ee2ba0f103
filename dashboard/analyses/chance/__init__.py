"""How likely the best of many heads is by luck (METRICS §10). Page: /chance."""
