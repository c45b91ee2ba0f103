"""What a browser tells late, of a page that has been left and of which the session keeps nothing, is let go."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dashboard.ui import head_picker, session
from dashboard.ui.components import cut_arcs, head_map, number_grid, pair_marker, two_sides
from dashboard.ui.components.head_map import Edits
from dashboard.ui.pages import ablation
from dashboard.ui.pages.writing import writing


def never(*_):
    pytest.fail("Something was told.")


LATE = {
    "two words on Start": lambda: two_sides._take("gone", never),
    "an arc": lambda: cut_arcs._take("gone", 3, never),
    "a row of a map": lambda: head_map._take("gone", "map", 3, never),
    "cells of a map": lambda: head_map._cut("gone", "map", (3, 3), Edits([], [], never)),
    "numbers": lambda: number_grid._take("gone", never),
    "a head": lambda: head_picker.click("gone"),
    "a head to ablate": lambda: ablation._take_out("gone"),
    "a token": lambda: writing.take_token("gone"),
    "a head that wrote": lambda: writing._take_head("gone"),
    "two words": lambda: pair_marker._take(SimpleNamespace(words=["a", "b"]), None),
}


@pytest.mark.parametrize("what", LATE)
def test_it_changes_nothing(what, monkeypatch):
    monkeypatch.setattr(session, "change", never)
    monkeypatch.setattr(session, "click_head", never)
    monkeypatch.setattr(session, "mark_widget_run", lambda: None)
    monkeypatch.setattr(pair_marker, "marked", never)
    LATE[what]()


def test_what_is_told_in_time_is_taken(monkeypatch):
    kept = {
        "sides": {"pair": [1, 4]},
        "grid": {"rows": [["1", "−0,5"]]},
        "map": {"cut": {"id": "m", "box": [0, 2, 1, 2]}},
    }
    monkeypatch.setattr(session.st, "session_state", kept)
    taken: list = []
    two_sides._take("sides", lambda *pair: taken.append(pair))
    number_grid._take("grid", lambda cells: taken.append(np.array(cells).tolist()))
    head_map._cut("map", "m", (3, 3), Edits([], [], taken.append))
    assert taken == [(1, 4), [[1.0, -0.5]], [(0, 1), (1, 1)]]
