"""What a person types as the continuation of a text, as tokens."""

from __future__ import annotations

import regex

from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.text import Encoding

# What follows a text without a space: punctuation but an opening sign, and scripts that write none.
_JOINED = regex.compile(
    r"\s|[\p{P}\p{S}\p{M}--[\p{Ps}\p{Pi}]]"
    r"|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]",
    regex.V1,
)


def last_of(encoding: Encoding) -> int:
    """The last token of the text: what the tokenizer put behind it, which stands nowhere in it, does not count."""
    in_text = [place for place, (start, end) in enumerate(encoding.spans) if start < end or not encoding.special[place]]
    return max(in_text, default=0)


def first_of(model: AttentionModel, encoding: Encoding, typed: str, *, bos: bool = True, predicts: bool = True) -> int:
    """The first token of a continuation of the text. A space is put before a word that takes one.

    predicts: whether the model has a head for the next token. Raises UserError for one that predicts none, a text that
    is not read whole, a sentence pair, and a continuation without a first token of its own.
    """
    found = tokens_of(model, encoding, typed, bos=bos, predicts=predicts)
    return found[0]


def tokens_of(
    model: AttentionModel, encoding: Encoding, typed: str, *, bos: bool = True, predicts: bool = True
) -> tuple[int, ...]:
    """All tokens of a continuation. Parameters and errors as in `first_of`."""
    if not predicts or model.start is not None:
        raise UserError(f"{model.title} continues no text. Leave out the answer and the rival.")
    if encoding.second is not None:
        raise UserError("A sentence pair has no continuation here. Leave out the answer and the rival.")
    if encoding.left_out:
        raise UserError("The text is not read to its end, so nothing continues it. Leave out the answer and the rival.")
    space = "" if _JOINED.match(typed) or encoding.text[-1:].isspace() else " "
    read = model.encode(encoding.text + space + typed, bos=bos)
    after = last_of(encoding) + 1
    if read.ids[:after] != encoding.ids[:after] or len(read) <= after or read.special[after]:
        raise UserError(f"After this text, “{typed[:40]}” has no first token of its own. Choose another word.")
    return read.ids[after : last_of(read) + 1]
