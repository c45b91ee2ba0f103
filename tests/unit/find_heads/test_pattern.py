"""Which pairs a pattern means, on a sentence that can be read by eye."""

import pytest

from dashboard.analyses.find_heads.pattern import Pattern
from dashboard.errors import UserError
from dashboard.text import ParsedSentence

#            0     1       2      3      4      5     6    7
WORDS = ("The", "chefs", "were", "seen", "who", "say", "no", ".")
SENTENCE = ParsedSentence(
    0,
    1,
    WORDS,
    heads=(1, 3, 3, -1, 5, 1, 5, 3),
    relations=("det", "nsubj:pass", "aux:pass", "root", "nsubj", "acl:relcl", "obj", "punct"),
    upos=("DET", "NOUN", "AUX", "VERB", "PRON", "VERB", "INTJ", "PUNCT"),
    lemmas=("the", "chef", "be", "see", "who", "say", "_", "."),
)


@pytest.mark.parametrize(
    ("pattern", "pairs"),
    [
        ({}, [(0, 1), (1, 3), (2, 3), (4, 5), (5, 1), (6, 5), (7, 3)]),
        ({"relation": "nsubj"}, [(1, 3), (4, 5)]),
        ({"relation": "NSUBJ:pass"}, [(1, 3)]),
        ({"relation": "nsubj", "direction": "head->dependent"}, [(3, 1), (5, 4)]),
        ({"relation": "nsubj", "looks_pos": "noun"}, [(1, 3)]),
        ({"relation": "nsubj", "seen_lemma": "SAY"}, [(4, 5)]),
        ({"direction": "head->dependent", "looks_lemma": "see"}, [(3, 1), (3, 2), (3, 7)]),
        ({"direction": "head->dependent", "seen_pos": "DET"}, [(1, 0)]),
        ({"looks_lemma": "No"}, [(6, 5)]),  # without a lemma its form
        ({"nearest": 2}, [(1, 3), (5, 1), (7, 3)]),
        ({"nearest": 2, "furthest": 3}, [(1, 3)]),
        ({"direction": "any", "looks_pos": "VERB", "seen_pos": "NOUN"}, [(3, 1), (5, 1)]),
        ({"direction": "any", "looks_pos": "VERB", "furthest": 1}, [(3, 2), (3, 4), (5, 4), (5, 6)]),
        ({"direction": "any", "looks_pos": "VERB", "seen_pos": "VERB"}, [(3, 5), (5, 3)]),
        ({"relation": "root"}, []),
        ({"relation": "dobj"}, []),
    ],
)
def test_the_pairs_that_fit(pattern, pairs):
    assert Pattern(**pattern).check().pairs(SENTENCE) == pairs


@pytest.mark.parametrize(
    ("pattern", "facts"),
    [
        ({"direction": "up"}, ["up"]),
        ({"nearest": 0}, ["1 word"]),
        ({"nearest": 3, "furthest": 2}, []),
        ({"direction": "any", "relation": "obj", "looks_pos": "VERB"}, []),
        ({"direction": "any"}, []),
    ],
)
def test_what_cannot_be_searched_for_is_said(pattern, facts, refuses):
    with refuses(UserError, *facts):
        Pattern(**pattern).check()


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ({"relation": "nsubj"}, "nsubj, dependent → head word"),
        (
            {"relation": "obj", "direction": "head->dependent", "looks_lemma": "say", "seen_pos": "NOUN", "nearest": 2},
            "obj, head word “say” → dependent NOUN, 2 words apart or more",
        ),
        (
            {"direction": "any", "looks_pos": "PRON", "seen_pos": "NOUN", "furthest": 8},
            "PRON → NOUN, 1 to 8 words apart",
        ),
        ({"direction": "any", "looks_lemma": "she", "furthest": 1}, "“she” → any word, 1 word apart"),
    ],
)
def test_a_pattern_in_words(pattern, said):
    assert str(Pattern(**pattern)) == said
