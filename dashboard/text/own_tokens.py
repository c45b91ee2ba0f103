"""Tokens that a person brings → an `Encoding`, without a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.errors import UserError
from dashboard.text.display import Spelling, bytes_of, token_labels
from dashboard.text.encoding import Encoding
from dashboard.text.places import Span
from dashboard.text.stretches import PAIR
from dashboard.text.words import Word, without_surrogates


def encoding_of_tokens(
    tokens: Sequence[str],
    special: Sequence[bool] | None = None,
    *,
    text: str | None = None,
    spans: Sequence[Span] | None = None,
    unknown: Sequence[bool] = (),
    second: int | None = None,
    segments: Sequence[int] = (),
    stretches: Sequence[str] = (),
) -> Encoding:
    """The text that these tokens (n) make, as an encoding of it. Equal tokens have equal ids.

    Parameters
    ----------
    tokens: as a tokenizer spells them (``Ġchef``, ``▁chef``, ``##men``), as it decodes them (`` chef``), or a word each
    special: True for special tokens (n); None for none
    text, spans: the text, and where each token stands in it (n), (−1, −1) for nowhere; the tokens are then what a
        person reads. Without these two the text is what the tokens spell
    unknown: True for tokens that stand for characters not read (n); second, segments, stretches: as in
        `Encoding`

    Raises UserError where there is no token, and where something else than one mark for each token is given.
    """
    tokens = [without_surrogates(str(token)) for token in tokens]
    marks = [False] * len(tokens) if special is None else [bool(one) for one in special]
    if not tokens:
        raise UserError("There are no tokens. Give one for each row of the weights.")
    _check(len(tokens), special=marks, spans=spans, unknown=unknown or None, segments=segments or None)
    _check(len(tokens), stretches=stretches or None)
    words = None
    if text is None or spans is None:
        spelling, pieces = _written(tokens, marks)
        text, found = _set(pieces)
        labels = token_labels(text, tokens, found, spelling)
        if spelling == "plain" and not any(piece.startswith(" ") for piece in pieces):
            words = tuple(Word(text[a:b], a, b) for a, b in found if a < b)
    else:
        labels, found = tokens, [(int(a), int(b)) if 0 <= a < b <= len(text) else (0, 0) for a, b in spans]
    ids = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    return Encoding(
        text=text,
        ids=tuple(ids[token] for token in tokens),
        pieces=tuple(tokens),
        labels=tuple(labels),
        spans=tuple(found),
        special=tuple(marks),
        unknown=tuple(map(bool, unknown)),
        given=words,
        second=second,
        segments=tuple(map(int, segments)),
        stretches=tuple(stretches) or tuple(PAIR[segment] for segment in segments),
    )


def _check(n: int, **given: Sequence | None) -> None:
    for what, marks in given.items():
        if marks is not None and len(marks) != n:
            raise UserError(f"“{what}” has {len(marks):,} entries for {n:,} tokens. Give one for each token.")


def _written(tokens: Sequence[str], special: Sequence[bool]) -> tuple[Spelling, list[str]]:
    """How the tokens are spelt, and what each writes into the text, with its spaces; special ones write nothing."""
    own = [token for token, mark in zip(tokens, special, strict=True) if not mark]
    spelling: Spelling = "plain"
    pieces = list(tokens)
    if any(token.startswith("##") and len(token) > 2 for token in own):
        spelling, pieces = "wordpiece", [one[2:] if one.startswith("##") else f" {one}" for one in tokens]
    elif any("▁" in token for token in own):
        spelling, pieces = "metaspace", [token.replace("▁", " ") for token in tokens]
    elif any("Ġ" in token for token in own):
        spelling, pieces = "bytes", [bytes_of(token).decode(errors="replace") for token in tokens]
    elif not any(token.startswith(" ") for token in own):
        pieces = [f"{token} " for token in tokens]  # nothing tells how they are spelt: each is a word
    return spelling, ["" if mark else piece for piece, mark in zip(pieces, special, strict=True)]


def _set(pieces: Sequence[str]) -> tuple[str, list[Span]]:
    """The text of these pieces without the spaces at its ends, and where each stands, without those at its own."""
    whole = "".join(pieces)
    text, before = whole.strip(" "), len(whole) - len(whole.lstrip(" "))
    spans, at = [], -before
    for piece in pieces:
        start, end = at + len(piece) - len(piece.lstrip()), at + len(piece.rstrip())
        spans.append((start, end) if start < end else (max(0, min(at, len(text))),) * 2)
        at += len(piece)
    return text, spans
