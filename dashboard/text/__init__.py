"""A text as a model sees it: tokens with their spans and display forms, and the words they belong to.

`encode` makes an `Encoding`, and an encoding gives the axis of a map, in tokens or in words. Of a model this
folder knows the tokenizer only. `parse`, `read_text` and `read_treebank` give a `ParsedSentence` for every sentence of
a text or treebank. Importing this package imports neither transformers nor spaCy.
"""

from dashboard.text.display import visible
from dashboard.text.encode import encode, has_pairs
from dashboard.text.encode_words import encode_sentence, encode_words
from dashboard.text.encoding import Axis, Encoding, Special, Unit
from dashboard.text.notes import reading_notes
from dashboard.text.on_places import OnPlaces, on_places
from dashboard.text.parse import installed_parsers, not_english, not_english_file, parse, parser_missing, read_text
from dashboard.text.sentence import LeftOut, ParsedSentence
from dashboard.text.stretches import continued
from dashboard.text.treebank import read_treebank
from dashboard.text.words import Word, split_words

__all__ = [
    "Axis",
    "Encoding",
    "LeftOut",
    "OnPlaces",
    "ParsedSentence",
    "Special",
    "Unit",
    "Word",
    "continued",
    "encode",
    "encode_sentence",
    "encode_words",
    "has_pairs",
    "installed_parsers",
    "not_english",
    "not_english_file",
    "on_places",
    "parse",
    "parser_missing",
    "read_text",
    "read_treebank",
    "reading_notes",
    "split_words",
    "visible",
]
