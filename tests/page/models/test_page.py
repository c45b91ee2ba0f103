"""The page “Models”: what is here, the hub, and the card, as a person sees them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from dashboard import open_model
from dashboard.analyses.card import job as card_job
from dashboard.capture.head_weights import head_weights
from dashboard.heads.head_id import HeadId
from dashboard.jobs import fetching
from dashboard.jobs.job import find
from dashboard.jobs.record import JOB
from dashboard.models import CATALOGUE, memory
from dashboard.models.shelf.search import Files, Found
from tests.helpers.pages import lines, notices, opened
from tests.helpers.views import attention

TINY = Found("own/tiny_model", 1234, "mit", False, 10**9)


@pytest.fixture(autouse=True)
def begun(monkeypatch, tmp_path):
    """A cache of its own; what the page starts in the background is noted and not started."""
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    started = []
    monkeypatch.setattr(fetching, "start", lambda *args, **how: started.append((args, how)))
    monkeypatch.setattr(card_job, "start", lambda *args, **how: started.append((args, how)))
    return started


def press(app, key):
    return next(button for button in app.button if button.key == key).click().run()


def test_a_model_is_shown_with_what_a_person_needs_to_choose(minilm):
    app = opened("models")
    [facts] = lines(app, "6 layers × 12 heads", "512")
    assert CATALOGUE["minilm"].licence in facts and "F32" in facts
    [used] = lines(app, "In use", "float32")
    assert minilm.revision in used and not app.exception


def test_a_model_that_does_not_fit_is_warned_of(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda: 10**9)
    monkeypatch.setattr("dashboard.models.shelf.here.free_bytes", lambda: 10**9)
    found = Files(TINY, (("model.safetensors", 4 * 10**9),))
    monkeypatch.setattr("dashboard.ui.pages.models.hub.search", lambda text: [TINY])
    monkeypatch.setattr("dashboard.ui.pages.models.hub.files_of", lambda name: found)
    app = opened("models")
    next(one for one in app.text_input if one.label.startswith("Search")).set_value("tiny")
    app = next(button for button in app.button if button.label == "Search").click().run()
    app = press(app, "look_own/tiny_model")
    assert lines(app, "Will not fit", "4.3 GB", "1.0 GB")


def test_a_model_of_the_hub_is_found_looked_at_and_fetched(monkeypatch, begun):
    found = Files(TINY, (("model.safetensors", 90 * 10**6), ("config.json", 700)))
    monkeypatch.setattr("dashboard.ui.pages.models.hub.search", lambda text: [TINY])
    monkeypatch.setattr("dashboard.ui.pages.models.hub.files_of", lambda name: found)
    app = opened("models")
    next(one for one in app.text_input if one.label.startswith("Search")).set_value("tiny")
    app = next(button for button in app.button if button.label == "Search").click().run()
    assert lines(app, "1,234 downloads", "mit")
    app = press(app, "look_own/tiny_model")
    assert app.dataframe[0].value["file"].tolist() == ["model.safetensors", "config.json"]
    [button] = [one for one in app.button if one.key == "fetch_own/tiny_model"]
    assert "90 MB" in button.label
    button.click().run()
    [(args, how)] = begun
    assert args[0] == "own/tiny_model" and how == {"work": fetching.__name__}


def test_without_a_network_the_search_says_so():
    app = opened("models")
    next(one for one in app.text_input if one.label.startswith("Search")).set_value("tiny")
    app = next(button for button in app.button if button.label == "Search").click().run()
    assert any("Connect to the network" in one for one in notices(app)) and not app.exception


def test_a_stopped_fetch_stands_on_the_page_and_goes_on(tmp_path, begun):
    out = fetching.place() / "own-tiny"
    out.mkdir(parents=True)
    asked = f'{{"model": "own/tiny", "path": "{out}", "limit": null, "work": "{fetching.__name__}"}}'
    state = '"pid": null, "beat": 0, "fraction": 0.4, "sentence": "Downloading own/tiny", "state": "stopped"'
    (out / JOB).write_text(f'{{"asked": {asked}, {state}}}')
    assert find(out).resumes
    app = opened("models")
    assert lines(app, "own/tiny", "from the hub") and "Continue" in [button.label for button in app.button]


def test_a_card_is_made_in_the_background_and_then_there(minilm, begun):
    app = opened("models")
    press(app, "make_card")
    [(args, how)] = begun
    assert args[0] == "minilm" and how["limit"] is None and how["work"] == card_job.__name__
    out = card_job.place_for(minilm)
    out.mkdir(parents=True)
    (out / "card.html").write_text("<html>")
    app = opened("models")
    assert [one.label for one in app.get("download_button")] == ["Card (HTML)"]


def weights_file(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_attention_weights_are_dropped_and_read_on_every_page(tmp_path):
    maps = np.array([[attention(4, seed) for seed in (1, 2)]], np.float32)
    app = opened("models")
    dropped = ("../odd name?.npz", weights_file(weights=maps, tokens=["We", "see", "two", "heads"]), "application/zip")
    app = app.file_uploader(key="weights_upload").set_value(dropped).run()
    assert not app.exception and not app.error
    chosen = app.session_state["choices"]
    kept = Path(chosen.model)
    assert kept.parent.parent == tmp_path / "made" and kept.name == "odd-name-.npz"
    assert chosen.text == "We see two heads"
    model = open_model(chosen.model)
    assert np.allclose(head_weights(model, model.own_text, [HeadId(0, 1)])[0], maps[0, 1])
    assert lines(app, "odd-name-.npz") and lines(app, "4 tokens")


@pytest.mark.parametrize("data", [b"no archive", weights_file(other=np.zeros(3))])
def test_a_file_without_weights_says_so_and_nothing_changes(data):
    app = opened("models")
    before = app.session_state["choices"]
    app = app.file_uploader(key="weights_upload").set_value(("mine.npz", data, "application/zip")).run()
    assert not app.exception and app.session_state["choices"] == before
    assert [one for one in notices(app) if one.startswith("error") and "mine.npz" in one]
