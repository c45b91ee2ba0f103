"""A card for a model: what its heads do, on one page, from what the other analyses measure."""
