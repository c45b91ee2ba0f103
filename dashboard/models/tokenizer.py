"""The tokenizer of a model: a fast one, or one of characters, which says which characters a token stands for."""

from __future__ import annotations

from pathlib import Path

from dashboard.errors import UserError
from dashboard.models.characters import CharacterBackend, byte_backend
from dashboard.models.files import LARGEST_TEXT, read_json
from dashboard.models.foreign import reason
from dashboard.models.lacking import character_reader, no_vocabulary
from dashboard.models.spm import TEXTS, follow_model, from_proto, read_proto, spm_file

_JSON = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json")
_TWO_LINES = (
    "Choose another model, or put a tokenizer.json beside the weights. Where transformers has a fast version of it, "
    "two lines write one: “from transformers import AutoTokenizer” and "
    "“AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)”."
)


def open_tokenizer(folder: Path, called: str, notes: list[str]):
    """The fast tokenizer of a folder, or one of characters (CANINE), which neither cuts nor pads.

    A slow one is converted where the library can do that; a SentencePiece model without a tokenizer.json is held
    against SentencePiece itself. What a person should know of it is added to `notes`.

    Raises UserError where there is none that says which characters a token stands for.
    """
    from transformers import AutoTokenizer

    _check_json(folder, called)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True, use_fast=True)
    except BaseException as error:  # a damaged file makes the Rust library panic, which is no Exception
        raise _explained(
            error, f"The tokenizer of “{called}” cannot be opened: {reason(error)} Copy its files again."
        ) from error
    kind = type(tokenizer).__name__
    if kind == "CanineTokenizer":
        notes.append("It reads characters: each is a token of its own.")
        tokenizer.backend_tokenizer = CharacterBackend(tokenizer)
        return tokenizer
    if not tokenizer.is_fast:
        converted = f"Its tokenizer ({kind}) is a slow one, converted here to a fast one."
        notes.append("It reads bytes: each is a token of its own." if kind == "ByT5Tokenizer" else converted)
        tokenizer = _converted(tokenizer, folder, called)
    if model := spm_file(folder):
        follow_model(tokenizer, model, called)
    # Some files fix a length (all-MiniLM-L6-v2: 128, padded). Cutting is ours to do, and to tell.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    _check_ordinary(tokenizer, called)
    return tokenizer


def _check_json(folder: Path, called: str) -> None:
    for name in _JSON:
        if (folder / name).exists():
            try:
                read_json(folder / name, called, largest=LARGEST_TEXT)
            except UserError as wrong:
                raise UserError(f"The tokenizer of “{called}” cannot be opened: {wrong}") from None


def _check_ordinary(tokenizer, called: str) -> None:
    """Raises UserError for a tokenizer that knows nothing but special tokens."""
    special = {str(token) for token in tokenizer.all_special_tokens}
    special |= {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    if not any(token not in special for token in tokenizer.get_vocab()):
        raise UserError(
            f"The tokenizer of “{called}” has no ordinary tokens, only special ones ({len(special)}). "
            "Copy its files again."
        )


def _converted(slow, folder: Path, called: str):
    """A slow tokenizer as a fast one, if it splits texts the same way."""
    from transformers.convert_slow_tokenizer import SLOW_TO_FAST_CONVERTERS, convert_slow_tokenizer

    kind, model = type(slow).__name__, spm_file(folder)
    if what := character_reader(kind):
        raise UserError(no_vocabulary(called, what))
    begin = f"The tokenizer of “{called}” is a slow one ({kind}): it does not say which characters a token stands for"
    try:
        if kind == "ByT5Tokenizer":
            fast = _wrapped(_with_special(byte_backend(slow), slow), slow)
        elif kind in SLOW_TO_FAST_CONVERTERS:
            fast = _wrapped(convert_slow_tokenizer(slow), slow)
        elif model:
            fast = _wrapped(_with_special(from_proto(read_proto(model, called)), slow), slow)
        else:
            raise UserError(f"{begin}, and the installed transformers has no conversion for it. {_TWO_LINES}")
        same = all(fast.encode(text) == slow.encode(text) for text in TEXTS)
    except UserError:
        raise
    except BaseException as error:
        raise _explained(error, f"{begin}, and it cannot be converted here: {reason(error)} {_TWO_LINES}") from error
    if not same:
        raise UserError(f"{begin}, and its conversion to a fast one splits text differently. {_TWO_LINES}")
    return fast


def _wrapped(backend, slow):
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=slow.model_max_length,
        model_input_names=slow.model_input_names,
        **slow.special_tokens_map,
    )


def _with_special(backend, slow):
    """The special tokens that the slow tokenizer puts round a text."""
    from tokenizers.processors import TemplateProcessing

    mark = -1  # stands for the text
    ids = slow.build_inputs_with_special_tokens([mark])
    names = ["$A" if id == mark else slow.convert_ids_to_tokens(id) for id in ids]
    special = [(name, id) for name, id in zip(names, ids, strict=True) if id != mark]
    if special:
        backend.post_processor = TemplateProcessing(single=names, special_tokens=list(dict(special).items()))
    return backend


def _explained(error: BaseException, sentence: str) -> BaseException:
    panics = type(error).__module__ == "pyo3_runtime"  # of the Rust library
    return UserError(sentence) if isinstance(error, Exception) or panics else error
