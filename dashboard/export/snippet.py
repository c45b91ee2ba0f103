"""A script that computes a figure again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from dashboard.export.provenance import Provenance, file_stem
from dashboard.text.encoding import Encoding

# Options of `attention` and `scores`; the others are for drawing.
_READING = ("bos", "limit", "pair", "between", "as_words")
_ANEW = (*_READING, "measure", "full")  # and what is measured, on which scale


def snippet(provenance: Provenance) -> str:
    """Python code that computes the figure, table or matrix again and saves it.

    It runs from the project's folder as it is. The text is written as a Python literal, so no text can break it.
    """
    p = provenance
    if p.recipe:
        ending = "csv" if _makes_a_table(p.recipe) else "svg"
        return f'{p.recipe}\nsave(thing, "{file_stem(p)}.{ending}")\n'
    reading = keywords({name: value for name, value in p.options.items() if name in _READING})
    drawing = keywords({name: value for name, value in p.options.items() if name not in _ANEW})
    each = f", unit={p.unit!r}, special={p.special!r}{reading}"
    if p.view == "scores":
        names, ending = "open_model, save, scores", "csv"
        steps = [f"thing = scores(model, text{reading})"]
    elif p.view == "atlas":
        maps = p.options.get("score", "") is None  # the heads' own maps, which `scores` does not keep
        names, ending = "draw_atlas, open_model, save" + ("" if maps else ", scores"), "svg"
        steps = [f"table = {'overview' if maps else 'scores'}(model, text{reading})"]
        if maps:
            names = "draw_atlas, open_model, overview, save"
        steps.append(f"thing = draw_atlas(table{drawing}{keywords({'model': p.title or p.model})})")
    else:
        verb, views = _views(p, each, reading)
        matrix = p.view == "matrix"
        names, ending = (f"{verb}, open_model, save", "npz") if matrix else (f"draw, {verb}, open_model, save", "svg")
        names = ", ".join(sorted(names.split(", ")))
        steps = [f"views = {views}", "thing = views[0]" if matrix else f"thing = draw(views, {p.view!r}{drawing})"]
    revision = f"  # {_one_line(p.revision)}" if p.revision else ""
    return f"""\
from dashboard import {names}

text = {p.text!r}
model = open_model({_model(p)!r}){revision}
{chr(10).join(steps)}
save(thing, "{file_stem(p)}.{ending}")
"""


def _makes_a_table(recipe: str) -> bool:
    """Whether the last line of a recipe makes a table and not a figure."""
    return bool(re.search(r"\.table$|^thing = \w+_table\(", recipe.rpartition("\n")[2]))


def _views(p: Provenance, each: str, reading: str) -> tuple[str, str]:
    """The verb that makes the views again, and the call."""
    measure = p.options.get("measure", "weight")
    if measure == "contribution":
        scale = keywords({name: value for name, value in p.options.items() if name == "full"})
        return "contributions", f"contributions(model, text, {list(p.heads)!r}{each}{scale})"
    if measure == "rollout":
        layers = tuple(int(number) for number in re.findall(r"L(\d+)", p.heads[0]))
        hidden = "" if p.special == "show" else f", special={p.special!r}"
        return "rollout", f"[rollout(model, text, {(layers[0], layers[-1])!r}{hidden}{reading})]"
    return "attention", f"[attention(model, text, head{each}) for head in {list(p.heads)!r}]"


def made_again(origin: Provenance, verbs: Iterable[str], thing: str, *given: str) -> Provenance:
    """A provenance that knows the lines that make `thing` again.

    Parameters
    ----------
    verbs: what is imported from `dashboard` beside `open_model` and `save`
    thing: the call that makes it, in terms of `model` and of what the lines `given` set, like ``text = "…"``
    """
    imported = ", ".join(sorted({*verbs, "open_model", "save"}))
    lines = [f"from dashboard import {imported}", "", *given, opening(origin), f"thing = {thing}"]
    return replace(origin, recipe="\n".join(lines))


def reading(encoding: Encoding, *, bos: bool = True, limit: int | None = None) -> dict[str, object]:
    """How a text was read, as the options that read it again."""
    given = {"limit": limit, "pair": encoding.pair or None}
    return {"bos": bos} | {name: value for name, value in given.items() if value is not None}


def keywords(options: Mapping[str, object]) -> str:
    """Options as they stand behind a call's first argument: ``, theme='dark', width=440``."""
    return "".join(f", {name}={value!r}" for name, value in options.items())


def opening(p: Provenance) -> str:
    """The line that opens the model again, for a recipe."""
    return f"model = open_model({_model(p)!r})" + (f"  # {_one_line(p.revision)}" if p.revision else "")


def _model(p: Provenance) -> str:
    """The model's name; a hub id with its commit, so that the same weights are opened."""
    is_hub_id = re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", p.model)
    if is_hub_id and re.fullmatch(r"[0-9a-f]{7,40}", p.revision):
        return f"{p.model.partition('@')[0]}@{p.revision}"
    return p.model


def _one_line(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:80]


def about_model(
    thing: Any, view: str, said: dict, names: str, made: str, drawing: dict, text: str | None = None
) -> Provenance:
    """Where a picture comes from that is not of heads over a text, with the lines that make it again."""
    given = {name: value for name, value in drawing.items() if value is not None}
    origin = Provenance(
        model=thing.name,
        revision=thing.revision,
        text=text or "",
        heads=tuple(said.get("heads", ())),
        unit=said.get("unit", "words"),
        special=said.get("special", "show"),
        view=view,
        options=said | given,
        title=thing.model,
    )
    drawn = f"{names.partition(',')[0]}({made}{keywords(given)})"
    return made_again(origin, names.split(", "), drawn, *([f"text = {text!r}"] if text is not None else []))
