"""Text in files as a browser sets it: which font draws what, in which order, and where."""
