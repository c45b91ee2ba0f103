"""Pieces as a person reads them."""

import unicodedata
from pathlib import Path

import pytest
import streamlit
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.text import display
from dashboard.text.display import token_labels, visible


def label(piece, spelling, text=None):
    return token_labels(text or piece, [piece], [(0, len(text or piece))], spelling)[0]


@pytest.mark.parametrize(
    ("piece", "spelling", "read"),
    [
        ("Ġchef", "bytes", "·chef"),
        ("chef", "bytes", "chef"),
        ("Ã©t", "bytes", "ét"),
        ("Ċ", "bytes", "¶"),
        ("čĊ", "bytes", "¶"),
        ("ĉĠ", "bytes", "→·"),
        ("Ġ" * 12, "bytes", "·×12"),
        ("=" * 64, "bytes", "=×64"),
        ("Ā", "bytes", "U+0000"),
        ("<|im_start|>", "bytes", "<|im_start|>"),
        ("▁chef", "metaspace", "·chef"),
        ("▁", "metaspace", "·"),
        ("<0x0A>", "metaspace", "¶"),
        ("##men", "wordpiece", "…men"),
        ("men", "wordpiece", "men"),
        ("##", "wordpiece", "##"),
        ("##\u0301", "wordpiece", "…◌\u0301"),
        ("[UNK]", "wordpiece", "[UNK]"),
        ("chef</w>", "suffix", "chef"),
        ("ra", "suffix", "ra…"),
        ("chef", "plain", "chef"),
    ],
)
def test_known_pieces(piece, spelling, read):
    assert label(piece, spelling) == read


def test_every_byte_has_one_letter_in_the_alphabet():
    alphabet = display._byte_of()
    assert sorted(alphabet.values()) == list(range(256))
    assert alphabet["Ġ"] == 0x20 and alphabet["Ċ"] == 0x0A and alphabet["!"] == 0x21


def spell(text):
    letter = {byte: character for character, byte in display._byte_of().items()}
    return [letter[byte] for byte in text.encode()]


@pytest.mark.parametrize("character", ["é", "我", "🍜"])
def test_the_bytes_of_one_character_show_their_share(character):
    pieces = ["a", *spell(character), "b"]
    n = len(pieces) - 2
    spans = [(0, 1), *[(1, 2)] * n, (2, 3)]
    expected = ["a", *(f"{character} {k + 1}/{n}" for k in range(n)), "b"]
    assert token_labels(f"a{character}b", pieces, spans, "bytes") == expected


def test_two_split_characters_in_a_row_count_each_for_itself():
    pieces = ["Ġ" + "".join(spell("🍜")[:2]), *spell("🍜")[2:], *spell("🍣")]
    spans = [(0, 2), (1, 2), (1, 2), *[(2, 3)] * 4]
    assert token_labels(" 🍜🍣", pieces, spans, "bytes") == [
        "·🍜 1/3",
        "🍜 2/3",
        "🍜 3/3",
        "🍣 1/4",
        "🍣 2/4",
        "🍣 3/4",
        "🍣 4/4",
    ]


def test_a_piece_that_ends_one_character_and_begins_the_next():
    bowl, fish = spell("🍜"), spell("🍣")
    pieces = ["".join(bowl[:2]), "".join(bowl[2:] + fish[:1]), "".join(fish[1:])]
    assert token_labels("🍜🍣", pieces, [(0, 1), (0, 2), (1, 2)], "bytes") == ["🍜 1/2", "🍜 2/2", "🍣 2/2"]


def test_bytes_in_a_metaspace_vocabulary():
    pieces = ["▁", *(f"<0x{byte:02X}>" for byte in "🍜".encode())]
    labels = token_labels("🍜", pieces, [(0, 0)] + [(0, 1)] * 4, "metaspace")
    assert labels == ["·", "🍜 1/4", "🍜 2/4", "🍜 3/4", "🍜 4/4"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("chef", "chef"),
        ("a b", "a·b"),
        ("a\r\nb\rc\n", "a¶b¶c¶"),
        ("\u200b", "U+200B"),
        ("\u202eabc", "U+202Eabc"),
        ("\xa0", "U+00A0"),
        ("\u3164", "U+3164"),
        ("\ufe0f", "U+FE0F"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("\u0301", "◌\u0301"),
        ("e\u0301", "e\u0301"),
        ("\t\u0301\u0302", "→◌\u0301\u0302"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🍳", "👩\u200d🍳"),
        ("a\u200d", "aU+200D"),
        ("\uffff", "U+FFFF"),
        ("\U0001fa77", "\U0001fa77"),
    ],
)
def test_what_cannot_be_seen_is_shown(text, shown):
    assert visible(text) == shown


@given(st.text(min_size=1, max_size=50))
@settings(max_examples=500)
def test_every_label_can_be_seen(text):
    shown = visible(text)
    assert shown
    for i, character in enumerate(shown):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zs", "Zl", "Zp")
        if unicodedata.category(character) == "Cf":
            assert character in "\u200c\u200d" and 0 < i < len(shown) - 1
    for spelling in ("bytes", "wordpiece", "metaspace", "suffix", "plain"):
        assert label(text, spelling)


def test_our_signs_are_in_the_shipped_fonts():
    media = Path(streamlit.__file__).parent / "static" / "static" / "media"
    for family in ("SourceSansVF-Upright", "SourceCodeVF-Upright"):
        (file,) = media.glob(f"{family}*")
        glyphs = TTFont(file).getBestCmap()
        for sign in (display.SPACE, display.GOES_ON, display.LINE, display.TAB, display.CARRIER, "×"):
            assert ord(sign) in glyphs, (family, sign)
