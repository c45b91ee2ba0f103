"""The random walks of the benchmark: what their dice choose, and what they would tell of a page that is wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.walks import check
from bench.walks.choose import ANYWHERE, HURRIED, TEXTS, WEIGHTS, Control, choose, dice_of, sign
from bench.walks.walker import Tab
from dashboard.ui.url_fields import digest
from dashboard.ui.url_state import FIRST_TEXT

KINDS = [kind for kind in WEIGHTS if kind not in (*ANYWHERE, "page", "model", "head")]
ON_PAGE = [Control(k, kind, f"a {kind}") for k, kind in enumerate([*KINDS, "text_menu", "model_menu", "layer"])]


def walk(number: int, controls=ON_PAGE, steps: int = 400):
    return [choose(dice_of(0, number, step), controls, step, number) for step in range(steps)]


def test_the_same_number_walks_the_same_way_and_another_one_another():
    assert walk(3) == walk(3) != walk(4)
    assert walk(3)[7] == choose(dice_of(0, 3, 7), ON_PAGE, 7, 3)  # whatever was before it


def test_every_kind_of_action_is_taken_and_known_to_the_walker():
    many = walk(0, steps=4000)
    assert {action.kind for action in many} == WEIGHTS.keys()
    assert [kind for kind in WEIGHTS if not (hasattr(Tab, f"do_{kind}") or kind in KINDS)] == []
    assert abs(sum(action.hurried for action in many) / len(many) - HURRIED) < 0.03


def test_what_is_not_there_is_not_taken():
    taken = Counter(action.kind for action in walk(1, []))
    assert taken.keys() == {*ANYWHERE, "page"}


def test_an_open_dialog_is_what_a_hand_can_reach():
    controls = [*ON_PAGE, Control(99, "button", "Close", "dialog")]
    assert {action.kind for action in walk(2, controls)} == {*ANYWHERE, "button"}
    assert {action.control.name for action in walk(2, controls) if action.control} == {"Close"}


def test_every_text_has_a_word_of_its_own():
    words = {sign(number, step) for number in range(0, 1000, 7) for step in range(30)}
    assert len(words) == 143 * 30
    assert all(check.SIGN.fullmatch(word) for word in words)
    typed = {action.what for action in walk(5) if action.kind == "text"}
    assert len(typed) > len(TEXTS)
    assert {len(check.SIGN.findall(text)) for text in typed} == {0, 1}


ZA, ZO = sign(1, 2), sign(1, 3)
TEXT = f"{ZA} saw the cat."
WELL = {
    "url": f"http://here/explore?text={ZA}+saw+the+cat.&layer=2",
    "heading": "All heads",
    "main": f"All heads “{TEXT}” MiniLM {ZA} and more that stands on the page",
    "whole": f"All heads “{TEXT}” {ZA}",
    "text": f"“{TEXT}”",
    "model": "MiniLM",
    "boxes": [TEXT],
    "layer": "2",
    "head": "2",
    "pictures": ["L2H2 looks."],
    "picture": "L2H2 looks.",
    "words": [],
    "alerts": [],
    "raised": [],
    "undrawn": 0,
}
WRONG = {
    "another page": ({"heading": "Compare"}, "page"),
    "nothing under the title": ({"main": "All heads"}, "empty"),
    "an exception": ({"raised": ["KeyError"]}, "exception"),
    "an exception as a message": ({"alerts": ["KeyError: 'x'"]}, "exception"),
    "no picture": ({"undrawn": 1}, "picture"),
    "the top of another text": ({"text": "“The chef who”"}, "text"),
    "the box of another text": ({"boxes": ["The chef who"]}, "text"),
    "a word of an earlier text": ({"whole": f"{ZA} {ZO}"}, "text"),
    "pictures of another text": ({"main": f"All heads “{TEXT}” MiniLM and a chef who trained"}, "text"),
    "another model at the top": ({"model": "SmolLM2"}, "model"),
    "numbers of another head": ({"layer": "3"}, "head"),
    "the picture of another head": ({"picture": "L2H21 looks."}, "head"),
}


def found(state) -> list[str]:
    return check.broken(state) + check.stale(state, [], [TEXT])


def test_a_page_that_is_well_is_not_told():
    assert found(WELL) == []
    report = WELL | {"url": WELL["url"].replace("explore", "report"), "heading": "Report", "whole": ZO, "picture": None}
    assert found(report) == []


@pytest.mark.parametrize("which", WRONG)
def test_what_is_wrong_is_told(which):
    changed, kind = WRONG[which]
    assert kind in {sentence.partition(":")[0] for sentence in found(WELL | changed)}


def test_the_numbers_of_every_page_are_of_the_head_in_its_address():
    state = WELL | {"url": WELL["url"].replace("explore", "ablation"), "picture": None}
    assert check.stale(state, [], [TEXT]) == []
    assert "head" in check.stale(state | {"head": "7"}, [], [TEXT])[0]
    best = {"url": f"http://here/ablation?text={ZA}+saw+the+cat."}  # it opens on its best head
    assert check.stale(state | best | {"head": "7"}, [], [TEXT]) == []


def test_a_text_that_is_left_in_its_box_is_not_stale():
    state = WELL | {"boxes": [f"{ZO} sleeps."]}
    assert found(state) and check.stale(state, [f"{ZO} sleeps."], []) == []


def test_several_heads_in_one_picture_are_not_the_chosen_one():
    url = WELL["url"] + "&together=layer"
    assert found(WELL | {"url": url, "picture": "Heatmap of the mean of layer 2, MiniLM."}) == []
    assert found(WELL | {"url": url, "picture": "Heatmap of L4H4, MiniLM."})


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", FIRST_TEXT),
        ("?text=", ""),
        ("?text=a%0Ab", "a\nb"),
        (f"?text_id={digest(TEXT)}", TEXT),
        ("?text_id=x", None),
    ],
)
def test_the_text_of_an_address(query, text):
    assert check.text_of(f"http://here/explore{query}", [TEXT]) == text


def test_a_reload_brings_back_the_same():
    assert check.differs(WELL, WELL) == []
    assert len(check.differs(WELL, WELL | {"pictures": ["L3H3 looks."], "layer": "3"})) == 2
