"""`python -m bench [engine] [page] [inside] [toy] [recall] [corpus] [ablate]`: all of them when none is named."""

import sys

from bench import ablate, corpus, engine, inside, page, recall, toy

ALL = {
    "engine": engine.main, "page": page.main, "inside": inside.main, "toy": toy.main, "recall": recall.main,
    "corpus": corpus.main, "ablate": ablate.main,
}  # fmt: skip

if __name__ == "__main__":
    asked = sys.argv[1:] or list(ALL)
    if unknown := [name for name in asked if name not in ALL]:
        sys.exit(f"There is no benchmark {', '.join(unknown)}. Choose of {', '.join(ALL)}.")
    for name in asked:
        ALL[name]()
