"""The made language: its parse can be read off its words, and by nothing else."""

import numpy as np
import pytest

from dashboard.builtin.known_truth.made_language import (
    DET,
    KEYS,
    NONE,
    SALTS,
    TOPIC_SIZE,
    every_word,
    features,
    sentences,
    treebank,
)
from dashboard.text import read_treebank
from dashboard.text.sentence import not_a_tree


def named(one, place):
    """The place of the word that a word names as its head; -1 where it names none."""
    keys = [word.own for word in one.words]
    return -1 if one.words[place].seeks == NONE else keys.index(one.words[place].seeks)


def test_every_word_names_its_head_and_stands_in_the_vocabulary():
    vocabulary = set(every_word())
    assert len(vocabulary) == len({word.form for word in vocabulary}) == 10 * 4 + 10 * 9 * 4 * 4
    for one in sentences(100, 1):
        assert [named(one, place) for place in range(len(one.words))] == list(one.heads)
        assert set(one.words) <= vocabulary and not_a_tree(one.heads) is None
        assert 5 <= len(one.words) <= len(KEYS)


def test_only_a_determiner_stands_at_a_fixed_distance_of_its_head():
    offsets = {}
    for one in sentences(300, 2):
        for place, (head, relation) in enumerate(zip(one.heads, one.relations, strict=True)):
            offsets.setdefault(relation, []).append(head - place)
    assert set(offsets.pop(DET)) == {1}
    offsets.pop("root")
    for found in offsets.values():
        _, counts = np.unique(found, return_counts=True)
        assert max(counts) < 0.25 * len(found) and len(found) > 100


def test_as_often_as_asked_a_word_names_another():
    made = sentences(800, 3, agrees=0.7, spread=0.15)
    right = [[named(one, place) == head for place, head in enumerate(one.heads) if head >= 0] for one in made]
    every = [word for one in right for word in one]
    assert np.mean(every) == pytest.approx(0.7, abs=0.03)  # 800 sentences: a standard error of 0.008
    spread = np.var([np.mean(one) for one in right]) - np.mean([0.7 * 0.3 / len(one) for one in right])
    assert spread > 0.005  # beyond what words alone would vary
    for one in made:
        assert all(named(one, place) != place for place in range(len(one.words)))


def test_the_treebank_is_read_as_it_was_made(tmp_path):
    made = sentences(20, 4)
    file = tmp_path / "made.conllu"
    file.write_text(treebank(made), encoding="utf-8")
    read = list(read_treebank(file))
    assert [one.heads for one in read] == [one.heads for one in made]
    assert [one.relations for one in read] == [one.relations for one in made]
    assert [" ".join(one.words) for one in read] == [one.text for one in made]


def test_words_of_one_topic_have_the_nearest_vectors():
    words = every_word()[:200]
    blocks = features(words, [place % SALTS for place in range(len(words))])
    vectors = np.concatenate([block.numpy() for block in blocks.values()], 1)
    assert set(np.round((vectors**2).sum(1), 9)) == {len(blocks) - 1 + TOPIC_SIZE**2}  # all have one norm
    vectors = vectors - vectors.mean(0)
    cosine = vectors @ vectors.T / np.outer(*[np.linalg.norm(vectors, axis=1)] * 2)
    same = np.equal.outer(*[np.array([word.topic for word in words])] * 2)
    assert cosine[same].min() > cosine[~same].max()
