"""A found model → weights and tokenizer in memory, ready to run."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from dashboard.errors import UserError
from dashboard.models import bfloat16
from dashboard.models.bounded import held, hold
from dashboard.models.checkpoint_folder import weight_files
from dashboard.models.files import read_json
from dashboard.models.fits import check_config, check_parameters, check_reads_text, class_held, class_of, known_tokens
from dashboard.models.foreign import reason, undrawn
from dashboard.models.leftover import left_over, own_code
from dashboard.models.memory import Dtype, check_fits
from dashboard.models.resolve import ModelSource
from dashboard.models.text_tower import Tower, text_tower
from dashboard.models.tokenizer import open_tokenizer
from dashboard.models.waiting import holding, pause
from dashboard.models.weights import headers, numbers, prefix_of, renaming

_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model in memory: the base model without a language-model head, and its fast tokenizer.

    Of an encoder–decoder that is one with both stacks, unless the files hold the encoder alone.

    Attributes
    ----------
    rows: how many tokens its weights know: ids from 0 to one less; None where that cannot be seen
    prefix: what a wrapper has put before the names of all weights in the files (``module.``), or nothing
    notes: sentences about how it was made ready and what of its files is not read, for a person
    dtype: how its weights are held in memory, see `dashboard.models.bfloat16`
    """

    source: ModelSource
    model: Any  # transformers.PreTrainedModel
    tokenizer: Any  # transformers.PreTrainedTokenizerFast, or one of characters
    device: str
    rows: int | None = None
    prefix: str = ""
    notes: tuple[str, ...] = ()
    dtype: Dtype = "float32"

    @property
    def two_stacks(self) -> bool:
        """Whether it is an encoder–decoder, whole."""
        return bool(self.model.config.is_encoder_decoder) and not type(self.model).__name__.endswith("EncoderModel")

    @property
    def key_mapping(self) -> dict[str, str] | None:
        """For from_pretrained: how the names in the files become the model's."""
        return renaming(self.prefix)


def load(source: ModelSource, *, attn_implementation: str = "sdpa") -> Loaded:
    """Loads a model as it is used here: safetensors only, no code of its own, float32, eval, no gradients.

    Where 32-bit floats do not fit into memory and bfloat16 does, the weights are held as bfloat16. The title then says
    so, and with it every figure; so does the revision, unless they are stored as bfloat16 and nothing is lost.

    On the GPU where there is one, else on the CPU. `attn_implementation` is passed on to transformers.

    Raises UserError where the architecture is unknown to transformers or needs its own code, where weights and
    configuration do not fit together, or the tokenizer is not a fast one (only those say which characters a token
    stands for).
    """
    import torch

    with held(source.folder), alone_and_quiet():
        config, tower = _config(source)
        kind, prefix, dtype = _fitting(source, config, tower)
        if dtype == "bfloat16":
            source = _as_bfloat16(source)
        notes = [*source.notes, *([tower.note] if tower else _notes_of("" if source.trained else prefix, kind))]
        tokenizer = open_tokenizer(source.folder, source.name, notes)
        if source.trained is None:
            model, report = _model(source, config, attn_implementation, kind, prefix, dtype)
        else:
            model, report = _drawn(source, config, attn_implementation, kind, dtype), {"unexpected_keys": ()}
        hold(source.folder, model)
    rows = known_tokens(model, tokenizer, source.name)
    unexpected = report["unexpected_keys"]
    if tower:  # what belongs to the other tower has kept its name
        unexpected = set(unexpected) - set(headers(weight_files(source.folder, source.name), source.name))
    notes += own_code(source)
    if source.trained is None:
        notes += left_over(source, model, unexpected)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device).eval().requires_grad_(False)
    return Loaded(source, model, tokenizer, device, rows, prefix, tuple(notes), dtype)


def _as_bfloat16(source: ModelSource) -> ModelSource:
    """The source of a model that is held as bfloat16: its title and its notes say so, and where that rounds its
    weights, its revision."""
    kinds = {kind for kind, _ in headers(weight_files(source.folder, source.name), source.name).values()}
    lossless = source.trained is None and bfloat16.is_lossless(kinds)
    return replace(
        source,
        title=f"{source.title} (bfloat16)",
        revision=source.revision + ("" if lossless else bfloat16.SUFFIX),
        notes=(*source.notes, bfloat16.note(lossless)),
    )


@contextmanager
def alone_and_quiet() -> Iterator[None]:
    """One load at a time, without progress bars and notices; afterwards the library talks as it did before.

    While it loads, transformers changes settings of the whole process (how weights are initialised, the
    default dtype), and so do we with its verbosity: two sessions must not do that at once.
    """
    from transformers.utils import logging

    with holding(_lock):
        verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        hook = logging.set_tqdm_hook(_pausing)
        try:
            yield
        finally:
            logging.set_tqdm_hook(hook)
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()


def _pausing(bar: Callable[..., Any], args: tuple, options: dict) -> Any:
    """Stands where the library shows how far it has come: between any two tensors a load may be given up."""

    def each(items: Iterable) -> Iterator:
        for one in items:
            pause()
            yield one

    progress_bar = bar(*args, **options)
    return each(progress_bar) if args or "iterable" in options else progress_bar


