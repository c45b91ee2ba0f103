"""A target as the decoder of an encoder–decoder model reads it."""

from __future__ import annotations

from dataclasses import replace

from dashboard.text.encoding import Encoding

LAST = -1
"""In place of a start token: the target's own last token goes to its front (mBART's language)."""


def as_target(encoding: Encoding, start: int, tokenizer) -> Encoding:
    """The text behind the token that a decoder begins with, without the special token that ends it.

    At each place the decoder writes the token that comes next: the start token stands for nothing read, and what ends
    the target is only written. This is the library's `shift_tokens_right`.

    start: the id of that token, or `LAST`
    """
    ends = len(encoding) > 1 and encoding.special[-1]
    keep = slice(None, -1 if ends else None)
    if start == LAST:
        start = encoding.ids[-1]
    spelled = tokenizer.convert_ids_to_tokens(start)
    return replace(
        encoding,
        ids=(start, *encoding.ids[keep]),
        pieces=(spelled, *encoding.pieces[keep]),
        labels=(spelled, *encoding.labels[keep]),
        spans=((0, 0), *encoding.spans[keep]),
        special=(True, *encoding.special[keep]),
        unknown=(False, *encoding.unknown[keep]),
        stretches=(*encoding.stretches[:1], *encoding.stretches[keep]),
        added=spelled,
    )
