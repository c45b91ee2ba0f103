"""A text and a tokenizer → an `Encoding`."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.errors import UserError
from dashboard.text.display import piece_labels, spelling_of
from dashboard.text.encoding import Encoding
from dashboard.text.words import without_surrogates

_MOST_BYTES = 4  # of a character in UTF-8


def encode(text: str, tokenizer, *, limit: int | None, causal: bool, bos: bool = True) -> Encoding:
    """The text as a model sees it (METRICS §0).

    Parameters
    ----------
    text: any text; lone surrogates, which no tokenizer takes, are replaced by U+FFFD, one for one
    tokenizer: a fast tokenizer of transformers
    limit: the most tokens, special ones counted; None for no limit. A longer text loses tokens at its end,
        the special tokens that close it stay, and `left_out` says how many are gone
    causal: whether the model sees only what stands before
    bos: put a beginning-of-sequence token in front (the tokenizer's BOS, else its EOS) where the model is
        causal and the tokenizer puts no special token there itself

    Raises
    ------
    UserError: the text is empty, white space only, or gives no token of its own; `limit` leaves room for none
    """
    if not text.strip():
        raise UserError("The text is empty. Type a sentence.")
    text = without_surrogates(text)
    raw = tokenize(text, tokenizer)
    ids, pieces, offsets, added = raw.ids, raw.tokens, raw.offsets, raw.special_tokens_mask
    own = [i for i, special in enumerate(added) if not special]
    if not own:
        raise UserError("This model's tokenizer finds nothing to read in the text. Type some words.")

    front = beginning(tokenizer) if causal and bos and not added[0] else None
    room = len(own) if limit is None else limit - (len(ids) - len(own)) - (front is not None)
    if room < 1:
        raise UserError(f"A limit of {limit} tokens leaves no room for the text. Allow more.")
    kept, left_out = own[:room], len(own[room:])

    # A few tokens beyond the end, so that a character that is cut there still knows its number of shares.
    read = own[: room + _MOST_BYTES - 1]
    shown = piece_labels(text, [pieces[i] for i in read], [offsets[i] for i in read], spelling_of(tokenizer))
    labels = dict(zip(read, shown, strict=True))

    rows: list[tuple[int, str, str, tuple[int, int], bool]] = []  # id, piece, label, span, special
    place = 0
    if front is not None:
        piece = tokenizer.convert_ids_to_tokens(front)
        rows.append((front, piece, piece, (0, 0), True))
    for i in range(len(ids)):
        if added[i]:
            rows.append((ids[i], pieces[i], pieces[i], (place, place), True))
        elif i <= kept[-1]:
            start, end = offsets[i]
            rows.append((ids[i], pieces[i], labels[i], (start, end), False))
            place = max(place, end)
    columns = dict(zip(("ids", "pieces", "labels", "spans", "special"), zip(*rows, strict=True), strict=True))
    return Encoding(text=text, **columns, added=None if front is None else rows[0][1], left_out=left_out)


def tokenize(text: str | Sequence[str], tokenizer):
    """The tokenizer's own encoding of a text, or of its words: ids, tokens, offsets (characters),
    special_tokens_mask, word_ids.

    Not by `tokenizer(text)`, which sets truncation anew on every call: two threads must not do that at once.
    """
    backend = tokenizer.backend_tokenizer
    if backend.truncation is not None:
        backend.no_truncation()
    if backend.padding is not None:
        backend.no_padding()
    return backend.encode(text, is_pretokenized=not isinstance(text, str))


def beginning(tokenizer) -> int | None:
    """The token to put in front of a causal model's text (METRICS §0): BOS, else EOS, else none."""
    return tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
