"""A widget for notebooks: all heads of a model over one text, and the one that a person looks at.

Only this folder knows anywidget, which comes with ``pip install "two-heads[notebook]"``.
"""
