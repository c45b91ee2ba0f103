"""Similarity of heads: distances, a map, clusters, nearest heads in a model and in another. Page: /similarity."""
