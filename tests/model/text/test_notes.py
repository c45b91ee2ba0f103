"""What a person is told of a text that is not read whole: the same sentences on the page and the command line."""

import re

import pytest

from dashboard.text import ParsedSentence, reading_notes
from tests.helpers.sentences import numbers


def notes(model, text, limit=None):
    limit = limit or model.limit
    return reading_notes(model.encode(text, limit=limit), model.title, limit)


def test_nothing_is_told_of_a_text_that_is_read(minilm, smollm2):
    for model in (minilm, smollm2):
        assert notes(model, "You cannot wait here. 🇩🇪" if model is smollm2 else "You cannot wait here.") == []


@pytest.mark.parametrize(
    ("text", "named", "counted"),
    [
        ("我爱吃 𝒳 ramen", ["爱", "吃", "𝒳"], [3, 8]),
        ("ok 睡", ["睡"], [1, 4]),
        ("a \x01 b", ["U+0001"], [1]),
        ("a \x01 b \x02", ["U+0001", "U+0002"], [2]),
        ("爱 吃 睡 鹭 静 等", ["爱", "吃", "睡", "鹭", "静"], [6, 8]),
        ("แมวกินปลา" * 30, ["แมวกินปลาแมวกินปลาแมวกินปลาแมวกินปลาแมว…"], [1, 3]),
    ],
    ids=["among others", "one", "control", "controls", "many", "long"],
)
def test_what_is_not_read(minilm, text, named, counted, snapshot):
    [note] = notes(minilm, text)
    assert re.findall("“(.*?)”", note) == named and numbers(note) == counted and note == snapshot


def test_what_is_cut(minilm, snapshot):
    [one], [many] = notes(minilm, "one two three four", 5), notes(minilm, "one two " * 2000, 5)
    assert numbers(one) == [5] and numbers(many) == [5, 3997] and [one, many] == snapshot


def test_what_is_read_as_a_special_token(minilm, snapshot):
    words = ("a", "[MASK]", "b")
    sentence = ParsedSentence(
        0, 1, words, (1, -1, 1), ("dep", "root", "dep"), ("X",) * 3, ("_",) * 3, "a [MASK] b", ((0, 1), (2, 8), (9, 10))
    )
    encoding = minilm.encode_sentence(sentence)
    [note] = reading_notes(encoding, "MiniLM", 512)
    assert "“[MASK]”" in note and numbers(note) == [1] and note == snapshot
