"""The report outlives the tab: it is found again under the address that the page has, until it is cleared."""

import pytest

from dashboard.export import report_html, reports
from tests.helpers.pages import lines, opened
from tests.helpers.sentences import numbers, wording


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "cache_dir", lambda: tmp_path)


def address(app):
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def added(app):
    """“Add to report” under the first picture."""
    return press(app, "Add to report")


def counted(app) -> int:
    """What the counter at the top says, 0 where there is none."""
    links = [link.proto.label for link in app.main.get("page_link") if "in the report" in link.proto.label]
    return int(numbers(links[0])[0]) if links else 0


def collected(app):
    """The same session on the report's page."""
    app.switch_page("../pages/report.py").run()
    assert not app.exception
    return app


def test_a_reload_and_a_bookmark_find_the_report(tmp_path):
    app = added(opened(text="Birds sing at dawn.", layer="2", head="9"))
    key = address(app)["report"]
    assert reports.is_key(key) and counted(app) == 1
    app.switch_page("../pages/compare.py").run()
    assert counted(app) == 1 and address(app)["report"] == key
    again = opened("layers", report=key)  # another session: after a reload, or days later
    assert not again.exception and counted(again) == 1
    again = added(again)
    assert counted(again) == 2 and address(again)["report"] == key
    app.run()
    assert counted(app) == 2
    found = [reports.figure(key, entry.name) for entry in reports.entries(key)]
    assert b"Birds sing at dawn." in report_html(found)


def test_it_is_noted_in_named_moved_and_cleared():
    app = collected(added(opened("layers", report=address(added(opened()))["report"])))
    key = address(app)["report"]
    first, second = (entry.name for entry in reports.entries(key))
    app.text_area(key=f"report_note_{second}").set_value("My note\nin two lines").run()
    app.text_input(key=f"report_title_{second}").set_value("My title").run()
    app.button(key=f"up_{second}").click().run()
    assert [(entry.name, entry.note, entry.title) for entry in reports.entries(key)] == [
        (second, "My note\nin two lines", "My title"),
        (first, "", ""),
    ]
    assert b"My note\nin two lines" in report_html([figure for _, figure in figures(key)])
    app.button(key=f"down_{second}").click().run()
    assert [entry.name for entry in reports.entries(key)] == [first, second]
    app.button(key=f"out_{first}").click().run()
    assert [entry.name for entry in reports.entries(key)] == [second]
    next(button for button in app.button if button.label.startswith("Put back")).click().run()
    assert [entry.name for entry in reports.entries(key)] == [second, first]
    press(app, "Clear it for good")
    assert not reports.is_there(key) and "report" not in address(app) and not counted(app)
    assert not opened(report=key).exception


def figures(key):
    from dashboard.ui.pages.report import figures

    return figures(key)


@pytest.mark.parametrize("key", ["../../etc", "0" * 24, "x", "/etc/passwd", "0" * 5_000])
def test_a_report_that_is_not_there_is_no_ones(key):
    app = opened(report=key)
    assert not app.exception and not counted(app) and not app.warning
    assert not collected(opened(report=key)).get("image")
    assert address(added(app))["report"] != key


def test_a_step_back_keeps_the_report():
    app = added(opened())
    key = address(app)["report"]
    app.query_params.clear()
    app.query_params["layer"] = "3"
    app.run()
    assert counted(app) == 1
    assert "report" not in address(app)  # else the way back would end here
    app.number_input(key="choose_head").set_value(4).run()
    assert address(app)["report"] == key and address(app)["layer"] == "3"


def test_a_figure_that_broke_is_left_out_aloud(tmp_path, snapshot):
    app = added(opened())
    added(app.switch_page("../pages/layers.py").run())
    key = address(app)["report"]
    file = tmp_path / "reports" / key / f"{reports.entries(key)[0].name}.zip"
    file.write_bytes(file.read_bytes()[:100])
    [told] = [line for line in lines(collected(app)) if "left out" in line]
    assert numbers(told)[0] == 1 and wording(told) == snapshot
