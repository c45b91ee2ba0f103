"""Functions of a registry that are imported when they are first called.

Menus and the command line's help read a registry (`dashboard.formats.FORMATS`, `SCORES`, `VIEWS`) for its names, and
must not import anything heavy for that.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def later(module: str, name: str) -> Callable[..., Any]:
    """The function `name` of a module; calling it imports the module."""

    def call(*given: Any, **named: Any) -> Any:
        return getattr(import_module(module), name)(*given, **named)

    call.__module__, call.__name__ = module, name
    return call
