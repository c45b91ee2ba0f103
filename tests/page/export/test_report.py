"""The report outlives the tab: it is found again under the address that the page has, until it is cleared."""

import pytest

from dashboard.export import report_html, reports
from dashboard.formats import REPORTS, Format
from dashboard.ui import figure
from tests.helpers.pages import lines, opened, read
from tests.helpers.sentences import numbers, wording


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(figure, "menu", lambda label, icon, key, inside: inside())  # “Download” stands open


def address(app):
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def added(app):
    """“Add to report” under the first picture."""
    return press(app, "Add to report")


def test_a_reload_and_a_bookmark_find_the_report(tmp_path):
    app = added(opened(text="Birds sing at dawn.", layer="2", head="9"))
    key = address(app)["report"]
    assert reports.is_key(key) and "**Report** · 1 figure" in read(app)
    app.switch_page("../pages/compare.py").run()
    assert "**Report** · 1 figure" in read(app) and address(app)["report"] == key
    again = opened("layers", report=key)  # another session: after a reload, or days later
    assert not again.exception and "**Report** · 1 figure" in read(again)
    again = added(again)
    assert "**Report** · 2 figures" in read(again) and address(again)["report"] == key
    app.run()
    assert "**Report** · 2 figures" in read(app)
    found = [reports.figure(key, entry.name) for entry in reports.entries(key)]
    assert b"Birds sing at dawn." in report_html(found)


def test_it_is_offered_in_every_format(monkeypatch):
    monkeypatch.setitem(REPORTS, "txt", Format("Plain text", "text/plain", "report", "", lambda figures, title: b""))
    app = press(added(opened()), "Open the report")
    offered = [button.proto.label for button in app.get("download_button")]
    assert [label for label in offered if label in {entry.title for entry in REPORTS.values()}][-4:] == [
        "HTML page",
        "PDF",
        "All files (zip)",
        "Plain text",
    ]


def test_it_is_noted_in_moved_and_cleared():
    app = added(opened("layers", report=address(added(opened()))["report"]))
    key = address(app)["report"]
    press(app, "Open the report")
    first, second = (entry.name for entry in reports.entries(key))
    app.text_input(key=f"report_note_{second}").set_value("My note").run()
    press(app, "Open the report")
    app.button(key="up_1").click().run()
    assert [(entry.name, entry.note) for entry in reports.entries(key)] == [(second, "My note"), (first, "")]
    press(app, "Open the report")
    app.button(key="out_1").click().run()
    assert [entry.name for entry in reports.entries(key)] == [second]
    press(app, "Open the report")
    press(app, "Clear it for good")
    assert not reports.is_there(key) and "report" not in address(app) and "**Report**" not in read(app)
    assert not opened(report=key).exception


@pytest.mark.parametrize("key", ["../../etc", "0" * 24, "x", "/etc/passwd", "0" * 5_000])
def test_a_report_that_is_not_there_is_no_ones(key):
    app = opened(report=key)
    assert not app.exception and "**Report**" not in read(app) and not app.warning
    assert address(added(app))["report"] != key


def test_a_step_back_keeps_the_report():
    app = added(opened())
    key = address(app)["report"]
    app.query_params.clear()
    app.query_params["layer"] = "3"
    app.run()
    assert "**Report** · 1 figure" in read(app)
    assert "report" not in address(app)  # else the way back would end here
    app.number_input(key="choose_head").set_value(4).run()
    assert address(app)["report"] == key and address(app)["layer"] == "3"


def test_a_figure_that_broke_is_left_out_aloud(tmp_path, snapshot):
    app = added(opened())
    key = address(app)["report"]
    [file] = (tmp_path / "reports" / key).glob("*.zip")
    file.write_bytes(file.read_bytes()[:100])
    press(app, "Open the report")
    [told] = [line for line in lines(app) if "left out" in line]
    assert numbers(told)[0] == 1 and wording(told) == snapshot
