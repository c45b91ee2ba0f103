"""One head on one text: its views, what is said of it, the verbs `attention` and `draw`. Page: /explore."""
