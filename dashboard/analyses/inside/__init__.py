"""The arithmetic of one head, step by step, beside our own attention; `verify` compares both. Page: /inside."""
