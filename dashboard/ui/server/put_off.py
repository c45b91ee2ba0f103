"""Imports that the libraries make at their start and the dashboard seldom needs, put off until somebody uses them.

transformers imports torch's compiler and `scipy.optimize`, spaCy its command line: a third of the time from the start
of the server to the first picture. In their place stand modules that hold just what is imported from them. Whoever
uses one of these things, or asks for anything else, gets the module itself.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

_removing = threading.Lock()


class PutOff(ModuleType):
    """Stands for a module that is not imported yet, and holds what can be had of it without.

    Parameters
    ----------
    name
        The module's name.
    holds
        What is imported from it at the libraries' start, by name.
    """

    def __init__(self, name: str, **holds: object):
        super().__init__(name)
        self.__dict__.update(holds)

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":  # asked for where a part of it is imported, and by each `from … import …`
            used = sys._getframe(1).f_code.co_name == "_find_and_load_unlocked"
        else:  # whoever looks through all modules asks for `__file__`
            used = name == "__all__" or not name.startswith("__")
        if not used:
            raise AttributeError(name)
        return getattr(real(self.__name__), name)


def real(name: str) -> ModuleType:
    """The module itself, imported now; nothing stands for it or for its parts any more."""
    with _removing:
        for one, module in list(sys.modules.items()):
            if isinstance(module, PutOff) and f"{one}.".startswith(f"{name}."):
                del sys.modules[one]
    return import_module(name)


def put_off() -> None:
    """Put these modules off, where they are not imported already. Call it before transformers or spaCy are imported."""
    for one in (
        # Nothing is compiled here, so there is nothing to keep from being compiled.
        PutOff("torch._dynamo", disable=_as_it_is, allow_in_graph=_as_it_is, assume_constant_result=_as_it_is),
        PutOff(_GET_ITEM, TransformGetItemToIndex=lambda: real(_GET_ITEM).TransformGetItemToIndex()),
        PutOff("scipy.optimize", linear_sum_assignment=_calls("scipy.optimize", "linear_sum_assignment")),
        PutOff("spacy.cli.info", info=_calls("spacy.cli.info", "info")),
    ):
        sys.modules.setdefault(one.__name__, one)


_GET_ITEM = "torch._dynamo._trace_wrapped_higher_order_op"


def _as_it_is(function: Callable | None = None, *_: object, **__: object) -> Callable:
    """A decorator that changes nothing, with or without arguments."""
    return _as_it_is if function is None else function


def _calls(module: str, name: str) -> Callable:
    return lambda *args, **kwargs: getattr(real(module), name)(*args, **kwargs)
