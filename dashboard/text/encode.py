"""A text and a tokenizer → an `Encoding`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.errors import UserError
from dashboard.text.display import spelling_of, token_labels
from dashboard.text.encoding import BETWEEN, Encoding
from dashboard.text.special import is_typed, is_unknown
from dashboard.text.stretches import Continued, named, stretches_of
from dashboard.text.words import without_surrogates

COLUMNS = ("ids", "pieces", "labels", "spans", "special", "unknown")
_MOST_BYTES = 4  # of a character in UTF-8


def encode(
    text: str, tokenizer, *, limit: int | None, causal: bool, bos: bool = True, pair: str | None = None
) -> Encoding:
    """The text as a model sees it (METRICS §0).

    Parameters
    ----------
    text: any text; lone surrogates, which no tokenizer takes, are replaced by U+FFFD, one for one. One that was
        `continued`, or made by the tokenizer's chat template, has its stretches named
    tokenizer: a fast tokenizer of transformers
    limit: the most tokens, special ones counted; None for no limit. A longer text loses tokens at its end,
        the special tokens that close it stay, and `left_out` says how many are gone
    causal: whether the model sees only what stands before
    bos: put a beginning-of-sequence token in front (the tokenizer's BOS, else its EOS) where the model is
        causal and neither the tokenizer nor the text puts a special token there
    pair: a second text, encoded with the first as the tokenizer encodes pairs, with its token types

    Raises
    ------
    UserError: the text is empty, white space only, or gives no token of its own; `limit` leaves room for none; the
        tokenizer knows no pairs, or a pair is longer than `limit`
    """
    for one in (text, *(() if pair is None else (pair,))):
        if not one.strip():
            which = "second text" if pair is not None and one is pair else "text"
            raise UserError(f"The {which} is empty. Type a sentence.")
    border = text.border if isinstance(text, Continued) else 0
    text = without_surrogates(text)
    if border:
        text = Continued.of(text, border)
    if pair is None:
        raw = tokenize(text, tokenizer)
    else:
        pair = without_surrogates(pair)
        raw = tokenize(text, tokenizer, paired(tokenizer, pair))
    ids, tokens, added, spans = raw.ids, raw.tokens, raw.special_tokens_mask, list(raw.offsets)
    whole, second = text, None
    if pair is not None:
        second = len(text) + len(BETWEEN)
        whole = f"{text}{BETWEEN}{pair}"
        for i, segment in enumerate(raw.sequence_ids):
            if segment == 1:
                spans[i] = (spans[i][0] + second, spans[i][1] + second)
    own = [i for i, mark in enumerate(added) if not mark]
    if not own:
        raise UserError("This model's tokenizer finds nothing to read in the text. Type some words.")

    front = front_of(tokenizer, ids, added) if causal and bos else None
    capacity = len(own) if limit is None else limit - (len(ids) - len(own)) - (front is not None)
    if capacity < 1:
        raise UserError(f"A limit of {limit} tokens leaves no room for the text. Allow more.")
    if pair is not None and capacity < len(own):
        raise UserError(
            f"The two texts have {len(ids):,} tokens together and the limit is {limit:,}. Use shorter texts."
        )
    within, left_out = own[:capacity], len(own[capacity:])

    # A few tokens beyond the end, so that a character that is cut there still knows its number of shares.
    read = own[: capacity + _MOST_BYTES - 1]
    read_labels = token_labels(whole, [tokens[i] for i in read], [spans[i] for i in read], spelling_of(tokenizer))
    labels = dict(zip(read, read_labels, strict=True))

    rows: list[tuple] = []  # in the order of COLUMNS
    place = 0
    if front is not None:
        token = tokenizer.convert_ids_to_tokens(front)
        rows.append((front, token, token, (0, 0), True, False))
    for i in range(len(ids)):
        if added[i]:
            rows.append((ids[i], tokens[i], tokens[i], (place, place), True, False))
        elif i <= within[-1]:
            rows.append(row_of(tokenizer, whole, ids[i], tokens[i], labels[i], spans[i]))
            place = max(place, rows[-1][3][1])
    columns: dict[str, Any] = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    if pair is not None:
        ahead = (0,) * (front is not None)
        columns |= {"types": (*ahead, *raw.type_ids), "segments": (*ahead, *_segments(raw.sequence_ids))}
        if not any(columns["types"]):
            columns["types"] = ()
    return Encoding(
        text=whole,
        **columns,
        added=None if front is None else rows[0][1],
        left_out=left_out,
        second=second,
        stretches=named(stretches_of(whole, tokenizer, second), columns["spans"]),
    )


def row_of(tokenizer, text: str, number: int, token: str, label: str, span: tuple[int, int]) -> tuple:
    """A token of the text itself: id, spelling, label, span without white space at its ends, special, unknown."""
    span = _without_space(text, span)
    spelled = text[slice(*span)]
    special = is_typed(tokenizer, number, spelled)
    return (
        number,
        token,
        spelled if special and spelled else label,
        span,
        special,
        not special and is_unknown(tokenizer, number, spelled),
    )


def _without_space(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The span without white space at its ends; one of nothing but white space stays."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else span


def front_of(tokenizer, ids: Sequence[int], added: Sequence[int]) -> int | None:
    """The token to put in front (METRICS §0); None where one stands there."""
    front = beginning(tokenizer)
    return None if added[0] or ids[0] == front else front


def _segments(sequences: Sequence[int | None]) -> list[int]:
    """A special token that was added belongs to the text before it; those in front to the first."""
    found, now = [], 0
    for one in sequences:
        now = now if one is None else one
        found.append(now)
    return found


def has_pairs(tokenizer) -> bool:
    """Whether the tokenizer divides the two texts of a pair by special tokens."""
    backend = tokenizer.backend_tokenizer
    return backend.num_special_tokens_to_add(True) > backend.num_special_tokens_to_add(False)


def paired(tokenizer, pair: str) -> str:
    """The second text. Raises UserError where the tokenizer knows no pairs."""
    if not has_pairs(tokenizer):
        raise UserError("This model takes one text, not a pair. Leave the second text out.")
    return pair


def tokenize(text: str | Sequence[str], tokenizer, pair: str | None = None):
    """The tokenizer's own encoding of a text, or of its words: ids, tokens, offsets (characters),
    special_tokens_mask, word_ids, type_ids, sequence_ids.

    Not by `tokenizer(text)`, which sets truncation again on every call: two threads must not do that at once.
    """
    backend = tokenizer.backend_tokenizer
    if backend.truncation is not None:
        backend.no_truncation()
    if backend.padding is not None:
        backend.no_padding()
    return backend.encode(text, pair, is_pretokenized=not isinstance(text, str))


def beginning(tokenizer) -> int | None:
    """The token to put in front of a causal model's text (METRICS §0): BOS, else EOS, else none."""
    return tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
