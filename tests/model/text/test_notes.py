"""What a person is told of a text that is not read whole: the same sentences on the page and the command line."""

import pytest

from dashboard.text import ParsedSentence, reading_notes


def notes(model, text, limit=None):
    limit = limit or model.limit
    return reading_notes(model.encode(text, limit=limit), model.title, limit)


def test_nothing_is_told_of_a_text_that_is_read(minilm, smollm2):
    for model in (minilm, smollm2):
        assert notes(model, "You cannot wait here. 🇩🇪" if model is smollm2 else "You cannot wait here.") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "我爱吃 𝒳 ramen",
            "does not know “爱”, “吃”, “𝒳”. It has not read the characters of 3 of the 8 tokens, marked [UNK].",
        ),
        ("ok 睡", "does not know “睡”. It has not read the characters of 1 of the 4 tokens, marked [UNK]."),
        ("a \x01 b", "has no token for 1 word, not drawn here: “U+0001”."),
        ("a \x01 b \x02", "has no token for 2 words, not drawn here: “U+0001”, “U+0002”."),
        ("爱 吃 睡 鹭 静 等", "does not know “爱”, “吃”, “睡”, “鹭”, “静” …."),
        ("แมวกินปลา" * 30, "does not know “แมวกินปลาแมวกินปลาแมวกินปลาแมวกินปลาแมว…”."),
    ],
)
def test_what_is_not_read(minilm, text, said):
    [note] = notes(minilm, text)
    assert note.startswith(f"MiniLM {said}")


def test_what_is_cut(minilm):
    assert notes(minilm, "one two three four", 5) == [
        "MiniLM reads at most 5 tokens here. The last token of the text was left out."
    ]
    assert notes(minilm, "one two " * 2000, 5) == [
        "MiniLM reads at most 5 tokens here. The last 3,997 tokens of the text were left out."
    ]


def test_what_is_read_as_a_special_token(minilm):
    words = ("a", "[MASK]", "b")
    sentence = ParsedSentence(
        0, 1, words, (1, -1, 1), ("dep", "root", "dep"), ("X",) * 3, ("_",) * 3, "a [MASK] b", ((0, 1), (2, 8), (9, 10))
    )
    encoding = minilm.encode_sentence(sentence)
    assert reading_notes(encoding, "MiniLM", 512) == ["MiniLM reads 1 word as a special token: “[MASK]”."]
