"""“Head map”, run from the entry without a browser."""

from __future__ import annotations

from urllib.parse import parse_qs

from dashboard.analyses.similarity import map_job, pair_job
from dashboard.analyses.similarity.api import similar_heads_elsewhere
from dashboard.analyses.similarity.text import elsewhere_finding, map_finding
from dashboard.heads.head_id import HeadId
from tests.helpers.measurements import jobs_begun, nothing_measured
from tests.helpers.pages import lines, notices, opened, read, said
from tests.helpers.sentences import heads_in, numbers, plain, wording


def test_the_map_that_comes_along_says_which_heads_are_alike(minilm, snapshot):
    app = opened("similarity", layer="2", head="8")
    assert not app.exception
    found = map_job.MEASUREMENT.find(map_job.Request.of(minilm))
    nearest, two = map_finding(found, HeadId(2, 8)), map_finding(found)
    assert plain(nearest) in plain(said(app)) and plain(two) in plain(said(app)) and heads_in(nearest)[0] == "L2H8"
    assert [wording(nearest), wording(two)] == snapshot
    put = next(one for one in app.main.button if one.label.startswith("Pin L2H8 and"))
    put.click().run()
    assert not app.exception
    assert app.query_params["tray"].startswith("L2H8,L")


def test_no_text_is_needed():
    for text in (" ", "\u200b"):
        app = opened("similarity", layer="2", head="8", text=text)
        assert not app.exception and not app.error and "L2H8 is closest to" in said(app)


def test_heads_are_coloured_by_role_where_there_is_a_profile():
    app = opened("similarity", coloured="role")
    assert not app.exception
    assert "Coloured by" in [one.label for one in app.main.button_group]


def test_where_there_is_no_map_yet_it_can_be_made(monkeypatch, tmp_path, snapshot):
    nothing_measured(monkeypatch, map_job.MEASUREMENT, tmp_path)
    begun = jobs_begun(monkeypatch)
    app = opened("similarity")
    assert not app.exception
    assert notices(app) == snapshot and not app.get("vega_lite_chart")
    next(one for one in app.main.button if one.label == "Make the map").click().run()
    assert not app.exception
    assert [(model, how["bos"]) for model, how in begun] == [("minilm", True)]


def compare_link(app) -> dict[str, list[str]]:
    """Where the link to Compare leads."""
    [link] = [one.proto for one in app.main.get("page_link") if "on your text" in one.proto.label]
    return parse_qs(link.query_string)


def test_heads_like_it_in_another_model_lead_to_compare(minilm, smollm2, snapshot):
    app = opened("similarity", layer="2", head="8")
    found = pair_job.MEASUREMENT.find(pair_job.Request.of(minilm.source, smollm2.source))
    like = similar_heads_elsewhere(found, "L2H8")
    best = f"L{like['layer'][0]}H{like['head'][0]}"
    told = elsewhere_finding(found, HeadId(2, 8), "SmolLM2 135M")
    assert heads_in(told) == [best, "L2H8"] and numbers(told)[0] == 270 and plain(told) in read(app)
    assert wording(told) == snapshot
    assert app.dataframe[1].value["distance"].tolist() == like["distance"].tolist()
    address = compare_link(app)
    assert address["mode"] == ["models"] and address["other_head"] == [best] and address["head"] == ["8"]
    back = opened("similarity", model="smollm2", layer="3", head="2")
    asked = pair_job.Request.of(smollm2.source, minilm.source)
    turned = asked.rows_of(smollm2.source, pair_job.MEASUREMENT.find(asked))
    assert not back.exception and plain(elsewhere_finding(turned, HeadId(3, 2), "MiniLM")) in read(back)
    assert compare_link(back)["other_model"] == ["minilm"]


def test_two_models_that_were_not_measured_yet_can_be(monkeypatch, tmp_path, snapshot):
    nothing_measured(monkeypatch, pair_job.MEASUREMENT, tmp_path)
    begun = jobs_begun(monkeypatch)
    app = opened("similarity")
    assert not app.exception and [line for line in lines(app) if "measured" in line] == snapshot
    assert "are the most similar" in said(app)  # the map stands all the same
    next(one for one in app.main.button if one.label == "Measure the two models").click().run()
    assert not app.exception and [(model, how["second"]) for model, how in begun] == [("minilm", "smollm2")]
    gone = opened("similarity", other_model="/nowhere")
    assert not gone.exception and "nowhere" in said(gone) and "are the most similar" in said(gone)
