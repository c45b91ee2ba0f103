"""“Map of heads”, run from the entry without a browser."""

from __future__ import annotations

from urllib.parse import parse_qs

from dashboard.analyses.similarity import map_job, pair_job
from dashboard.analyses.similarity.api import similar_heads_elsewhere
from tests.helpers.measurements import jobs_begun, nothing_measured
from tests.helpers.pages import opened, read, said


def test_the_map_that_comes_along_says_which_heads_are_alike():
    app = opened("similarity", layer="2", head="8")
    assert not app.exception
    assert "L2H8 is nearest to" in said(app)
    assert "are most alike" in said(app)
    put = next(one for one in app.main.button if one.label.startswith("Put L2H8 and"))
    put.click().run()
    assert not app.exception
    assert app.query_params["tray"].startswith("L2H8,L")


def test_no_text_is_needed():
    for text in (" ", "\u200b"):
        app = opened("similarity", layer="2", head="8", text=text)
        assert not app.exception and not app.error and "L2H8 is nearest to" in said(app)


def test_heads_are_coloured_by_role_where_there_is_a_profile():
    app = opened("similarity", coloured="role")
    assert not app.exception
    assert "Coloured by" in [one.label for one in app.main.button_group]


def test_where_there_is_no_map_yet_it_can_be_made(monkeypatch, tmp_path):
    nothing_measured(monkeypatch, map_job.MEASUREMENT, tmp_path)
    begun = jobs_begun(monkeypatch)
    app = opened("similarity")
    assert not app.exception
    assert "has not been measured on this machine yet" in said(app)
    next(one for one in app.main.button if one.label == "Make the map").click().run()
    assert not app.exception
    assert [(model, how["bos"]) for model, how in begun] == [("minilm", True)]


def compare_link(app) -> dict[str, list[str]]:
    """Where the link to Compare leads."""
    [link] = [one.proto for one in app.main.get("page_link") if "on your text" in one.proto.label]
    return parse_qs(link.query_string)


def test_heads_like_it_in_another_model_lead_to_compare(minilm, smollm2):
    app = opened("similarity", layer="2", head="8")
    found = pair_job.MEASUREMENT.find(pair_job.Request.of(minilm.source, smollm2.source))
    like = similar_heads_elsewhere(found, "L2H8")
    best = f"L{like['layer'][0]}H{like['head'][0]}"
    assert f"Of the 270 heads of SmolLM2 135M {best} is nearest to L2H8" in read(app) and "the median over all" in read(
        app
    )
    assert app.dataframe[1].value["distance"].tolist() == like["distance"].tolist()
    address = compare_link(app)
    assert address["mode"] == ["models"] and address["other_head"] == [best] and address["head"] == ["8"]
    back = opened("similarity", model="smollm2", layer="3", head="2")
    assert not back.exception and "Of the 72 heads of MiniLM" in read(back)
    assert compare_link(back)["other_model"] == ["minilm"]


def test_two_models_that_were_not_measured_yet_can_be(monkeypatch, tmp_path):
    nothing_measured(monkeypatch, pair_job.MEASUREMENT, tmp_path)
    begun = jobs_begun(monkeypatch)
    app = opened("similarity")
    assert not app.exception and "are from one another has not been measured" in said(app)
    assert "are most alike" in said(app)  # the map stands all the same
    next(one for one in app.main.button if one.label == "Measure the two models").click().run()
    assert not app.exception and [(model, how["second"]) for model, how in begun] == [("minilm", "smollm2")]
    gone = opened("similarity", other_model="/nowhere")
    assert not gone.exception and "nowhere" in said(gone) and "are most alike" in said(gone)
