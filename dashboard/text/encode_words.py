"""Words that are given, a treebank's or a parse's, and a tokenizer → an `Encoding` (METRICS §0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard.errors import UserError
from dashboard.text.display import spelling_of, token_labels
from dashboard.text.encode import COLUMNS, encode, front_of, row_of, tokenize
from dashboard.text.encoding import Encoding
from dashboard.text.sentence import ParsedSentence
from dashboard.text.words import Word, without_surrogates


def encode_sentence(
    sentence: ParsedSentence, tokenizer, *, causal: bool, bos: bool = True, as_words: bool = False
) -> Encoding:
    """A parsed sentence as a model sees it, whole, with the words of its parse.

    Its text goes to the tokenizer as it was written (METRICS §0). With `as_words`, or where the sentence has no text,
    its words go there one by one (`encode_words`). Raises UserError as `encode` and `encode_words` do.
    """
    if as_words or not sentence.spans:
        return encode_words(sentence.words, tokenizer, causal=causal, bos=bos)
    words = tuple(Word(word, *span) for word, span in zip(sentence.words, sentence.spans, strict=True))
    return replace(encode(sentence.text, tokenizer, limit=None, causal=causal, bos=bos), given=words)


def encode_words(words: Sequence[str], tokenizer, *, causal: bool, bos: bool = True) -> Encoding:
    """Pre-split words as a model sees them; the text of the encoding is the words with a space between them.

    The tokenizer is given the words one by one, as by ``is_split_into_words=True``. A byte-level BPE writes the space
    in front of a word into its first token, and in characters it is a token, so there every word, the first too, gets
    one, as in running text. A token that is nothing but that space touches no word. Words without a token are in
    `Encoding.lost_words`.

    Parameters
    ----------
    causal, bos: put a beginning-of-sequence token in front, as `encode` does

    Raises UserError where there is no word, or none that gives a token.
    """
    words = [without_surrogates(word) for word in words]
    spelling = spelling_of(tokenizer)
    added_space = 1 if spelling in ("bytes", "characters") else 0
    raw = tokenize([" " * added_space + word for word in words], tokenizer) if words else None
    if raw is None or all(raw.special_tokens_mask):
        raise UserError("This model's tokenizer finds nothing to read in the words. Give some that it knows.")

    text, places, at = " ".join(words), [], 0
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
    own = [i for i, mask in enumerate(raw.special_tokens_mask) if not mask]
    own_labels = token_labels(text, [raw.tokens[i] for i in own], [spans[i] for i in own], spelling)
    labels = dict(zip(own, own_labels, strict=True))
    rows = [
        row_of(tokenizer, text, raw.ids[i], raw.tokens[i], labels[i], spans[i])
        if i in labels
        else (raw.ids[i], raw.tokens[i], raw.tokens[i], spans[i], True, False)
        for i in range(len(raw.ids))
    ]
    front = front_of(tokenizer, raw.ids, raw.special_tokens_mask) if causal and bos else None
    if front is not None:
        token = tokenizer.convert_ids_to_tokens(front)
        rows.insert(0, (front, token, token, (0, 0), True, False))
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    return Encoding(text=text, **columns, added=None if front is None else token, given=tuple(places))
