"""A text as a model sees it: tokens with their spans and display forms, and the words they belong to.

`encode` makes an `Encoding`, and an encoding gives the axis of a map, in tokens or in words. Of a model this
room knows the tokenizer only. Importing this package imports neither transformers nor spaCy.
"""

from dashboard.text.display import visible
from dashboard.text.encode import encode
from dashboard.text.encoding import Axis, Encoding, Special, Unit
from dashboard.text.words import Word, split_words

__all__ = ["Axis", "Encoding", "Special", "Unit", "Word", "encode", "split_words", "visible"]
