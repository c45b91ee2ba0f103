"""What a walk does next: chosen by dice among what stands on the screen. Pure: no browser, no page."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.ui.page_list import PAGES

WINDOWS = ((1440, 900), (853, 480), (820, 1180), (390, 844))  # pixels
HURRIED = 0.2  # of the actions are followed by the next one at once
STOPS = 0.7  # of the actions where long work is going on stop it
WEIGHTS = {
    "page": 14,
    "text": 10,
    "model": 4,
    "head": 7,
    "back": 7,
    "forward": 4,
    "reload": 4,
    "window": 3,
    "key": 2,
    "link": 6,
    "menu": 6,
    "option": 12,
    "button": 9,
    "download": 3,
    "picture": 9,
    "drag": 2,
    "word": 7,
    "select": 5,
    "pick": 60,
    "field": 4,
    "toggle": 2,
    "slider": 3,
    "cell": 2,
    "file": 1,
}
"""Kind of action → how often it is taken where all can be. Kinds from "link" on are controls on the screen."""
ANYWHERE = ("back", "forward", "reload", "window", "key")
COMMITS = ("enter", "enter", "button", "elsewhere", "left")  # how a typed text is read; "left": it is not, as yet
FIELDS = ("", "2-5", "L2H9", "says", "12", "-3", "0.5", "*a* <b>b</b> $x$", "nobody/nothing", "food > is\nis > food")
STEPS = ("Home", "End", "ArrowLeft", "ArrowRight", "ArrowRight", "PageUp")
KEYS = ("Escape", "Escape", "Tab", "End", "Home")

LONG = "the old cook in the quiet city knows that a good soup is never made in a hurry and tells it to all"
TEXTS = {
    "short": "{} saw the cat on the mat.",
    "one word": "{}",
    "lines": "{} came home.\n\nThe children slept.\t Nobody   spoke.",
    "emoji": "{} ate 🍜 with 👩‍🍳 and said “itadakimasu” 🎉.",
    "arabic": "{} قالت إن الرامن طعامها المفضل في المدينة.",
    "signs": "{} wrote *stars*, _lines_, `code`, $a^2$, <b>bold</b>, [a link](https://example.org), :red[hot] & 5 > 3.",
    "80 words": "{} says that " + " ".join((LONG.split() * 4)[:77]) + ".",
    "empty": "",
    "blank": "  \n ",
}


@dataclass(frozen=True)
class Control:
    """A control that can be reached on the screen.

    Attributes
    ----------
    number: by which the page finds it again
    kind: a key of `WEIGHTS`, or "text_menu", "model_menu", "layer", "text", which actions of several steps use
    name: what stands on it
    within: "dialog", "menu" or "page"
    leads: the address that a link leads to
    """

    number: int
    kind: str
    name: str = ""
    within: str = "page"
    leads: str = ""


@dataclass(frozen=True)
class Action:
    """One action. what: the page, key, text …; how: how a text is read; hurried: whether the next one comes at once"""

    kind: str
    control: Control | None = None
    what: str = ""
    how: str = ""
    hurried: bool = False

    @property
    def name(self) -> str:
        """What stands on its control, "" without one."""
        return self.control.name if self.control else ""

    def __str__(self) -> str:
        control = "" if self.control is None else f" “{self.control.name[:50]}” ({self.control.within})"
        what = f" {self.what[:50]!r}" if self.what or self.kind == "text" else ""
        return f"{self.kind}{control}{what}{f' by {self.how}' if self.how else ''}{', hurried' if self.hurried else ''}"


def dice_of(seed: int, walk: int, step: int) -> random.Random:
    """The dice of one action: those of other walks and steps change nothing about it."""
    return random.Random(f"{seed} {walk} {step}")


def sign(walk: int, step: int) -> str:
    """A word that stands in no page and in the text of no other action, as far as a walk has under 1,000 steps."""
    syllables = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru")
    number = walk * 1000 + step
    return "Z" + "".join(syllables[number // 10**place % 10] for place in range(6))


def choose(dice: random.Random, controls: Sequence[Control], step: int, walk: int = 0) -> Action:
    """An action among those that can be taken now. What lies in a dialog or a menu is taken more often."""
    front = [one for one in controls if one.within == "dialog"]
    if not front and dice.random() < 0.6:
        front = [one for one in controls if one.within == "menu"]
    stop = [one for one in controls if one.name == "Stop"]
    if stop and not front and dice.random() < STOPS:
        return Action("button", stop[0])
    there = front or list(controls)
    kinds = {one.kind for one in there} & WEIGHTS.keys() | set(ANYWHERE)
    if not front:
        kinds |= {"page"}
        kinds |= {"model"} & {one.kind.removesuffix("_menu") for one in there}
        kinds |= {"head" for one in there if one.kind == "layer"}
        kinds |= {"text" for one in there if one.kind == "text_menu"}
        kinds |= {"drag" for one in there if one.kind == "picture"}
    ordered = sorted(kinds)
    [kind] = dice.choices(ordered, [WEIGHTS[kind] for kind in ordered])
    hurried = dice.random() < HURRIED
    of_kind = [one for one in there if one.kind == ("picture" if kind == "drag" else kind)]
    control = dice.choice(of_kind) if of_kind else None
    if kind == "text":
        name = dice.choice(list(TEXTS))
        text = TEXTS[name].format(sign(walk, step))
        return Action(kind, control, text, dice.choice(COMMITS), hurried)
    if kind in ("picture", "drag"):
        points = " ".join(f"{dice.random():.3f}" for _ in range(2 if kind == "picture" else 4))
        return Action(kind, control, points, hurried=hurried)
    what = {
        "page": lambda: dice.choice(PAGES).name,
        "model": lambda: dice.choices(("MiniLM", "SmolLM2 135M", "nobody/nothing"), (9, 9, 2))[0],
        "head": lambda: f"{dice.choice(('layer', 'head'))} {dice.choice((*range(9), *range(9), 11, 29, 99, -1))}",
        "window": lambda: " ".join(map(str, dice.choice(WINDOWS))),
        "key": lambda: dice.choice(KEYS),
        "field": lambda: dice.choice(FIELDS),
        "cell": lambda: dice.choice(("1", "-0.5", "3", "x", "")),
        "slider": lambda: dice.choice(STEPS),
        "file": lambda: f"{sign(walk, step)} stands in a file.",
    }.get(kind, str)()
    return Action(kind, control, what, hurried=hurried)
