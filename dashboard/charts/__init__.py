"""The kit that all charts are made of: a drawing, its theme, axes, labels, hover and selections.

A topic's own charts lie in its folder, ``dashboard/analyses/TOPIC/*_chart.py``. Every chart function is pure and
returns a drawing that looks the same on screen and in a file.
"""
