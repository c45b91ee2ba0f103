"""A script that computes a figure again."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from dashboard.export.call import Call, Each, Lines, Made, Model, Part, Text, Variable, recipe
from dashboard.export.provenance import Provenance, file_stem
from dashboard.heads.head_group import HOW_OF

# Options of `attention` and `scores`; the others are for drawing.
_READING = ("bos", "limit", "pair", "between", "as_words", "twin")
_ANEW = (*_READING, "measure", "full", "of", "together", "part", "source")  # and what is measured, on which scale
_ENDINGS = {"figure": "svg", "table": "csv", "matrix": "npz"}


def snippet(provenance: Provenance) -> str:
    """Python code that computes the figure, table or matrix again and saves it.

    It runs where Two Heads is installed. The text is written as a Python literal, so no text can break it.
    """
    call = provenance.call if provenance.call is not None else _call_of(provenance)
    makes = call.makes or _made_by(call)
    return f'{recipe(call)}\nsave(thing, "{file_stem(provenance)}.{_ENDINGS[makes]}")\n'


def _call_of(p: Provenance) -> Call | Part:
    """The call for a figure or table of a model's heads over a text."""
    over = (p.opened, Text(p.text))
    how = {name: value for name, value in p.options.items() if name in _READING}
    look = {name: value for name, value in p.options.items() if name not in _ANEW}
    if p.view in ("scores", "verify"):
        return Call(p.view, over, how, makes="table")
    if p.view == "atlas":
        maps = p.options.get("score", "") is None  # the heads' own maps, which `scores` does not return
        every = Call("overview" if maps else "scores", over, how, to="table")
        return Call("draw_atlas", (every,), look | {"model": p.title or p.model}, makes="figure")
    views = views_again(p, over, how)
    if p.view != "matrix":
        return Call("draw", (views, p.view), look, makes="figure")
    if isinstance(views, list):
        return replace(views[0], makes="matrix")
    return views if isinstance(views, Call) and views.makes == "matrix" else Part(views, 0, makes="matrix")


def views_again(p: Provenance, over: tuple[Model, Text], how: dict[str, Any]) -> Call | Each | list[Call]:
    """The call that makes the views again; for a rollout, and for heads together, the one view, a matrix; a list of
    calls for heads with others together next to them. how: the options of `attention` with which the text was read"""
    heads, each = list(p.heads), {"unit": p.unit, "special": p.special, **how}
    measure = p.options.get("measure", "weight")
    if together := p.options.get("together"):
        return [
            Call("attention_together", (*over, of, way), each) if way else Call("attention", (*over, of), each)
            for of, way in zip(p.options["of"], together, strict=True)
        ]
    if measure == "contribution":
        scale = {name: value for name, value in p.options.items() if name == "full"}
        return Call("contributions", (*over, heads), each | scale, to="views")
    if measure in HOW_OF:
        groups = list(p.options["of"])
        if len(groups) == 1:
            return Call("attention_together", (*over, groups[0], HOW_OF[measure]), each, makes="matrix", to="view")
        item = Call("attention_together", (*over, Variable("heads"), HOW_OF[measure]), each)
        return Each(item, "heads", groups, to="views")
    if measure == "rollout":
        hidden = {} if p.special == "show" else {"special": p.special}
        return Call("rollout", (*over, _layers(heads[0])), hidden | how, makes="matrix", to="view")
    return Each(Call("attention", (*over, Variable("head")), each), "head", heads, to="views")


def _layers(name: str) -> tuple[int, int]:
    """The first and the last layer of ``Rollout L0 to L3``; both are 2 for ``Rollout L2``. Of a decoder it is D."""
    layers = [int(number) for number in re.findall(r"\d+", name)]
    return layers[0], layers[-1]


def _made_by(call: Made) -> str:
    """What the lines of an earlier version make, which does not name it: a table if they have ``….table`` or ``thing =
    …_table(``."""
    last = call.text.rpartition("\n")[2] if isinstance(call, Lines) else ""
    return "table" if last.endswith(".table") or last.partition("(")[0].endswith("_table") else "figure"
