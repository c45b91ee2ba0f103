"""The words of a treebank through both models' tokenizers (METRICS §0)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.text import encode_words, parse
from dashboard.text.sentence import ParsedSentence

WORDS = ("She", "did", "n't", "visit", "Osaka", "in", "2019", ",", "new-age", "🍜")


def sentence_of(words):
    m = len(words)
    return ParsedSentence(0, 1, tuple(words), tuple(range(-1, m - 1)), ("dep",) * m, ("X",) * m, ("_",) * m)


@pytest.fixture(scope="module")
def models(minilm, smollm2):
    return {"minilm": minilm, "smollm2": smollm2}


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_as_the_library_divides_them(models, name):
    model = models[name]
    tokenizer, space = model.loaded.tokenizer, " " if name == "smollm2" else ""
    theirs = tokenizer([space + word for word in WORDS], is_split_into_words=True)
    ours = model.encode_sentence(sentence_of(WORDS))
    front = 0 if name == "minilm" else 1
    assert list(ours.ids[front:]) == theirs.input_ids
    for i, word in enumerate(theirs.word_ids()):
        expected = None if ours.pieces[i + front] == "Ġ" else word
        assert ours.word_of[i + front] == expected
    assert [word.form for word in ours.words] == list(WORDS) and not ours.lost_words
    assert ours.text == " ".join(WORDS)


def test_pieces_of_minilm(minilm):
    encoding = minilm.encode_sentence(sentence_of(["Unbelievably", "good", "n't"]))
    assert encoding.axis("words").labels == ("[CLS]", "Unbelievably", "good", "n't", "[SEP]")
    assert encoding.text[slice(*encoding.spans[1])] == "Un" and encoding.special[0] and encoding.special[-1]


def test_pieces_of_smollm2(smollm2):
    encoding = smollm2.encode_sentence(sentence_of(["In", "2019", "Osaka"]))
    assert encoding.pieces == ("<|im_start|>", "ĠIn", "Ġ", "2", "0", "1", "9", "ĠOs", "aka")
    assert encoding.word_of == (None, 0, None, 1, 1, 1, 1, 2, 2)
    axis = encoding.axis("words")
    assert axis.special == (True, False, True, False, False) and axis.members[3] == (3, 4, 5, 6)
    assert smollm2.encode_sentence(sentence_of(["In"]), bos=False).pieces == ("ĠIn",)


def test_running_text_has_the_words_of_its_parse(models):
    (sentence,) = parse("The chef can't   cook 🍜 in 2019.")
    for model in models.values():
        encoding = model.encode_sentence(sentence)
        assert [word.form for word in encoding.words] == list(sentence.words)
        assert encoding.ids == model.encode(sentence.text).ids and not encoding.lost_words


def test_a_word_without_a_piece_is_reported(minilm):
    encoding = minilm.encode_sentence(sentence_of(["a", "\x00", "b"]))
    assert encoding.lost == (1,) and encoding.lost_words == ("\x00",)
    assert encoding.word_of == (None, 0, 1, None) and encoding.parts == ((0,), (2,))


def test_nothing_to_read(models, refuses):
    for words in ([], ["\x00"]):
        with refuses(UserError):
            encode_words(words, models["minilm"].loaded.tokenizer, causal=False)


@settings(max_examples=150)
@given(words=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=12))
def test_any_words(models, words):
    for model in models.values():
        try:
            encoding = encode_words(words, model.loaded.tokenizer, causal=model.causal)
        except UserError:
            continue
        assert all(0 <= a <= b <= len(encoding.text) for a, b in encoding.spans)
        axis = encoding.axis("words")
        assert sorted(i for place in axis.members for i in place) == list(range(len(encoding)))
        held = [word for part in encoding.parts for word in part]
        assert sorted([*held, *encoding.lost, *encoding.taken]) == list(range(len(words)))
        assert len(axis.labels) - sum(axis.special) == len(encoding.words)
        placed = [word for word in encoding.word_of if word is not None]
        assert placed == sorted(placed)
