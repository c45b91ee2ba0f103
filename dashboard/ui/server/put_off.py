"""Imports that the libraries make at their start and the dashboard seldom needs, put off until somebody uses them.

transformers imports torch's compiler and its algebra of shapes, all that torch has for several machines, accelerate and
`scipy.optimize`, altair imports IPython, spaCy its command line: two fifths of the time from the start of the server to
the first picture. In the place of most stand modules that hold just what is imported from them. Whoever uses one of
these things, or asks for anything else, gets the module itself. Several machines are left out as they are where torch
is built without them.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
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
        # A library is looked for, to know whether it is installed. To find a part of one would import the library.
        self.__spec__ = ModuleSpec(name, None) if "." in name else find_spec(name)

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
        _later("torch._dynamo._trace_wrapped_higher_order_op", "TransformGetItemToIndex"),
        PutOff(
            _SHAPES,
            **{name: _of_numbers(name, _truth) for name in ("expect_true", "guard_or_false", "guard_or_true")},
            guard_size_oblivious=_of_numbers("guard_size_oblivious", _truth),
            sym_eq=_of_numbers("sym_eq", _equal),
            is_nested_int=_of_numbers("is_nested_int", lambda size: False if type(size) is int else None),
        ),
        _later("accelerate", "PartialState", "dispatch_model"),
        _later(
            "accelerate.utils",
            "extract_model_from_parallel",
            "get_balanced_memory",
            "get_max_memory",
            "infer_auto_device_map",
            "reduce",
        ),
        _later("accelerate.utils.modeling", "clean_device_map", "get_max_layer_size"),
        _later("accelerate.hooks", "AlignDevicesHook", "add_hook_to_module"),
        _later("altair.jupyter", "JupyterChart"),
        _later("scipy.optimize", "linear_sum_assignment"),
        _later("spacy.cli.info", "info"),
    ):
        sys.modules.setdefault(one.__name__, one)
    sys.meta_path.insert(0, _Once())
    if "transformers" not in sys.modules:
        sys.meta_path.insert(0, _Ahead())


class _Once:
    """Hands on a part of a library that the library itself has imported, where one asks for the part first.

    Python asks for the library’s path, with which the library is imported, and would then import the part again: two
    modules of one name, whose classes and settings have nothing to do with each other.
    """

    def find_spec(self, name: str, _path: object = None, target: object = None) -> ModuleSpec | None:
        there = sys.modules.get(name) if target is None else None  # a target is imported again on purpose
        return None if there is None else ModuleSpec(name, _There(there))


class _There(Loader):
    """The loader of a module that is there already."""

    def __init__(self, module: ModuleType):
        self._module, self._spec = module, getattr(module, "__spec__", None)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        with suppress(AttributeError):  # torch's settings refuse it, and so have kept their own
            module.__spec__ = self._spec


class _Ahead:
    """Sees that a module is about to be imported, and finds none."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "transformers":
            distributed = import_module("torch.distributed")
            distributed.is_available = lambda: False  # type: ignore[attr-defined]
        elif name == "transformers.models":
            sys.meta_path.remove(self)
            _read_once(sys.modules["transformers.utils.import_utils"])


def _read_once(utils: Any) -> None:
    """transformers reads all its models' files for their names, and then again with the same result."""
    read, files = utils.define_import_structure, Path(utils.__file__).parents[1] / "models"

    def known(path: str, prefix: str | None = None) -> dict:
        if prefix is not None or Path(path) != files / "__init__.py":
            return read(path, prefix)
        own = "models."  # the rest transformers has added by then
        return {
            needs: {name.removeprefix(own): has for name, has in part.items() if name.startswith(own)}
            for needs, part in read(files, prefix="models").items()
        }

    utils.define_import_structure = known


def _as_it_is(function: Callable | None = None, *_: object, **__: object) -> Callable:
    """A decorator that changes nothing, with or without arguments."""
    return _as_it_is if function is None else function


_SHAPES = "torch.fx.experimental.symbolic_shapes"


def _of_numbers(name: str, answer: Callable[..., bool | None]) -> Callable:
    """What the function of this name in `_SHAPES` says of plain numbers. Of symbols, which only the compiler has,
    `answer` says None, and the function itself is asked."""

    def function(*args: Any, **kwargs: Any) -> Any:
        known = answer(*args)
        return getattr(real(_SHAPES), name)(*args, **kwargs) if known is None else known

    return function


def _truth(holds: object, *_: object) -> bool | None:
    return holds if isinstance(holds, bool) else None


def _equal(one: Any, other: Any) -> bool | None:
    sizes = [*one, *other] if isinstance(one, tuple) and isinstance(other, tuple) else [one, other]
    return one == other if all(type(size) is int for size in sizes) else None


class _Later:
    """A function or class of a module, which is imported when somebody calls it or asks for what it holds."""

    def __init__(self, module: str, name: str):
        self._of = module, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._itself()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._itself(), name)

    def _itself(self) -> Any:
        module, name = self._of
        return getattr(real(module), name)


def _later(module: str, *names: str) -> PutOff:
    return PutOff(module, **{name: _Later(module, name) for name in names})
