"""Benchmarks: `make bench`. Never part of the tests; each prints a table of what it measured on this machine."""
