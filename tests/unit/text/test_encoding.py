"""Encodings and axes, on small tokenizers made here and on spans made up by hypothesis."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from dashboard.errors import UserError
from dashboard.text import Encoding, Word, encode
from dashboard.text.display import spelling_of


def byte_level(**special) -> PreTrainedTokenizerFast:
    """Every byte a token, no special token set by itself."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=backend, **special)


def word_piece() -> PreTrainedTokenizerFast:
    vocabulary = ["[UNK]", "[CLS]", "[SEP]", "ra", "##men", "the", "chef", ".", "can", "'", "t", "a", "##b"]
    backend = Tokenizer(models.WordPiece({p: i for i, p in enumerate(vocabulary)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    backend.enable_truncation(4)
    backend.enable_padding(length=4)
    return PreTrainedTokenizerFast(tokenizer_object=backend, cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]")


def metaspace() -> PreTrainedTokenizerFast:
    vocabulary = ["<unk>", "<s>", "▁", "▁the", "▁chef", *(f"<0x{byte:02X}>" for byte in range(256))]
    backend = Tokenizer(
        models.Unigram([(piece, -float(i)) for i, piece in enumerate(vocabulary)], unk_id=0, byte_fallback=True)
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", unk_token="<unk>")


BOS = {"bos_token": AddedToken("<bos>", special=True)}
EOS = {"eos_token": AddedToken("<eos>", special=True)}


def test_word_pieces_by_hand():
    encoding = encode("The ramen. The", word_piece(), limit=None, causal=False)
    assert encoding.pieces == ("[CLS]", "the", "ra", "##men", ".", "the", "[SEP]")
    assert encoding.ids == (1, 5, 3, 4, 7, 5, 2)
    assert encoding.labels == ("[CLS]", "the", "ra", "…men", ".", "the", "[SEP]")
    assert encoding.spans == ((0, 0), (0, 3), (4, 6), (6, 9), (9, 10), (11, 14), (14, 14))
    assert encoding.special == (True, False, False, False, False, False, True)
    assert encoding.words == (Word("The", 0, 3), Word("ramen", 4, 9), Word(".", 9, 10), Word("The", 11, 14))
    assert encoding.word_of == (None, 0, 1, 1, 2, 3, None)
    axis = encoding.axis("words")
    assert axis.labels == ("[CLS]", "The", "ramen", ".", "The", "[SEP]")
    assert axis.members == ((0,), (1,), (2, 3), (4,), (5,), (6,))
    assert axis.special == (True, False, False, False, False, True)
    assert axis.spans == (None, (0, 3), (4, 9), (9, 10), (11, 14), None)
    assert encoding.added is None and encoding.left_out == 0


def test_token_axis_is_the_tokens():
    encoding = encode("The ramen.", word_piece(), limit=None, causal=False)
    axis = encoding.axis("tokens")
    assert axis.labels == encoding.labels and axis.special == encoding.special
    assert axis.members == tuple((i,) for i in range(len(encoding)))
    assert axis.spans[0] is None and axis.spans[1] == (0, 3)


def test_a_piece_over_two_words_goes_to_the_one_it_covers_most():
    # The parser reads "can't" as "ca" and "n't"; the piece "can" covers two characters of the first.
    encoding = encode("can't", word_piece(), limit=None, causal=False)
    assert [word.form for word in encoding.words] == ["ca", "n't"]
    assert encoding.word_of == (None, 0, 1, 1, None)


def made(text, spans, special=None):
    n = len(spans)
    special = tuple(special or (False,) * n)
    return Encoding(text, tuple(range(n)), ("x",) * n, ("x",) * n, tuple(spans), special)


def test_words_of_one_token_are_one_place():
    for text, token in [("do n't", (0, 6)), ("aa bb", (0, 5)), ("aa bb", (1, 4)), ("aa bbb", (0, 6))]:
        encoding = made(text, [token])
        assert encoding.word_of == (0,) and encoding.parts == ((0, 1),) and not encoding.lost
        assert [word.form for word in encoding.words] == [text]


def test_a_tie_goes_to_the_first_word():
    encoding = made("aa bb", [(1, 4), (4, 5)])
    assert encoding.word_of == (0, 1) and encoding.parts == ((0,), (1,))


def test_pieces_without_a_word_are_places_of_their_own_and_special():
    encoding = made("a  b", [(0, 1), (1, 2), (2, 3), (2, 2), (3, 4)])
    assert encoding.word_of == (0, None, None, None, 1)
    axis = encoding.axis("words")
    assert axis.members == ((0,), (1,), (2,), (3,), (4,))
    assert axis.special == (False, True, True, True, False)
    assert encoding.axis("tokens").special == (False,) * 5


def test_a_word_without_a_piece_is_found():
    encoding = encode("the \x00 chef", word_piece(), limit=None, causal=False)
    assert encoding.lost_words == ("\x00",) and encoding.lost == (1,)
    assert encoding.axis("words").labels == ("[CLS]", "the", "chef", "[SEP]")
    assert encode("the chef", word_piece(), limit=None, causal=False).lost_words == ()


@st.composite
def spans_over_text(draw):
    text = draw(st.text(alphabet="ab,' n't\n我🍜", min_size=1, max_size=40))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=20)))
    spans = list(zip([0, *cuts], [*cuts, len(text)], strict=True))
    return text, spans, draw(st.lists(st.booleans(), min_size=len(spans), max_size=len(spans)))


@given(spans_over_text())
@settings(max_examples=300)
def test_pieces_to_words_equals_counting_characters_one_by_one(case):
    text, spans, special = case
    encoding = made(text, spans, special)
    for (start, end), added, word_index in zip(spans, special, encoding.word_of, strict=True):
        counts = [sum(w.start <= i < w.end for i in range(start, end)) for w in encoding.words]
        most = max(counts, default=0)
        expected = None if added or most == 0 else counts.index(most)
        assert word_index == expected
    members = encoding.axis("words").members
    assert sorted(i for place in members for i in place) == list(range(len(spans)))
    assert [place[0] for place in members] == sorted(place[0] for place in members)


@pytest.mark.parametrize(
    ("special", "causal", "bos", "front"),
    [
        (BOS | EOS, True, True, "<bos>"),
        (EOS, True, True, "<eos>"),
        ({}, True, True, None),
        (BOS, False, True, None),
        (BOS, True, False, None),
    ],
)
def test_a_beginning_is_put_before_a_causal_models_text(special, causal, bos, front):
    encoding = encode("ab", byte_level(**special), limit=None, causal=causal, bos=bos)
    assert encoding.added == front
    assert encoding.pieces == ((front,) if front else ()) + ("a", "b")
    assert encoding.special == ((True,) if front else ()) + (False, False)
    if front:
        assert encoding.spans[0] == (0, 0) and encoding.word_of == (None, 0, 0)


def test_no_second_beginning_where_the_tokenizer_sets_a_special_token():
    for tokenizer in (word_piece(), metaspace()):
        encoding = encode("the chef", tokenizer, limit=None, causal=True)
        assert encoding.added is None and sum(encoding.special[:2]) == 1


def test_a_beginning_that_was_typed_is_special_and_not_doubled():
    encoding = encode("<bos>ab", byte_level(**BOS), limit=None, causal=True)
    assert encoding.pieces == ("<bos>", "a", "b") and encoding.added is None
    assert encoding.special == (True, False, False)
    assert [word.form for word in encoding.words] == ["ab"]


def test_too_long_a_text_keeps_its_closing_token_and_says_what_is_gone():
    whole = encode("the ramen. the chef", word_piece(), limit=None, causal=False)
    assert len(whole) == 8
    assert encode("the ramen. the chef", word_piece(), limit=8, causal=False) == whole
    cut = encode("the ramen. the chef", word_piece(), limit=4, causal=False)
    assert cut.pieces == ("[CLS]", "the", "ra", "[SEP]")
    assert cut.left_out == 4 and cut.spans[-1] == (6, 6)
    assert cut.words == (Word("the", 0, 3), Word("ra", 4, 6))
    assert cut.text == "the ramen. the chef"


def test_the_limit_counts_the_beginning():
    cut = encode("abcdef", byte_level(**BOS), limit=4, causal=True)
    assert cut.pieces == ("<bos>", "a", "b", "c") and cut.left_out == 3


def test_a_character_cut_by_the_limit_still_knows_its_shares():
    cut = encode("🍜🍜", byte_level(), limit=2, causal=True)
    assert cut.labels == ("🍜 1/4", "🍜 2/4") and cut.left_out == 6
    assert cut.words == (Word("🍜", 0, 1),)


def test_a_cut_does_not_change_the_words_before_it():
    text = "It costs a lot in the U.S. today"
    cut = encode(text, byte_level(), limit=text.index(".") + 1, causal=True)
    assert cut.words[-1] == Word("U.", 22, 24)
    whole = encode(text, byte_level(), limit=None, causal=True)
    assert cut.words[:-1] == whole.words[: len(cut.words) - 1]


def test_byte_fallback_pieces():
    encoding = encode("the 🍜", metaspace(), limit=None, causal=True)
    assert encoding.labels == ("<s>", "·the", "·", "🍜 1/4", "🍜 2/4", "🍜 3/4", "🍜 4/4")
    assert encoding.axis("words").labels[-1] == "🍜"


def test_spellings():
    assert spelling_of(byte_level()) == "bytes"
    assert spelling_of(word_piece()) == "wordpiece"
    assert spelling_of(metaspace()) == "metaspace"


@pytest.mark.parametrize("text", ["", " ", "\n\t \u3000"])
def test_an_empty_text_is_a_sentence(text, refuses):
    with refuses(UserError):
        encode(text, word_piece(), limit=None, causal=False)


def test_a_text_without_tokens_is_a_sentence(refuses):
    with refuses(UserError):
        encode("\x00\x01", word_piece(), limit=None, causal=False)


def test_a_limit_without_room_is_a_sentence(refuses):
    with refuses(UserError):
        encode("the chef", word_piece(), limit=2, causal=False)


def test_a_lone_surrogate_is_replaced_one_for_one():
    encoding = encode("a\ud83cb", byte_level(), limit=None, causal=True)
    assert encoding.text == "a\ufffdb"
    assert encoding.spans[-1] == (2, 3)
