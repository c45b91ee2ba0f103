"""A call of the public functions of `dashboard`, recorded, and the Python lines that make it again.

>>> call = Call("scores", (Model("minilm"), Text("The chef")), {"bos": False}, makes="table")
>>> print(recipe(call))
from dashboard import open_model, save, scores
<BLANKLINE>
text = 'The chef'
model = open_model('minilm')
thing = scores(model, text, bos=False)

An argument is a plain value, written by `repr`, one of the kinds here, or a list of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dashboard.corpus.builtin import builtin_corpus
from dashboard.text.stretches import Continued

Makes = Literal["figure", "table", "matrix", ""]

_LONGEST = 100  # characters of a call on one line


@dataclass(frozen=True)
class Model:
    """The open model: ``model = open_model("…")  # revision``. title: its name for people, not in the lines.

    part: of an encoder–decoder "decoder" or "cross", with the source: ``of_part(open_model("…"), "cross", "…")``
    """

    name: str
    revision: str = ""
    title: str = ""
    part: str = ""
    source: str = ""

    @classmethod
    def of(cls, model: Any) -> Model:
        """The record of an `AttentionModel`."""
        return cls(model.name, model.revision, model.title, *model.read_beside)

    @classmethod
    def kept(cls, result: Any) -> Model:
        """The record of the model of a result, which keeps its name, revision, title (`model`), part and source."""
        return cls(result.name, result.revision, result.model, result.part, result.source)

    @property
    def address(self) -> str:
        """The name that opens it; a hub id with its commit, so that the same weights are opened."""
        commit = self.revision.partition("+")[0]  # of weights that are held rounded
        is_hub_id = re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", self.name)
        if is_hub_id and re.fullmatch(r"[0-9a-f]{7,40}", commit):
            return f"{self.name.partition('@')[0]}@{commit}"
        return self.name


@dataclass(frozen=True)
class Text:
    """The text that is read, on a line of its own: ``text = "…"``, or ``text = continued("…", "…")``."""

    value: str


@dataclass(frozen=True)
class Call:
    """A call of a public function, or of one of our classes.

    Attributes
    ----------
    name: like "draw_scatter", as it is imported from `dashboard`
    args, kwargs: its arguments
    makes: "figure", "table" or "matrix" if the result can be saved
    to: for a call that is an argument, the variable for its result on a line of its own; "" to write it inline
    note: a comment above that line
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    makes: Makes = ""
    to: str = ""
    note: str = ""


@dataclass(frozen=True)
class Part:
    """An attribute of a result (`at` "table": ``….table``), or one of its items (0: ``…[0]``)."""

    of: Call | Each
    at: str | int
    makes: Makes = ""


@dataclass(frozen=True)
class Variable:
    """The variable of an `Each`, or one of its attributes: "kept", "kept.folder"."""

    name: str


@dataclass(frozen=True)
class Each:
    """A list comprehension: ``[item for variable in over if …]``.

    Attributes
    ----------
    item: an expression with `Variable(variable)` in it, whose own calls have no `to`
    over: the values, or the call that returns them
    where: attributes of the variable and their required values
    makes, to: as in `Call`
    """

    item: Call | Variable
    variable: str
    over: Sequence[Any] | Call
    where: Mapping[str, Any] = field(default_factory=dict)
    makes: Makes = ""
    to: str = ""


@dataclass(frozen=True)
class Lines:
    """A call as a file holds it: the lines that make `thing`. makes: "" in files of versions that did not store it."""

    text: str
    makes: Makes = ""


Made = Call | Part | Lines


def given(**options: Any) -> dict[str, Any]:
    """The options that are not None."""
    return {name: value for name, value in options.items() if value is not None}


def corpus_named(path: str | Path) -> Call | str:
    """A corpus as an argument: the built-in sentences, or a file by its name. Its folder is this machine's affair."""
    return Call("builtin_corpus") if Path(path) == builtin_corpus() else Path(path).name


def recipe(made: Made) -> str:
    """Python lines that make `thing`: imports of the names that are used and of `save`, the text, the model, the steps.

    No value can break them, as each is written by its `repr`.
    """
    return made.text if isinstance(made, Lines) else _Script(made).lines()


