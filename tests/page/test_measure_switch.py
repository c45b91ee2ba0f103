"""Weight or contribution: one switch on every page that draws a head on the person's text; figures stay of weights."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from dashboard import contributions
from dashboard.ui.url_state import FIRST_OTHER, FIRST_TEXT
from tests.helpers.charts import cells
from tests.helpers.pages import heading, lines, notices, opened, read
from tests.helpers.sentences import heads_in, numbers, plain, wording

SWITCH = "choose_measure_of"


def switched(page: str, **address: str):
    """The page with contributions chosen on it, and what it said of weights before."""
    app = opened(page, **address)
    assert not app.exception and "norm" not in heading(app)
    before = read(app)
    app.segmented_control(key=SWITCH).set_value("contribution").run()
    assert not app.exception and app.query_params["measure_of"] in ("contribution", ["contribution"])
    return app, before


def specs(app, kind: str) -> list[dict]:
    every = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    return [spec for spec in every if kind in spec["description"]]


def links(spec: dict, n: int) -> np.ndarray:
    """What arcs draw, as parts of full ink (n, n): all links from 0.005 on."""
    found = np.zeros((n, n))
    for layer in spec["layer"]:
        for row in layer["data"]["values"]:
            if "o" in row:
                found[row["i"], row["j"]] = row["w"]
    return found


def drawn(views, full: float) -> list[np.ndarray]:
    return [view.weights / full for view in views]


def alike(found: np.ndarray, expected: np.ndarray) -> bool:
    """What is drawn is what is expected, and what is not drawn is next to nothing."""
    there = found != 0
    return np.abs(found - expected)[there].max() < 1e-4 and np.abs(expected[~there]).max(initial=0) < 0.0051


def test_heads_of_one_model_stand_on_one_scale_and_their_figures_stay(minilm, snapshot):
    app, before = switched("compare", tray="L2H0,L2H8,L3H1")
    views = contributions(minilm, FIRST_TEXT, ["L2H0", "L2H8", "L3H1"], unit="words")
    [sheet] = specs(app, "side by side")
    for panel, expected in zip(sheet["concat"], drawn(views, views[0].full), strict=True):
        assert alike(cells(panel, len(views[0])), expected)
    first = views[0]  # every word of MiniLM sees all others, so each has a choice
    i, j = np.unravel_index(np.where(np.array(first.special)[:, None], 0, first.weights).argmax(), first.weights.shape)
    told = plain(heading(app))
    assert f"L2H0 to “{first.labels[i]}” from “{first.labels[j]}”" in told
    assert numbers(told)[0] == pytest.approx(first.weights[i, j], abs=0.006) and wording(told) == snapshot
    for of_weights in ("L2H8 and L3H1 are the most similar (divergence", "They differ most on “is”"):
        told = re.search(re.escape(of_weights) + ".*", before)[0].strip()
        assert told in read(app)
    assert [wording(line) for line in lines(app) if "weights" in line] == snapshot(name="of weights")
    app.segmented_control(key="choose_show").set_value("difference").run()
    two = contributions(minilm, FIRST_TEXT, ["L2H0", "L2H8"], unit="words")
    [sheet] = specs(app, " exceeds ")
    a, b = drawn(two, two[0].full)
    assert alike(cells(sheet, len(two[0])), a - b)
    assert not app.exception and "%" not in heading(app)


def test_one_head_on_two_texts(minilm, snapshot):
    app, _ = switched("compare", mode="texts", layer="0", head="1")
    [sheet] = specs(app, "side by side")
    two = [contributions(minilm, text, ["L0H1"], unit="words")[0] for text in (FIRST_TEXT, FIRST_OTHER)]
    full = max(view.full for view in two)
    for panel, expected in zip(sheet["concat"], drawn(two, full), strict=True):
        assert alike(cells(panel, len(two[0])), expected)
    told = [line for line in lines(app, "L0H1") if "weights" in line or "changes" in line]
    assert len(told) > 1 and all(set(heads_in(line)) >= {"L0H1"} for line in told)
    assert [wording(line) for line in told] == snapshot


def test_two_models_have_a_scale_each_and_no_difference(minilm, smollm2, snapshot):
    app, _ = switched("compare", mode="models", layer="2", head="8", other_head="L3H2")
    [sheet] = specs(app, "side by side")
    assert "each with its own scale" in str(sheet["title"])
    views = [
        contributions(model, FIRST_TEXT, [head], unit="words")[0]
        for model, head in ((minilm, "L2H8"), (smollm2, "L3H2"))
    ]
    for panel, view in zip(sheet["concat"], views, strict=True):
        kept = np.flatnonzero(~np.array(view.special))
        assert alike(cells(panel, len(kept)), view.weights[np.ix_(kept, kept)] / view.full)
    app.segmented_control(key="choose_show").set_value("difference").run()
    assert not app.exception and notices(app) == snapshot and "%" in heading(app)


def test_the_two_heads_under_the_parse(minilm):
    app, before = switched("profile")
    found = specs(app, "Arcs over the sentence of")
    names = [re.search(r"L\d+H\d+", spec["description"])[0] for spec in found]
    views = contributions(minilm, FIRST_TEXT, names, unit="words", special="hide")
    for spec, expected in zip(found, drawn(views, views[0].full), strict=True):
        assert alike(links(spec, len(views[0])), expected)
        assert "norm" in str(spec["title"])
    for sentence in re.findall(r"L\d+H\d+ gives .* head and dependents.*", before):
        assert sentence in read(app)


def test_the_arcs_of_the_head_that_was_found(minilm):
    app, before = switched("find_heads", layer="2", head="8")
    [spec] = specs(app, "Arcs over the sentence of L2H8")
    [view] = contributions(minilm, FIRST_TEXT, ["L2H8"], unit="words", special="hide")
    assert alike(links(spec, len(view)), view.weights / view.full)
    assert re.search(r"L2H8 gives says → chef .*", before)[0] in read(app)


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("compare", {"tray": "L2H0,L2H8"}),
        ("compare", {"mode": "texts", "layer": "0", "head": "1"}),
        ("profile", {}),
        ("find_heads", {"pairs": "food > is"}),
    ],
)
def test_contributions_that_cannot_be_told_apart_are_told_and_the_weights_drawn(page, address, monkeypatch, snapshot):
    monkeypatch.setattr("dashboard.capture.layer_trace._Watch._output", lambda self, product: None)
    text = f"No projection of the {page} food is told apart here {len(address)}."
    app = opened(page, text=text, other=text.replace("food", "wine"), measure_of="contribution", **address)
    assert not app.exception
    assert notices(app) == snapshot and "norm" not in heading(app)
