"""What the entries of a registry share: a function that is imported when it is first called.

A registry (`dashboard.formats.FORMATS`, `SCORES`, `VIEWS`) is read where nothing heavy may be imported: to list its
names in a menu or in the command line's help.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def later(module: str, name: str) -> Callable[..., Any]:
    """The function `name` of a module, which is imported when the function is called."""

    def call(*given: Any, **named: Any) -> Any:
        return getattr(import_module(module), name)(*given, **named)

    call.__module__, call.__name__ = module, name
    return call
