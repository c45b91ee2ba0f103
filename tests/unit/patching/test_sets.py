"""The ready sets of pairs."""

import re

import pytest

from dashboard.analyses.patching.sets import pair_sets, set_named
from dashboard.errors import UserError


def test_there_are_five_sets_of_at_least_forty_pairs_each():
    sets = pair_sets()
    assert list(sets) == ["agreement", "pronouns", "indirect_object", "capitals", "negation"]
    for one in sets.values():
        texts = [(pair.a, pair.b) for pair in one.pairs]
        assert len(set(texts)) == len(texts) >= 40
        assert len({frozenset(both) for both in texts}) == len(texts)  # nor the other way round


@pytest.mark.parametrize("name", pair_sets())
def test_pairs_differ_in_words_and_not_in_their_number(name):
    for pair in set_named(name).pairs:
        a, b = pair.a.split(), pair.b.split()
        differ = [place for place, (one, other) in enumerate(zip(a, b, strict=True)) if one != other]
        assert 1 <= len(differ) <= 2 and max(differ) < len(a) - 1, pair
        assert pair.answer and pair.rival and pair.answer != pair.rival
        for text in (pair.a, pair.b):
            assert text == text.strip() and "  " not in text and "{" not in text and text[0].isupper()
            assert not text.endswith((".", "!", "?")), "a text is to go on"


@pytest.mark.parametrize("name", pair_sets())
def test_every_answer_is_that_of_two_texts_at_least(name):
    """Else there would be no same-answer control."""
    of = {}
    for pair in set_named(name).pairs:
        of.setdefault((pair.answer, len(re.findall(r"\w+|[^\w\s]", pair.a))), set()).add(pair.a)
    assert all(len(texts) >= 2 for texts in of.values())


def test_an_unknown_set_is_refused(refuses):
    with refuses(UserError, "agreement"):
        set_named("colours")
