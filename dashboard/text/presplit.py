"""Words that are given, a treebank's or a parse's, and a tokenizer → an `Encoding` (METRICS §0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard.errors import UserError
from dashboard.text.display import piece_labels, spelling_of
from dashboard.text.encode import beginning, encode, tokenize
from dashboard.text.encoding import Encoding
from dashboard.text.sentence import ParsedSentence
from dashboard.text.words import Word, without_surrogates


def encode_sentence(sentence: ParsedSentence, tokenizer, *, causal: bool, bos: bool = True) -> Encoding:
    """A parsed sentence as a model sees it, whole, with the words of its parse.

    Where the sentence has a text, the text goes to the tokenizer and a piece belongs to the word that covers most of
    its characters; the words of a treebank go to it as they are (`encode_words`). Raises UserError as these do.
    """
    if not sentence.spans:
        return encode_words(sentence.words, tokenizer, causal=causal, bos=bos)
    words = tuple(Word(word, *span) for word, span in zip(sentence.words, sentence.spans, strict=True))
    return replace(encode(sentence.text, tokenizer, limit=None, causal=causal, bos=bos), given=words)


def encode_words(words: Sequence[str], tokenizer, *, causal: bool, bos: bool = True) -> Encoding:
    """Pre-split words as a model sees them; the text of the encoding is the words with a space between them.

    The tokenizer is given the words one by one, as by ``is_split_into_words=True``. A byte-level BPE writes the space
    in front of a word into its first piece, so there every word, the first too, gets one, as in running text. A piece
    that is nothing but that space covers no word. Words without a piece are in `Encoding.lost_words`.

    Parameters
    ----------
    causal, bos: put a beginning-of-sequence token in front where the model is causal and the tokenizer sets none

    Raises UserError where there is no word, or none that gives a token.
    """
    words = [without_surrogates(word) for word in words]
    spelling = spelling_of(tokenizer)
    added_space = 1 if spelling == "bytes" else 0
    raw = tokenize([" " * added_space + word for word in words], tokenizer) if words else None
    if raw is None or all(raw.special_tokens_mask):
        raise UserError("This model's tokenizer finds nothing to read in the words. Give some that it knows.")

    places, at = [], 0
    for word in words:
        places.append(Word(word, at, at + len(word)))
        at += len(word) + 1

    spans, end = [], 0
    for word, (first, last) in zip(raw.word_ids, raw.offsets, strict=True):
        if word is None:
            spans.append((end, end))
        else:
            start = places[word].start
            spans.append((start + max(first - added_space, 0), start + max(last - added_space, 0)))
            end = max(end, spans[-1][1])
    text = " ".join(words)
    special = [bool(mask) for mask in raw.special_tokens_mask]
    shown = iter(
        piece_labels(
            text,
            [piece for piece, mask in zip(raw.tokens, special, strict=True) if not mask],
            [span for span, mask in zip(spans, special, strict=True) if not mask],
            spelling,
        )
    )
    labels = [piece if mask else next(shown) for piece, mask in zip(raw.tokens, special, strict=True)]
    rows = list(zip(raw.ids, raw.tokens, labels, spans, special, strict=True))
    front = beginning(tokenizer) if causal and bos and not special[0] else None
    if front is not None:
        piece = tokenizer.convert_ids_to_tokens(front)
        rows.insert(0, (front, piece, piece, (0, 0), True))
    columns = dict(zip(("ids", "pieces", "labels", "spans", "special"), zip(*rows, strict=True), strict=True))
    return Encoding(text=text, **columns, added=None if front is None else piece, given=tuple(places))
