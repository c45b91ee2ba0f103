"""A tokenizer made from a SentencePiece model alone: held against SentencePiece itself, and mended where it differs.

transformers makes it by the rules that the published models of a kind follow. A model trained with other settings
then loses letters in silence (a Llama tokenizer without byte fallback drops every unknown one), keeps capitals that
the vocabulary does not have, or knows no token at all.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

from dashboard.errors import UserError

TEXTS = ("The heron waits.", "Hello, it is 3 o'clock!", "a, b; (c) …")


def spm_file(folder: Path) -> Path | None:
    """The SentencePiece model that is a folder's whole tokenizer, None where there is none."""
    if any((folder / other).exists() for other in ("tokenizer.json", "vocab.txt", "vocab.json", "tekken.json")):
        return None
    return next((path for path in sorted(folder.glob("*.model")) if path.is_file()), None)


def read_proto(file: Path, called: str):
    """What a SentencePiece model holds. Raises UserError where the file is none."""
    from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2

    try:
        kind = sentencepiece_model_pb2.ModelProto  # pyright: ignore[reportAttributeAccessIssue]  # made at run time
        proto = kind.FromString(file.read_bytes())
        SentencePieceProcessor(model_proto=proto.SerializeToString())
    except Exception as error:
        raise UserError(f"The {file.name} of “{called}” is damaged, or no SentencePiece model. Copy it.") from error
    return proto


def follow_model(tokenizer, file: Path, called: str) -> None:
    """Changes the tokenizer in place until it splits texts as the SentencePiece model does.

    Raises UserError where the file is none, or the tokenizer's own ids stand in the way.
    """
    from sentencepiece import SentencePieceProcessor
    from tokenizers import normalizers

    proto = read_proto(file, called)
    pieces = SentencePieceProcessor(model_proto=proto.SerializeToString())
    backend = tokenizer.backend_tokenizer
    charsmap = proto.normalizer_spec.precompiled_charsmap
    if charsmap and "Precompiled" not in str(backend.normalizer):
        before = [normalizers.Precompiled(charsmap)] + ([backend.normalizer] if backend.normalizer else [])
        backend.normalizer = normalizers.Sequence(before)
    words = _some_words(proto)
    if _agree(tokenizer, pieces, words):
        return
    _rebuild(tokenizer, proto)
    if not _agree(tokenizer, pieces, words):
        raise UserError(
            f"The tokenizer of “{called}” cannot be made from {file.name}: the result splits text otherwise than "
            "SentencePiece does. Put its tokenizer.json beside the weights."
        )


def _some_words(proto) -> list[str]:
    """Tokens of the model's own vocabulary, for languages that our texts are not in."""
    ordinary = [piece.piece.replace("▁", " ").strip() for piece in proto.pieces if piece.type == 1]
    return [word for word in ordinary[len(ordinary) // 3 :] if word][::17][:60]


def _agree(tokenizer, processor, words: list[str]) -> bool:
    """Whether both split all texts and nearly all words into the same tokens (signs that are rare may differ).

    Unknown tokens in a row count as one. Some kinds (ALBERT, XLNet) may read in small letters and without accents, as
    their settings say.
    """

    def same(text: str) -> bool:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        tokens = tokenizer.convert_ids_to_tokens(ids)
        ours = _fused(["?" if id == tokenizer.unk_token_id else t for id, t in zip(ids, tokens, strict=True)])
        bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        return any(ours == _theirs(processor, as_read) for as_read in (text, text.lower(), bare, bare.lower()))

    return all(map(same, TEXTS)) and sum(map(same, words)) >= 0.9 * len(words)


def _theirs(processor, text: str) -> list[str]:
    return _fused(["?" if processor.is_unknown(id) else processor.id_to_piece(id) for id in processor.encode(text)])


def _fused(tokens: list[str]) -> list[str]:
    return [token for k, token in enumerate(tokens) if token and not (token == "?" and k and tokens[k - 1] == "?")]


def from_proto(proto):
    """A tokenizer (of the library tokenizers) that follows a SentencePiece model's own settings; no special tokens."""
    from transformers.convert_slow_tokenizer import SpmConverter

    vocabulary = [(piece.piece, piece.score) for piece in proto.pieces]
    if proto.trainer_spec.model_type == 2:  # byte pair encoding
        vocabulary = {piece: k for k, (piece, _) in enumerate(vocabulary)}
    return SpmConverter.build_tokenizer_from_spm_proto(proto, vocabulary)


def _rebuild(tokenizer, proto) -> None:
    """Gives the tokenizer the model, normalizer and splitting that follow the SentencePiece model's own settings.

    Only where its ids are the model's own: a vocabulary in another order is left as it is.
    """
    ids, special = tokenizer.get_vocab(), set(tokenizer.all_special_tokens)
    ordinary = [(k, piece.piece) for k, piece in enumerate(proto.pieces) if piece.type == 1]
    own = sum(ids.get(piece) == k for k, piece in ordinary if piece not in special)
    if own < len(ordinary) - len(special):
        return
    made = from_proto(proto)
    backend = tokenizer.backend_tokenizer
    backend.model, backend.normalizer, backend.pre_tokenizer = made.model, made.normalizer, made.pre_tokenizer
    if tokenizer.unk_token is None or tokenizer.unk_token_id != proto.trainer_spec.unk_id:
        tokenizer.unk_token = proto.trainer_spec.unk_piece
