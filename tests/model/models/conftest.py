"""A cache of their own for what is converted, tiny models, and the sentences of those that are refused."""

from __future__ import annotations

import importlib

import pytest

from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.models import made
from tests.helpers import tiny


@pytest.fixture
def own_cache(tmp_path, monkeypatch, request):
    """A cache of its own. What a process of its own would make is made in this one, which saves 5 s a model, but in
    tests that ask for `processes`."""
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "cache"))
    if "processes" not in request.fixturenames:
        monkeypatch.setattr(made, "run", _here)
    return tmp_path / "cache"


@pytest.fixture
def processes():
    pass


def _here(command, work, tick, env=None):
    _, module, *arguments = command[command.index("-m") :]
    tick(0.0)
    try:
        importlib.import_module(module).main(arguments)
    except SystemExit as said:
        return str(said)
    return ""


@pytest.fixture
def tiny_model(tmp_path):
    """The folder of a tiny model of that kind."""

    def of(kind, **more):
        tiny.make(kind, tmp_path, **more)
        return tmp_path

    return of


@pytest.fixture
def not_opened(refuses):
    """A model of this name is refused in one short sentence, which names these facts."""

    def not_opened(name, *facts):
        with refuses(UserError, *facts) as raised:
            open_model(str(name))
        assert "\n" not in str(raised.value) and len(str(raised.value)) < 600
        assert str(raised.value).endswith((".", ")"))

    return not_opened
