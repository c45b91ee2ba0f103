"""“Attention by hand” and “Why attention?” from the entry, without a browser."""

from __future__ import annotations

import re
import time

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.analyses.recall import experiment
from dashboard.analyses.recall.finished import finished_run
from dashboard.analyses.recall.networks import count
from dashboard.analyses.recall.task import NAMES, Recall
from dashboard.analyses.toy.presets import PRESETS
from dashboard.ui.pages import recall_runs
from tests.helpers import pages
from tests.helpers.pages import headings, lines, notices, said
from tests.helpers.sentences import numbers, plain, wording

TINY = {"recall": "shorter", "recall_distances": "1,2", "recall_seeds": "2", "recall_steps": "20"}
CONFIG = Recall(distances=(1, 2), seeds=2, steps=20)


@pytest.fixture
def trained_here(monkeypatch):
    """Runs are trained in this process: a process of their own takes seconds to start."""
    runs = recall_runs.Runs(experiment.run)
    monkeypatch.setattr(recall_runs, "_runs", lambda: runs)


def words_in(said: str) -> list[str]:
    return re.findall("“(.*?)”", said)


def opened(page: str, **address: str) -> AppTest:
    app = pages.opened(page, **address)
    assert not app.exception
    return app


def test_the_toy_opens_on_the_articles_sentence(snapshot):
    app = opened("toy")
    assert app.title[0].value == "Attention by hand"
    first, second = headings(app)
    assert words_in(first) == ["food", "food", "Ramen"] and numbers(first) == [45, 43]
    assert [plain(first), wording(second)] == snapshot


def test_what_is_asked_is_told_in_words(snapshot):
    app = opened("recall")
    asked = [line for line in lines(app) if "?" in line and len(line.split()) > 3 and not line.startswith("#")]
    helps = [one.help for one in app.main.segmented_control if one.label == "Run"]
    assert asked + helps == snapshot


@pytest.mark.parametrize("preset", PRESETS)
def test_every_lesson_is_a_click_and_goes_into_the_address(preset):
    app = opened("toy", toy="previous" if preset == "identity" else "identity")
    app.segmented_control(key="toy_preset").set_value(preset).run()
    assert not app.exception and PRESETS[preset].explanation[:12] in said(app)
    assert dict(app.query_params) == ({} if preset == "identity" else {"toy": preset})


def test_every_step_of_two_heads_can_be_shown():
    app = opened("toy", toy="heads", toy_head="1")
    for step in ("x", "q", "k", "v", "scores", "scaled", "masked", "weights", "mixed", "joined", "all"):
        app.segmented_control(key="choose_toy_step").set_value(step).run()
        assert not app.exception and not app.error, step
    app.segmented_control(key="toy_heads").set_value(1).run()
    assert not app.exception and dict(app.query_params)["toy_heads"] == "1"


def test_switches_words_and_sizes_change_the_toy(snapshot):
    app = opened("toy")
    before = headings(app)[0]
    app.toggle(key="toy_causal").set_value(True).run()
    app.selectbox(key="choose_toy_row").set_value(0).run()
    alone = headings(app)[0]
    assert alone != before and words_in(alone) == ["Ramen", "Ramen"] and numbers(alone) == [100]
    assert plain(alone) == snapshot
    app.text_input(key="toy_words").set_value("a b c").run()
    app.segmented_control(key="toy_size").set_value(4).run()
    app.segmented_control(key="toy_columns").set_value(3).run()
    assert not app.exception and not app.error
    assert dict(app.query_params).keys() >= {"toy_words", "toy_causal", "toy_x", "toy_q", "toy_row"}


@pytest.mark.parametrize(
    ("table", "cell"),
    [
        ("1,nan;0,1", "W_Q, row 1, column 2"),
        ("1,0;1e30,1", "W_Q, row 2, column 1"),
        (",;,", "W_Q, row 1, column 1"),
    ],
)
def test_a_table_that_cannot_be_computed_is_told_and_nothing_is_drawn(table, cell, snapshot):
    app = opened("toy", toy_q=table)
    [told] = notices(app)
    assert cell in told and told == snapshot
    assert not headings(app)
    app.segmented_control(key="toy_preset").set_value("causal").run()
    assert not app.error and headings(app)


def test_all_zero_is_drawn(snapshot):
    app = opened("toy", toy_x="0,0;0,0;0,0;0,0;0,0")
    assert not app.error and numbers(headings(app)[0]) == [20] and plain(headings(app)[0]) == snapshot


