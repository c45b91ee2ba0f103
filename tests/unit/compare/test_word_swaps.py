"""A sentence with one of its words exchanged."""

from dashboard.analyses.compare.word_swaps import swaps, words_by_pos
from dashboard.text import parse
from dashboard.text.words import split_words


def test_swaps_change_one_word_to_one_of_its_part_of_speech():
    text = "The chef trained in Osaka. She says ramen is good!"
    vocabulary = words_by_pos(parse("A pilot sings a song in Rome. The old doctor can't sleep and they eat bread."))
    assert "ca" not in {word for words in vocabulary.values() for word in words}
    found = swaps(text, parse(text), vocabulary, but=[1], most=6)
    assert len(found) == 6
    first = [word.form for word in split_words(text)]
    for one in found:
        new = [word.form for word in split_words(one.text)]
        assert [k for k in range(len(first)) if first[k] != new[k]] == [one.place]
        assert one.place != 1
        assert (first[one.place], new[one.place]) == (one.was, one.now)
    assert len({one.text for one in found}) == 6
    assert found == swaps(text, parse(text), vocabulary, but=[1], most=6)
