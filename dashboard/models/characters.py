"""Tokenizers without a file of a vocabulary: every character is a token, and its code point is the token's id (CANINE);
or every byte of the text in UTF-8 (ByT5).

transformers' CanineTokenizer and ByT5Tokenizer are slow ones: they say neither which characters a token stands for nor
which words. Here they get what a fast one has, a backend that does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NAMED = {"CanineTokenizer", "canine", "ByT5Tokenizer"}
"""Classes of such tokenizers, and types of models that have one."""


@dataclass(frozen=True)
class CharacterEncoding:
    """A text, words or a pair as tokens (n): what `tokenizers.Encoding` holds, of the same names."""

    ids: list[int]
    tokens: list[str]
    offsets: list[tuple[int, int]]
    special_tokens_mask: list[int]
    type_ids: list[int]
    word_ids: list[int | None]
    sequence_ids: list[int | None]


class CharacterBackend:
    """Stands where a fast tokenizer has its backend. It neither cuts nor pads, and has no vocabulary.

    slow: transformers' CanineTokenizer, which puts the special tokens
    """

    truncation = padding = decoder = model = None

    def __init__(self, slow: Any):
        from transformers.models.canine.tokenization_canine import SPECIAL_CODEPOINTS

        self._slow, self._names = slow, SPECIAL_CODEPOINTS

    def num_special_tokens_to_add(self, pair: bool) -> int:
        return self._slow.num_special_tokens_to_add(pair)

    def encode(
        self, text: str | Sequence[str], pair: str | None = None, is_pretokenized: bool = False
    ) -> CharacterEncoding:
        """The characters of a text, of its words, or of a pair, with their special tokens."""
        texts = [[text] if isinstance(text, str) else list(text), *([] if pair is None else [[pair]])]
        places = [
            (character, at, word, sequence)
            for sequence, words in enumerate(texts)
            for word, written in enumerate(words)
            for at, character in enumerate(written)
        ]
        ids = [[ord(character) for word in words for character in word] for words in texts]
        mask = self._slow.get_special_tokens_mask(*ids)
        rows, left = [], iter(places)
        for number, special in zip(self._slow.build_inputs_with_special_tokens(*ids), mask, strict=True):
            if special:
                rows.append((number, self._names.get(number, chr(number)), (0, 0), 1, None, None))
            else:
                character, at, word, sequence = next(left)
                rows.append((number, character, (at, at + 1), 0, word, sequence))
        numbers, tokens, offsets, mask, word_ids, sequence_ids = (list(one) for one in zip(*rows, strict=True))
        types = self._slow.create_token_type_ids_from_sequences(*ids)
        return CharacterEncoding(numbers, tokens, offsets, mask, types, word_ids, sequence_ids)


def reads_characters(tokenizer: Any) -> bool:
    """Whether a token of it is a character, and there is no vocabulary."""
    return isinstance(getattr(tokenizer, "backend_tokenizer", None), CharacterBackend)


def byte_backend(slow: Any) -> Any:
    """ByT5's tokenizer as one of the tokenizers library: its bytes are the vocabulary, and none are merged.

    slow: transformers' ByT5Tokenizer, in whose ids the special tokens come first
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    added = slow.added_tokens_decoder
    vocabulary = {name: byte + slow.offset for byte, name in bytes_to_unicode().items()}
    vocabulary |= {token.content: number for number, token in added.items()}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([added[number] for number in sorted(added)])
    return backend