class _Script:
    """The lines of one call, collected while its arguments are written."""

    def __init__(self, made: Call | Part):
        self._made = made
        every = list(_inside(made))
        self._imported = {one.name for one in every if isinstance(one, Call)} | {"save"}
        if any(isinstance(one, Model) for one in every):
            self._imported.add("open_model")
        if any(isinstance(one, Model) and one.source for one in every):
            self._imported.add("of_part")
        if any(isinstance(one, Text) and isinstance(one.value, Continued) for one in every):
            self._imported.add("continued")
        variables = {one.variable for one in every if isinstance(one, Each)}
        self._taken = self._imported | variables | {"thing"}
        self._bound: dict[str, str] = {}  # source: the name that it has
        self._texts: list[str] = []
        self._models: list[str] = []
        self._steps: list[str] = []

    def lines(self) -> str:
        last = self._assigned("thing", self._made)
        opening = [f"from dashboard import {', '.join(sorted(self._imported))}", ""]
        return "\n".join([*opening, *self._texts, *self._models, *self._steps, last])

    def _written(self, what: Any) -> str:
        """The source of an argument."""
        match what:
            case Text(value):
                return self._on_its_own(repr(value), "text", self._texts)
            case Model(revision=revision):
                after = f"  # {one_line(revision)}" if revision else ""
                opened = f"open_model({what.address!r})"
                if what.source:
                    opened = f"of_part({opened}, {what.part!r}, {str(what.source)!r})"
                return self._on_its_own(opened, "model", self._models, after)
            case Call() | Each() if what.to:
                source = self._source(what)
                if source not in self._bound:
                    self._bound[source] = name = self._free(what.to)
                    self._steps.append(self._assigned(name, what))
                return self._bound[source]
        return self._source(what)

    def _source(self, what: Any) -> str:
        match what:
            case Call(name):
                return f"{name}({', '.join(self._arguments(what))})"
            case Part(of, at):
                return f"{self._written(of)}.{at}" if isinstance(at, str) else f"{self._written(of)}[{at}]"
            case Variable(name):
                return name
            case Each(item, variable, over):
                conditions = [f"{variable}.{name} == {value!r}" for name, value in what.where.items()]
                where = f" if {' and '.join(conditions)}" if conditions else ""
                return f"[{self._written(item)} for {variable} in {self._written(over)}{where}]"
            case list():
                return f"[{', '.join(map(self._written, what))}]"
        return repr(_plain(what))

    def _arguments(self, call: Call) -> list[str]:
        named = (f"{name}={self._written(value)}" for name, value in call.kwargs.items())
        return [*map(self._written, call.args), *named]

    def _assigned(self, name: str, what: Call | Part | Each) -> str:
        source = self._source(what)
        if isinstance(what, Call) and len(source) > _LONGEST:
            source = "\n".join([f"{what.name}(", *(f"    {one}," for one in self._arguments(what)), ")"])
        note = getattr(what, "note", "")
        return (f"# {one_line(note, 200)}\n" if note else "") + f"{name} = {source}"

    def _on_its_own(self, source: str, name: str, lines: list[str], after: str = "") -> str:
        """The variable of a text or a model, whose line comes before all steps."""
        if source not in self._bound:
            self._bound[source] = self._free(name)
            lines.append(f"{self._bound[source]} = {source}{after}")
        return self._bound[source]

    def _free(self, wanted: str) -> str:
        """The wanted name; if it is taken, the first free one of wanted_2, wanted_3, …"""
        name, k = wanted, 1
        while name in self._taken:
            k += 1
            name = f"{wanted}_{k}"
        self._taken.add(name)
        return name


def _inside(what: Any) -> Iterator[Any]:
    """An expression and everything in it."""
    yield what
    match what:
        case Call():
            parts = [*what.args, *what.kwargs.values()]
        case Part():
            parts = [what.of]
        case Each():
            parts = [what.item, what.over]
        case list():
            parts = what
        case _:
            parts = []
    for part in parts:
        yield from _inside(part)


def one_line(text: str, most: int = 80) -> str:
    """A text safe for a comment: printable ASCII on one line."""
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:most]


def _plain(value: Any) -> Any:
    """A value with Python's numbers instead of numpy's, whose repr names numpy, which the lines do not import."""
    match value:
        case np.generic():
            return value.item()
        case tuple() | list() if type(value) in (tuple, list):
            return type(value)(map(_plain, value))
        case dict():
            return {_plain(key): _plain(one) for key, one in value.items()}
    return value
