"""“Map of heads”, run from the entry without a browser."""

from __future__ import annotations

from tests.page.running import opened, said


def test_the_map_that_comes_along_says_which_heads_are_alike():
    app = opened("headmap", layer="2", head="8")
    assert not app.exception
    assert "L2H8 is nearest to" in said(app)
    assert "are most alike" in said(app)
    put = next(one for one in app.main.button if one.label.startswith("Put L2H8 and"))
    put.click().run()
    assert not app.exception
    assert app.query_params["tray"].startswith("L2H8,L")


def test_no_text_is_needed():
    for text in (" ", "\u200b"):
        app = opened("headmap", layer="2", head="8", text=text)
        assert not app.exception and not app.error and "L2H8 is nearest to" in said(app)


def test_heads_are_coloured_by_role_where_there_is_a_profile():
    app = opened("headmap", coloured="role")
    assert not app.exception
    assert "Coloured by" in [one.label for one in app.main.button_group]


def test_where_there_is_no_map_yet_it_can_be_made(monkeypatch, tmp_path):
    from dashboard import headmaps
    from dashboard.ui import headmaps as ui

    begun = []
    monkeypatch.setattr(headmaps, "SHIPPED", tmp_path / "none")
    monkeypatch.setattr(headmaps, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(headmaps, "begin", lambda *asked: begun.append(asked))
    ui._found.clear()
    app = opened("headmap")
    assert not app.exception
    assert "has not been measured on this machine yet" in said(app)
    next(one for one in app.main.button if one.label == "Make the map").click().run()
    assert not app.exception
    assert [bos for _, bos in begun] == [True]
    ui._found.clear()
