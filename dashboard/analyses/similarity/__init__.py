"""How alike heads are: distances, a map, clusters, neighbours within a model and in another. Page: /similarity."""
