"""Which tokens are special wherever they stand, and which stand for what the tokenizer does not know (METRICS §0)."""

from __future__ import annotations

from weakref import WeakKeyDictionary

_known: WeakKeyDictionary[object, frozenset[int]] = WeakKeyDictionary()


def special_ids(tokenizer) -> frozenset[int]:
    """The ids of all special tokens: those with a role, and the added tokens that say so of themselves."""
    if tokenizer not in _known:
        added = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
        _known[tokenizer] = frozenset(number for number in tokenizer.all_special_ids if number is not None) | added
    return _known[tokenizer]


def is_typed(tokenizer, number: int, spelled: str) -> bool:
    """Whether a token that the tokenizer found in a text is a special one. The unknown token stands for what it does
    not know, unless the text spells it itself."""
    if number not in special_ids(tokenizer):
        return False
    return number != tokenizer.unk_token_id or spelled == tokenizer.unk_token


def is_unknown(tokenizer, number: int, spelled: str) -> bool:
    """Whether a token says that the tokenizer did not know these characters."""
    return number == tokenizer.unk_token_id and spelled != tokenizer.unk_token
