"""The server: starting it, its door, and what keeps it quick for many people."""
