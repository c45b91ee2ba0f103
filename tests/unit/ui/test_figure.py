"""A figure on a page: what is sent, in which order, and what waits until it is wanted."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.ui import downloads, figure


def page():
    import pandas as pd

    from dashboard.charts.drawing import sheet
    from dashboard.ui.figure import Click, Figure, Table, show
    from tests.unit.ui import test_figure

    def made(name, value):
        def make():
            test_figure.made.append(name)
            return value

        return make

    body = {"mark": "point", "width": 10, "height": 10, "params": [{"name": "head", "select": "point"}]}
    chart = sheet(body, "light", title="A title", subtitle=[], description="A finding.", width=300)
    rows = pd.DataFrame({"a": [1, 2]})
    show(
        Figure(
            chart,
            made("rows of the files", rows),
            "one",
            finding="What it shows",
            lead=["Said first"],
            remarks=["Said last", ""],
            tables=[Table({"a": "A"}), Table({"a": "A"}, made("rows of a table", rows), "A note.", "Two", "two")],
            still=made("picture", chart),
            click=Click(test_figure.clicked, key="one_chart", place="one_place"),
        )
    )


made: list[str] = []


def clicked(key: str) -> None: ...


@pytest.fixture
def menus(monkeypatch):
    """What the menus have inside, by their keys; none is open."""
    made.clear()
    found: dict[str, tuple] = {}
    monkeypatch.setattr(figure, "in_dialog", lambda label, icon, key, inside: found.update({key: (label, inside)}))
    monkeypatch.setattr(downloads, "offer", lambda files, key: found.update({f"files_{key}": ("files", files)}))
    return found


def test_a_figure_stands_in_order_and_makes_nothing_before_it_is_wanted(menus):
    app = AppTest.from_function(page).run()
    assert not app.exception and made == []
    sent = [element.type for element in app.main.children.values()]
    assert sent == ["markdown", "caption", "flex_container", "caption", "flex_container"]
    assert app.markdown[0].value == "##### What it shows"
    assert [caption.value for caption in app.caption] == ["Said first", "Said last"]
    assert {key: label for key, (label, _) in menus.items()} == {
        "files_one": "files",
        "table_one": "Table",
        "table_two": "Two",
    }


def test_a_table_is_made_when_its_menu_is_opened(menus):
    AppTest.from_function(page).run()
    for key, rows in (("table_one", "rows of the files"), ("table_two", "rows of a table")):
        menus[key][1]()
        assert made.pop() == rows and made == []


def test_a_file_is_made_when_it_is_asked_for(menus, monkeypatch):
    AppTest.from_function(page).run()
    files = menus["files_one"][1]
    assert made == []
    monkeypatch.setattr(downloads, "figure_bytes", lambda chart, ending, provenance: ending.encode())
    assert files.picture("svg") == b"svg" and made == ["picture"]
    assert files.data("csv").decode().splitlines()[-1] == "2" and made == ["picture", "rows of the files"]
