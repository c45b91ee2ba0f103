"""The command line: a module for each topic that has commands, whose `add` declares them.

A command is an entry in its topic's `add`. A new topic is its module and its name in `TOPICS`, in the order in which
``--help`` lists them.
"""

TOPICS = ("app", "explore", "scores", "compare", "inside", "find_heads", "ablate", "profile", "similarity")
