"""How far back heads reach: texts that ask across a distance, heads against distance. Page: /long_range."""
