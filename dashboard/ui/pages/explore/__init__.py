"""“All heads”: its tables, and its map of a long text."""
