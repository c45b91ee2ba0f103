"""Random walks through the dashboard in Chromium: pages, menus, heads, texts, models, back, forward, reload.

``python -m bench walks --walks 200 --actions 30 --seed 0`` walks, prints what went wrong and how long the actions took;
``--walk 17`` takes one of them again. A fifth of the actions is followed by the next one at once, without waiting.
"""
