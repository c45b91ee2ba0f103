"""`python -m bench [engine] [page] [people] …`: all of them when none is named. `python -m bench -h` lists them."""

import argparse

from bench import ablate, corpus, engine, inside, memory, page, people, recall, toy

ALL = {
    "engine": engine.main,
    "page": page.main,
    "inside": inside.main,
    "toy": toy.main,
    "recall": recall.main,
    "corpus": corpus.main,
    "ablate": ablate.main,
    "people": people.main,
    "memory": memory.main,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; all of them when none is named")
    parser.add_argument("--people", type=int, default=20, help="how many people at once, in `people` (default: 20)")
    parser.add_argument("--seconds", type=float, default=90, help="how long they stay (default: 90)")
    parser.add_argument("--models", default="minilm", help="their models by turns (default: minilm)")
    parser.add_argument("--rounds", type=int, default=1, help="how often other people come (default: 1)")
    args = parser.parse_args()
    crowd = {
        "people": args.people,
        "seconds": args.seconds,
        "models": args.models.split(","),
        "rounds": args.rounds,
    }
    if unknown := [name for name in args.names if name not in ALL]:
        parser.error(f"There is no benchmark {', '.join(unknown)}. Choose of {', '.join(ALL)}.")
    for name in args.names or ALL:
        ALL[name](**(crowd if name == "people" else {}))
