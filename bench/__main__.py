"""`python -m bench [engine] [page] [people] …`: all of them when none is named. `python -m bench -h` lists them."""

import argparse

from bench import (
    ablate,
    beside,
    change,
    classroom,
    corpus,
    engine,
    inside,
    long,
    memory,
    page,
    people,
    recall,
    toy,
    truth,
    writing,
    zoo,
)
from bench.walks import run as walks

ALL = {
    "engine": engine.main,
    "page": page.main,
    "inside": inside.main,
    "toy": toy.main,
    "recall": recall.main,
    "corpus": corpus.main,
    "ablate": ablate.main,
    "people": people.main,
    "classroom": classroom.main,
    "memory": memory.main,
    "walks": walks.main,
    "zoo": zoo.main,
    "beside": beside.main,
    "long": long.main,
    "truth": truth.main,
    "writing": writing.main,
    "change": change.main,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; all of them when none is named")
    parser.add_argument("--people", type=int, default=20, help="how many people at once, in `people` (default: 20)")
    parser.add_argument("--seconds", type=float, default=90, help="how long they stay (default: 90)")
    parser.add_argument("--models", default="minilm", help="their models by turns (default: minilm)")
    parser.add_argument("--rounds", type=int, default=1, help="how often other people come (default: 1)")
    parser.add_argument("--processes", type=int, default=2, help="of the server of `classroom` (default: 2)")
    parser.add_argument("--browsers", type=int, default=6, help="how many sit at Chromium in it (default: 6)")
    parser.add_argument("--walks", type=int, default=20, help="how many walks, in `walks` (default: 20)")
    parser.add_argument("--actions", type=int, default=30, help="of how many actions (default: 30)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the walks (default: 0)")
    parser.add_argument("--walk", type=int, help="only the walk of this number, again")
    parser.add_argument("--at-once", type=int, default=1, help="how many walk at once (default: 1)")
    parser.add_argument("--minutes", type=float, default=600, help="after which no walk begins (default: 600)")
    parser.add_argument("--types", default="", help="only these types of `zoo`, with commas (default: all)")
    args = parser.parse_args()
    crowd = {
        "people": args.people,
        "seconds": args.seconds,
        "models": args.models.split(","),
        "rounds": args.rounds,
    }
    wander = {name: getattr(args, name) for name in ("walks", "actions", "seed", "walk", "at_once", "minutes")}
    lesson = {"people": args.people, "seconds": args.seconds, "processes": args.processes, "browsers": args.browsers}
    own = {
        "people": crowd,
        "classroom": lesson,
        "walks": wander,
        "zoo": {"types": [kind for kind in args.types.split(",") if kind]},
    }
    if unknown := [name for name in args.names if name not in ALL]:
        parser.error(f"There is no benchmark {', '.join(unknown)}. Choose of {', '.join(ALL)}.")
    for name in args.names or ALL:
        ALL[name](**own.get(name, {}))
