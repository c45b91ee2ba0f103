"""A second text on “All heads”: read as a sentence pair, drawn between the texts, and in the address."""

from __future__ import annotations

import json

import pytest

from tests.helpers.pages import lines, notices, opened, read
from tests.helpers.sentences import numbers, wording

PAIR = {"text": "How old are you?", "pair": "What is your age?"}


def heatmap(app) -> dict:
    every = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    return next(spec for spec in every if spec.get("description", "").startswith("Heatmap"))


def test_explore_draws_both_texts_and_what_one_gives_to_one():
    app = opened(**PAIR)
    assert not app.exception and "age" in json.dumps(heatmap(app))
    app.segmented_control(key="choose_between").set_value("AB").run()
    assert not app.exception and app.query_params["between"] in ("AB", ["AB"])
    words = {one["name"]: one["value"] for one in heatmap(app)["params"] if "value" in one}
    assert "old" in words["words0"] and "age" not in words["words0"]
    assert "age" in words["columns0"] and "old" not in words["columns0"]
    app.text_area(key="choose_pair").set_value("").run()
    assert not app.exception and "age" not in json.dumps(heatmap(app))


def test_two_pairs_in_turn_are_not_taken_for_each_other():
    first = opened(**PAIR)
    text = "\n".join(PAIR.values())
    alone = opened(text=text)
    assert heatmap(first) != heatmap(alone)


def test_what_is_kept_of_a_pair_is_not_taken_for_one_that_divides_elsewhere():
    """Both are the same characters, and each has its own [SEP] between its texts."""
    first, second, third = "How old are you?", "I ask again.", "What is your age?"
    drawn = []
    for pair in ((first, f"{second}\n{third}"), (f"{first}\n{second}", third)):
        app = opened(text=pair[0], pair=pair[1])
        assert not app.exception
        app.segmented_control(key="choose_special").set_value("show").run()
        drawn.append(heatmap(app))
    assert drawn[0] != drawn[1]
    alone = opened(text="\n".join((first, second, third)))
    alone.segmented_control(key="choose_special").set_value("show").run()
    assert heatmap(alone) not in drawn


def test_a_model_without_pairs_reads_the_first_text_alone():
    app = opened(**PAIR, model="smollm2")
    assert not app.exception and "age" not in json.dumps(heatmap(app))


def test_the_sidebar_counts_both_texts(snapshot):
    [told] = [line for line in read(opened(**PAIR)).splitlines() if "512" in line]
    assert numbers(told) == [10, 13, 512, 3] and wording(told) == snapshot


@pytest.mark.parametrize(
    ("page", "choices"),
    [
        ("inside", {}),
        ("find_heads", {"pairs": "age > old"}),
        ("ablation", {}),
        ("layers", {}),
        ("compare", {"tray": "L2H9,L2H8"}),
        ("compare", {"mode": "models", "other_model": "minilm"}),
    ],
)
def test_wherever_a_head_is_drawn_both_texts_are_read(page, choices):
    app = opened(page, **PAIR, **choices)
    drawn = json.dumps([json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")])
    offered = [option for box in app.selectbox for option in box.options]  # “Inside a head” has the tokens there
    assert not app.exception and not app.error and ('"age"' in drawn or any("age" in one.split() for one in offered))
    assert "only the first text" not in read(app)


@pytest.mark.parametrize("choices", [{"tray": "L2H9,L2H8"}, {"mode": "models", "other_model": "minilm"}])
@pytest.mark.parametrize("show", ["side", "difference"])
def test_compare_draws_the_links_between_the_texts_alone(choices, show):
    app = opened("compare", **PAIR, **choices, show=show, between="AB")
    assert not app.exception and not app.error
    [drawn] = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")][:1]
    words = {one["name"]: one["value"] for one in drawn["params"] if "value" in one}
    assert "old" in words["words0"] and "age" not in words["words0"]
    assert "age" in words["columns0"] and "old" not in words["columns0"]


def test_two_models_of_which_one_knows_no_pairs_say_so(snapshot):
    app = opened("compare", **PAIR, mode="models", other_model="smollm2")
    assert not app.exception and notices(app) == snapshot
    next(button for button in app.button if button.label == "Remove the second text").click().run()
    assert not app.exception and not app.error


@pytest.mark.parametrize(("page", "choices"), [("compare", {"mode": "texts"}), ("profile", {})])
def test_where_the_first_text_is_read_alone_it_is_said(page, choices, snapshot):
    app = opened(page, **PAIR, **choices)
    [told] = [line for line in lines(app) if "only the first text" in line]
    assert not app.exception and told == snapshot
