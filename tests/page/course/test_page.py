"""The ten steps from the entry, without a browser: a guess that is right and one that is wrong at every step."""

from __future__ import annotations

import pytest

from dashboard.analyses.course.steps import NAMES, STEPS
from dashboard.analyses.course.text import TITLES
from tests.helpers.pages import headings, opened, said
from tests.helpers.sentences import plain


def choices(app):
    [found] = [one for one in app.pills if one.label == "Your guess"]
    return found


def guessed(app, key):
    choices(app).set_value(key).run()
    assert not app.exception
    [verdict] = headings(app)
    return plain(verdict).removeprefix("##### ")


@pytest.mark.parametrize("model", ["minilm", "smollm2"])
def test_a_walk_through_ten_steps_with_right_and_wrong_guesses(model):
    app = opened("course", **({} if model == "minilm" else {"model": model}))
    for number, name in enumerate(NAMES, 1):
        assert not app.exception and not app.error, name
        assert app.subheader[0].value == f"{number}. {TITLES[name]}"
        assert not headings(app), name  # nothing is given away before the guess
        # What is right is what the page says after any guess.
        labels = [label.replace("\\", "").replace("\u2060", "") for label in choices(app).options]
        verdicts = [guessed(app, label) for label in labels]
        right = [one for one in verdicts if one.startswith("Right.")]
        wrong = [one for one in verdicts if one.startswith("You said ")]
        assert right and wrong and len(right) + len(wrong) == len(labels), name
        assert dict(app.query_params).get("course", "1") == str(number)
        if number < len(STEPS):
            app.button(key="course_Next").click().run()
    assert app.button(key="course_Next").disabled
    app.button(key="course_Back").click().run()
    assert dict(app.query_params)["course"] == "9" and headings(app)  # the guess is kept


def test_a_link_opens_a_step_and_a_wrong_one_the_nearest():
    assert opened("course", course="4").subheader[0].value == "4. The scaled dot product"
    assert opened("course", course="99").subheader[0].value == "10. Long range"


def test_a_link_holds_the_guesses_and_another_text_drops_those_about_the_one_before():
    app = opened("course", course="3")
    verdict = guessed(app, choices(app).options[0])
    again = opened("course", **dict(app.query_params))
    assert [plain(one).removeprefix("##### ") for one in headings(again)] == [verdict]
    about = opened("course", course="3", guesses="fading:100 best_key:1", asked="999")  # no such token: the usual one
    assert not about.exception and not about.error
    about.text_area(key="draft").set_value("The old cook in the quiet town says that soup is best.")
    next(button for button in about.button if button.label == "Read this text").click().run()
    assert about.query_params["guesses"] == "fading:100" and not headings(about)


def test_another_word_is_another_question():
    app = opened("course", course="3", text="The cat did not cross the street because it was too tired.")
    before = said(app)
    assert "Which token will “it” look at" in plain(before)
    [words] = [one for one in app.selectbox if one.label == "Ask about another word"]
    words.select("street").run()
    assert "Which token will “street” look at" in plain(said(app)) and not headings(app)


def test_a_text_too_short_says_what_to_do():
    app = opened("course", course="3", text="Ramen.")
    assert "choose a longer sentence" in said(app) and not app.exception
    assert app.button(key="course_Next")
