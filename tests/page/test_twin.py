"""The untrained twin on the pages that draw it: at once where it is known, else a button; and nothing where hidden."""

from __future__ import annotations

import pytest

from dashboard.analyses.scores.twin import MEASUREMENT
from dashboard.builtin.known_truth import write
from dashboard.capture import untrained_twin
from dashboard.heads.untrained import TAUGHT
from dashboard.jobs import measurement
from dashboard.ui import paths
from tests.helpers import pages

ASK = "Measure the untrained twin"


def asks(app) -> bool:
    return any(button.label == ASK for button in app.button)


@pytest.mark.parametrize("page", ["explore", "profile", "ablation"])
def test_a_first_visit_has_it_at_once(page):
    app = pages.opened(page)
    assert not app.exception and not app.error
    assert TAUGHT in pages.read(app) and not asks(app)


def test_hidden_by_the_switch_it_is_gone_from_the_page_and_the_address_says_so():
    app = pages.opened("explore")
    app.segmented_control(key="choose_twin").set_value("no").run()
    assert not app.exception and dict(app.query_params)["twin"] == "no"
    assert TAUGHT not in pages.read(app) and not asks(app) and "untrained twin" not in pages.read(app)


def test_another_text_offers_to_measure_it_and_draws_it_then(monkeypatch, tmp_path, minilm):
    monkeypatch.setattr(measurement, "cache_dir", lambda: tmp_path)
    begun = []
    monkeypatch.setattr(type(MEASUREMENT), "begin", lambda self, request: begun.append((self, request)))
    app = pages.opened("explore", text="Birds sing in the morning.")
    assert not app.exception and asks(app) and TAUGHT not in pages.read(app)
    next(button for button in app.button if button.label == ASK).click().run()
    [(asked_of, request)] = begun
    assert asked_of is MEASUREMENT and (request.model, request.text) == (
        "untrained:minilm",
        "Birds sing in the morning.",
    )

    twin = untrained_twin(minilm)
    assert MEASUREMENT.request(twin, **request.options).key() == request.key()  # a job finds what the page asks for
    MEASUREMENT.keep(MEASUREMENT.measure(request, twin), request)
    app.run()
    assert not app.exception and TAUGHT in pages.read(app) and not asks(app)


def test_what_has_no_twin_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "check_model", lambda name: None)
    write(tmp_path / "hand", "induction")
    app = pages.opened("explore", model=str(tmp_path / "hand"), text="a b a b")
    assert not app.exception and "by hand" in pages.read(app) and not asks(app)
