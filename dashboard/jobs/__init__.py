"""Work in the background: a process of its own, a file that says how far it is, and results that are kept."""