def _config(source: ModelSource) -> tuple[Any, Tower | None]:
    """The configuration of what is read, and the text tower that this is, if it is one."""
    from transformers import CONFIG_MAPPING, MODEL_MAPPING, AutoConfig

    raw = read_json(source.folder / "config.json", source.name)
    kind = raw["model_type"][:40]
    check_config(raw, len(headers(weight_files(source.folder, source.name), source.name)), source.name)
    if kind not in CONFIG_MAPPING:
        own_code = " It brings code of its own, and Two Heads runs none." if raw.get("auto_map") else ""
        raise UserError(
            f"“{source.name}” is of the architecture “{kind}”, which the installed transformers "
            f"does not know.{own_code} Choose another model."
        )
    try:
        config = AutoConfig.from_pretrained(source.folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # whatever a damaged configuration makes the library raise
        raise UserError(f"The config.json of “{source.name}” cannot be used: {reason(error)} Copy it again.") from error
    if tower := text_tower(config):
        return tower.config, tower
    check_reads_text(config, source.name)
    if type(config) not in MODEL_MAPPING and not config.is_encoder_decoder:
        raise _no_base_model(source, kind)
    return config, None


def _is_encoder(source: ModelSource, config) -> bool:
    """Whether the files hold the encoder of an encoder–decoder alone, as for T5EncoderModel."""
    from transformers import MODEL_FOR_TEXT_ENCODING_MAPPING, MODEL_MAPPING

    if type(config) not in MODEL_FOR_TEXT_ENCODING_MAPPING:
        return False
    encoder = class_of(MODEL_FOR_TEXT_ENCODING_MAPPING, config)
    if type(config) in MODEL_MAPPING and encoder is MODEL_MAPPING[type(config)]:
        return False
    names = headers(weight_files(source.folder, source.name), source.name)
    if any(part in ("decoder", "lm_head") for name in names for part in name.split(".")):
        return False
    return encoder.__name__ in (config.architectures or ()) or any("encoder.block.0." in name for name in names)


def _fitting(source: ModelSource, config, tower: Tower | None) -> tuple[type, str, Dtype]:
    """The class of the base model, the prefix that its weights' names have in the files, and how they are held.

    Raises UserError where the configuration asks for far more than the weights hold, or than memory has room for.
    """
    from transformers import (
        MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
        MODEL_FOR_TEXT_ENCODING_MAPPING,
        MODEL_MAPPING,
        AutoModel,
    )

    tensors = headers(weight_files(source.folder, source.name), source.name)
    kind: Any = AutoModel
    if tower:
        kind = tower.kind
    elif _is_encoder(source, config):
        kind = class_of(MODEL_FOR_TEXT_ENCODING_MAPPING, config)
    elif type(config) in MODEL_MAPPING:
        kind = class_held(MODEL_MAPPING, config, tensors)
    elif type(config) in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING:  # two models side by side
        kind = class_of(MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING, config)
    wanted = check_parameters(kind, config, numbers(tensors), source.name)
    sizes = list((wanted or {name: math.prod(shape) for name, (_, shape) in tensors.items()}).values())
    dtype = check_fits(sum(sizes), max(sizes, default=0), source.name)
    names = None if wanted is None else set(wanted)
    return kind, prefix_of(tensors, names, "" if tower else getattr(kind, "base_model_prefix", "")), dtype


def _notes_of(prefix: str, kind: type) -> list[str]:
    notes = []
    if kind.__name__.endswith("EncoderModel"):
        notes.append("The files hold the encoder of an encoder–decoder, and that is what is shown.")
    if prefix:
        notes.append(f"The names of its weights begin with “{prefix}”, which was taken off.")
    return notes


@undrawn()
def _model(source: ModelSource, config, attn_implementation: str, kind: type, prefix: str, dtype: Dtype):
    import torch

    try:
        model, report = kind.from_pretrained(
            source.folder,
            config=config,
            dtype=getattr(torch, dtype),
            attn_implementation=attn_implementation,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
            key_mapping=renaming(prefix),
            ignore_mismatched_sizes=True,  # they are refused below, with a sentence
        )
    except Exception as error:
        if "Unrecognized configuration class" in str(error):  # of a part of it
            raise _no_base_model(source, config.model_type) from error
        raise UserError(f"“{source.name}” cannot be opened: {reason(error)} Choose another model.") from error
    for name, stored, expected in sorted(report["mismatched_keys"], key=str):
        raise UserError(
            f"The weights of “{source.name}” do not fit its config.json: {name} is {_shape(stored)}, and the "
            f"configuration asks for {_shape(expected)}. Copy both from one place."
        )
    # A pooler comes after the last attention layer, and many checkpoints have none. Any other weight that
    # is missing would be filled with random numbers.
    computed = _computed(kind)
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler") and not computed(key))
    if missing:
        raise UserError(
            f"The weights of “{source.name}” do not fit its config.json: {len(missing)} are missing, "
            f"{missing[0]} first. Copy both from one place."
        )
    if dtype == "bfloat16":
        bfloat16.widen(model)
    return model, report


def _drawn(source: ModelSource, config, attn_implementation: str, kind: type, dtype: Dtype):
    """The model with the weights that the library's initialiser draws."""
    from dashboard.models.twin.draw import draw

    try:
        model = draw(kind, config, dtype=dtype, attn_implementation=attn_implementation)
    except Exception as error:
        raise UserError(f"“{source.name}” cannot be drawn: {reason(error)} Choose another model.") from error
    if dtype == "bfloat16":
        bfloat16.widen(model)
    return model


def _computed(kind: type) -> Callable[[str], bool]:
    """Whether a weight of that class of models is computed and not stored (Marian's table of positions)."""
    patterns = getattr(kind, "_keys_to_ignore_on_load_missing", None) or ()
    prefix = getattr(kind, "base_model_prefix", "")
    return lambda key: any(re.search(pattern, name) for pattern in patterns for name in (key, f"{prefix}.{key}"))


def _no_base_model(source: ModelSource, kind: str) -> UserError:
    return UserError(
        f"“{source.name}” is of the type “{kind}”, for which the installed transformers has no base model that reads "
        "text: it is a part of another model, or works on something else. Choose a text model."
    )


def _shape(size) -> str:
    return " × ".join(str(number) for number in size)
