"""The terms of the field, each in a sentence or two."""