@pytest.mark.parametrize(
    "words", ["", "a b c d e f g h i j", "<script>alert(1)</script>", "**b** :red[x] $y$", "مرحبا"]
)
def test_any_words(words):
    app = opened("toy")
    app.text_input(key="toy_words").set_value(words).run()
    assert not app.exception and not app.error and headings(app)
    assert bool(app.warning) == (len(words.split()) not in range(1, 9))


def test_a_link_reopens_the_toy_and_a_wrong_one_is_told(snapshot):
    app = opened("toy", toy_q="3,0;0,1", toy_row="99", toy_step="scores")
    assert app.segmented_control(key="choose_toy_step").value == "scores" and not app.warning
    wrong = opened("toy", toy_q="1,2;3", toy_heads="7")
    assert notices(wrong) == snapshot and headings(wrong)


def test_the_page_opens_with_the_finished_run_and_its_claim():
    app = opened("recall")
    accuracy = {point.model: point.accuracy for point in finished_run().study.result.points if point.distance == 32}
    best = max(share for name, share in accuracy.items() if name != "attention")
    assert numbers(plain(headings(app)[0]))[:3] == [32, round(100 * accuracy["attention"]), round(100 * best)]
    text = said(app)
    assert "measured for this package on" in text and "at most about" in text and not app.info
    assert app.button(key="recall_train").label == "Train"


def test_below_it_stands_what_is_asked_and_how_long_a_run_takes():
    app = opened("recall")
    task, path = headings(app)[1], headings(app)[-1]
    symbols = re.search("after “(.*?)”", task)[1].split()
    assert symbols[-1] == "?" and symbols[0] == words_in(task)[1]  # what stood first is the answer
    assert numbers(task) == [1, len(symbols) - 1] and numbers(path)[-1] == 1
    [weights] = [line for line in lines(app, "RNN", "GRU", "LSTM") if "Parameters" in line]
    asked = Recall()
    assert numbers(weights) == [*(count(name, asked) for name in NAMES), asked.seeds]
    assert lines(app, f"{len(asked.distances) * len(NAMES) * asked.seeds} networks; ")


def test_other_settings_are_named_and_the_finished_run_stays_until_they_are_trained():
    app = opened("recall", recall_steps="200", recall_seeds="3")
    [told] = [plain(element.value) for element in app.info]
    assert "seeds 5 → 3; training steps 300 → 200" in told and "until you train" in told
    assert headings(app) == headings(opened("recall"))
    assert app.button(key="recall_train").label == "Train"


def test_a_run_shows_what_it_found_and_the_next_person_sees_it_at_once(trained_here):
    app = opened("recall", **TINY)
    app.button(key="recall_train").click().run()
    assert not app.exception
    until = time.monotonic() + 60
    while time.monotonic() < until and "This run took" not in said(app):
        time.sleep(0.05)
        app.run()
    assert not app.exception
    text = "\n".join(headings(app))
    for sentence in ("Across 2 distractors", "Gradient at the first symbol", "Time to read 256 positions"):
        assert sentence in text
    assert "This run took" in said(app) and "recall_train" not in {button.key for button in app.button}
    assert headings(opened("recall", **TINY))[0] == headings(app)[0]


def test_a_run_that_is_stopped_keeps_what_was_measured(snapshot, trained_here):
    address = TINY | {"recall_distances": "1,2,4,8,16,32,64", "recall_steps": "400", "recall_seeds": "3"}
    app = opened("recall", **address)
    app.button(key="recall_train").click().run()
    for _ in range(1000):
        assert "The task" in "\n".join(headings(app))  # there is something to read while it runs
        if "Right answers" in "\n".join(headings(app)):
            break
        time.sleep(0.05)
        app.run()
    app.button(key="recall_stop").click().run()
    app.run()
    assert not app.exception
    assert numbers(headings(app)[0])[0] == 1  # distractor
    assert [line for line in lines(app) if line.startswith("This run")] + [
        app.button(key="recall_train").label
    ] == snapshot


def test_choices_of_a_run_go_into_the_address(snapshot):
    app = opened("recall")
    app.segmented_control(key="recall_name").set_value("shorter").run()
    assert dict(app.query_params) == {"recall": "shorter"}
    app.number_input(key="recall_seeds").set_value(4).run()
    app.pills(key="recall_distances").set_value([1, 48]).run()
    assert not app.exception
    assert dict(app.query_params) == {"recall_distances": "1,48", "recall_seeds": "4", "recall_steps": "200"}
    app.pills(key="recall_distances").set_value([]).run()
    assert notices(app) == snapshot and not app.exception
