"""What is typed on “Find heads”, pairs and patterns, is read as it was written, and the address gives it back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dashboard.analyses.find_heads.by_example import as_typed, pairs_of
from dashboard.analyses.find_heads.pattern import Pattern
from dashboard.errors import UserError
from dashboard.text import Encoding
from dashboard.ui.pages.find_heads.by_pattern import read_pattern, write_pattern
from dashboard.ui.url_state import LONGEST_PAIRS, Choices, from_address, tidy, to_address

names = st.text(st.characters(exclude_categories=("Cs",), exclude_characters=";"), max_size=60).map(str.strip)
patterns = st.builds(
    Pattern,
    relation=names,
    direction=st.sampled_from(["dependent->head", "head->dependent"]),
    looks_pos=names,
    looks_lemma=names,
    seen_pos=names,
    seen_lemma=names,
    nearest=st.integers(1, 20),
    furthest=st.none() | st.integers(20, 200),
)


@given(patterns)
def test_a_pattern_is_read_as_it_was_written(pattern):
    assert read_pattern(write_pattern(pattern)) == pattern


@given(st.text(max_size=80))
def test_any_pattern_of_a_link_is_one_or_a_sentence(written):
    try:
        assert isinstance(read_pattern(written), Pattern)
    except UserError as wrong:
        assert str(wrong).endswith(".")


def encoding(*words: str) -> Encoding:
    text = " ".join(words)
    spans, at = [], 0
    for word in words:
        spans.append((at, at + len(word)))
        at += len(word) + 1
    return Encoding(text, tuple(range(len(words))), words, words, tuple(spans), (False,) * len(words))


@given(st.data())
def test_pairs_are_read_as_they_were_written(data):
    words = data.draw(
        st.lists(st.sampled_from(["says", "chef", "7", "a>b", "chef", "The", "the", ";", "→"]), min_size=2, max_size=9)
    )
    text = encoding(*words)
    places = st.integers(0, len(text.words) - 1)
    pairs = tuple(data.draw(st.lists(st.tuples(places, places), max_size=5)))
    assert pairs_of(text, as_typed(text, pairs)) == pairs


@given(st.text(st.sampled_from(" \n\t>a,none"), max_size=40) | st.text(max_size=40))
def test_what_is_typed_is_kept_as_the_address_gives_it_back(typed):
    for name in ("pairs", "parser", "model"):
        kept = tidy(name, typed)
        assert tidy(name, kept) == kept
        if name == "model" and not kept:
            continue
        choices = replace(Choices(), **{name: kept})
        again, said = from_address(to_address(choices), ())
        assert again == choices and not said
    assert tidy("pairs", " says > chef \n\n 6 > 1\n") == "says > chef\n6 > 1"
    assert len(tidy("pairs", "x" * 9_999)) == LONGEST_PAIRS
