"""The code that ran, as text, and where in it each step stands.

The text is read from the functions themselves with `inspect`, and the lines are found in it by what they assign: a
line `scores = …` is the step "scores", a parameter `x` the step "x". So when the code changes, the marks move with it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from dashboard.builtin.attention import Steps

STEPS = tuple(field.name for field in fields(Steps))


@dataclass(frozen=True)
class Listing:
    """Some functions' source, one after the other with two empty lines between.

    Attributes
    ----------
    code: the text
    lines: step → the line of `code` that computes it, counted from 1; of steps that these functions assign
    """

    code: str
    lines: Mapping[str, int]


def listing(*functions: Callable, docstrings: bool = False) -> Listing:
    """The source of functions as it ran, and the line of each step of `Steps` in it.

    A step is marked where it first appears, assigned or as a parameter, so give the functions in the order in which a
    person should read them. Without docstrings their lines are left out; no other character is changed. Raises
    OSError where Python has no source for a function.
    """
    code: list[str] = []
    lines: dict[str, int] = {}
    for function in functions:
        if code:
            code += ["", ""]
        source = inspect.getsource(function).splitlines()
        (definition,) = ast.parse("\n".join(source)).body
        dropped = set() if docstrings else _docstring_lines(definition)
        for number, line in enumerate(source, 1):
            if number not in dropped:
                code.append(line)
                for name in _appearing(definition, number):
                    lines.setdefault(name, len(code))
    return Listing("\n".join(code), MappingProxyType(lines))


def _docstring_lines(definition: ast.stmt) -> set[int]:
    if not isinstance(definition, ast.FunctionDef) or ast.get_docstring(definition) is None:
        return set()
    first = definition.body[0]
    return set(range(first.lineno, (first.end_lineno or first.lineno) + 1))


def _appearing(definition: ast.stmt, line: int) -> set[str]:
    """The steps that are a parameter on this line, or that the statement beginning on it assigns."""
    names = {node.arg for node in ast.walk(definition) if isinstance(node, ast.arg) and node.lineno == line}
    for statement in ast.walk(definition):
        if isinstance(statement, ast.Assign) and statement.lineno == line:
            targets = [name for target in statement.targets for name in ast.walk(target)]
            names |= {name.id for name in targets if isinstance(name, ast.Name)}
    return names.intersection(STEPS)
