"""Words are the parser's tokens; nothing is lost, doubled or turned round, and no text takes long."""

import threading
import time
from itertools import pairwise

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.text import words as words_module
from dashboard.text.words import Word, split_words, without_surrogates

SENTENCE = "The chef's “ramen” (3.5km away) can't cost $5—U.S. prices, e.g. https://a.b/c?d=e :-) don't!\n\n Yes"


def forms(text):
    return [word.form for word in split_words(text)]


def test_words_are_the_parsers_tokens_without_white_space():
    tokens = [(t.text, t.idx) for t in spacy.blank("en")(SENTENCE) if not t.is_space]
    assert [(w.form, w.start) for w in split_words(SENTENCE)] == tokens
    assert "n't" in forms(SENTENCE) and "U.S." in forms(SENTENCE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我喜欢拉面。今天", ["我", "喜欢", "拉面", "。", "今天"]),
        ("GPT-4模型", ["GPT-4", "模型"]),
        ("私はラーメンが好きです。", ["私", "は", "ラーメン", "が", "好き", "です", "。"]),
        ("ฉันชอบกินราเมน มาก", ["ฉัน", "ชอบ", "กิน", "รา", "เมน", "มาก"]),
        ("यह हिंदी है", ["यह", "हिंदी", "है"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("나는 라면을", ["나는", "라면을"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_scripts(text, expected):
    assert forms(text) == expected


@given(st.text(max_size=200))
@settings(max_examples=300)
def test_words_keep_order_and_lose_nothing_but_white_space(text):
    words = split_words(text)
    clean = without_surrogates(text)
    assert len(clean) == len(text)
    assert all(clean[w.start : w.end] == w.form and w.form.strip() for w in words)
    assert all(a.end <= b.start for a, b in pairwise(words))
    covered = {i for w in words for i in range(w.start, w.end)}
    assert all(i in covered for i, character in enumerate(clean) if not character.isspace())


@pytest.mark.parametrize("unit", ["(", "$", "🍜", "'s", "我", "a", "\u0301", "\x00", "word, ", "a'"])
def test_a_hundred_thousand_characters_of_anything_are_split_in_seconds(unit):
    text = (unit * 100_000)[:100_000]
    split_words("warm")
    begun = time.process_time()
    words = split_words(text)
    assert time.process_time() - begun < 15  # the parser alone: an hour for the brackets
    assert sum(len(w.form) for w in words) == sum(not c.isspace() for c in text)


def test_only_absurd_runs_are_cut():
    assert forms("." * 199) == ["." * 199]
    assert forms("x" * 499) == ["x" * 499]
    assert [len(form) for form in forms("x" * 1200)] == [500, 500, 200]


def test_the_parser_does_not_collect_words_for_ever(monkeypatch):
    monkeypatch.setattr(words_module, "_VOCABULARY_LIMIT", 900)
    for i in range(20):
        split_words(" ".join(f"word{i}x{j}" for j in range(100)))
    assert len(words_module._english().vocab) < 1100


def test_threads_do_not_mix():
    texts = [f"Number {i} isn't number {i + 1}. " * 50 for i in range(8)]
    alone = [split_words(text) for text in texts]
    together = [None] * len(texts)

    def work(i):
        together[i] = split_words(texts[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_a_lone_surrogate_is_one_sign():
    assert split_words("a \ud800 b") == (Word("a", 0, 1), Word("\ufffd", 2, 3), Word("b", 4, 5))


def test_signs_that_stand_between_letters_and_emoji_are_words():
    def forms(text):
        return [word.form for word in split_words(text)]

    assert forms("waits 🦤. I❤\ufe0fyou") == ["waits", "🦤", ".", "I", "❤\ufe0f", "you"]
    assert forms("word(s) <b>x</b> :-)") == ["word", "(", "s", ")", "<", "b", ">", "x", "<", "/b", ">", ":-)"]
    assert forms("see http://a.b/(c)d or me@x.com") == ["see", "http://a.b/(c)d", "or", "me@x.com"]
    assert forms("🇩🇪🇫🇷 👩\u200d👩\u200d👧!") == ["🇩🇪", "🇫🇷", "👩\u200d👩\u200d👧", "!"]
