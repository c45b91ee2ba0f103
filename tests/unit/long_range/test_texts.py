"""The texts of “Long range”: the distances are what they say, and a name is named only where it should be."""

import pytest

from dashboard.analyses.long_range.agreement_texts import DISTANCES, SENTENCES, agreement
from dashboard.analyses.long_range.coreference_texts import STORIES, mentions
from dashboard.text import split_words


def places(trial):
    index = {word.start: k for k, word in enumerate(split_words(trial.text))}
    return index[trial.looks], index[trial.seen]


def test_there_are_enough_and_no_two_alike():
    assert len(SENTENCES) >= 12 and len(DISTANCES) == 6
    texts = [trial.text for row in (*agreement(), *mentions()) for trial in row]
    assert len(set(texts)) == len(texts)
    assert len({sentence.verb for sentence in SENTENCES}) == len(SENTENCES)


@pytest.mark.parametrize("number", range(len(SENTENCES)))
def test_a_verb_stands_as_many_words_after_its_subject_as_it_says(number):
    row, sentence = agreement()[number], SENTENCES[number]
    for distance, trial in zip(DISTANCES, row, strict=True):
        looks, seen = places(trial)
        assert looks - seen == distance
        assert trial.word(trial.looks) == sentence.verb and trial.word(trial.seen) == sentence.subject
        assert "".join(trial.parts()) == trial.text
    # the verb agrees with its subject in number
    assert sentence.verb.endswith("s") != (sentence.subject.endswith("s"))


@pytest.mark.parametrize("number", range(len(STORIES)))
def test_a_name_is_mentioned_twice_and_further_apart_with_every_paragraph(number):
    row, story = mentions()[number], STORIES[number]
    distances = []
    for trial in row:
        assert trial.text.count(story.name) == 2
        assert trial.word(trial.looks) == trial.word(trial.seen) == story.name
        looks, seen = places(trial)
        distances.append(looks - seen)
    assert distances == sorted(distances) and distances[0] > 20
    assert [trial.text.count("\n\n") for trial in row] == [1, 2, 3]
