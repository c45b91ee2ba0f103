"""One head on one text: its views, its finding, and the functions `attention` and `draw`. Page: /explore."""
