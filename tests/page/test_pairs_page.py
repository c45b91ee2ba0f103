"""A second text on Explore: read as a sentence pair, drawn between the texts, and in the address."""

from __future__ import annotations

import json

from tests.page.running import opened, read

PAIR = {"text": "How old are you?", "pair": "What is your age?"}


def heatmap(app) -> dict:
    every = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    return next(spec for spec in every if spec.get("description", "").startswith("Heatmap"))


def test_explore_draws_both_texts_and_what_one_gives_to_one():
    app = opened(**PAIR)
    assert not app.exception and "age" in json.dumps(heatmap(app))
    app.segmented_control(key="choose_between").set_value("AB").run()
    assert not app.exception and app.query_params["between"] in ("AB", ["AB"])
    assert "only from the first text to the second" in json.dumps(heatmap(app))
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


def test_a_model_without_pairs_and_other_pages_read_the_first_text_alone():
    app = opened(**PAIR, model="smollm2")
    assert not app.exception and "age" not in json.dumps(heatmap(app))
    app = opened("inside", text=PAIR["text"], pair="Zebras hurry.")
    assert not app.exception and "5 words" in read(app) and "zebras" not in read(app).lower()
