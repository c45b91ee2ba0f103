"""The first page: two heads of a model over one sentence."""
