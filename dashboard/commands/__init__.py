"""The command line: a module for each topic that has commands, whose `add` declares them.

A command is declared in its topic's `add`. A new topic is a module and its name in `TOPICS`, which has the order of
``--help``.
"""

TOPICS = (
    "app",
    "serve",
    "explore",
    "scores",
    "compare",
    "inside",
    "find_heads",
    "ablate",
    "edit",
    "attribution",
    "patching",
    "writing",
    "profile",
    "needs",
    "card",
    "similarity",
)
