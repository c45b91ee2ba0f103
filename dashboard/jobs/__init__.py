"""Background jobs: a process for each, a file with its progress, and stored results."""
