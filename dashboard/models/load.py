"""A found model → weights and tokenizer in memory, ready to run."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.errors import UserError
from dashboard.models.folder import weight_files
from dashboard.models.foreign import reason
from dashboard.models.leftover import left_over, own_code
from dashboard.models.source import ModelSource

ONLY_TEXT = "Two Heads reads text models with a tokenizer only. Choose another model."
# What the models of these main inputs read.
READS = {
    "pixel_values": "images", "pixel_values_videos": "videos", "input_values": "sound", "input_features": "sound",
    "past_values": "series of numbers", "inputs": "bytes", "bbox": "images",
}  # fmt: skip
NO_TABLE = {"canine": "characters, not tokens", "perceiver": "bytes, not tokens"}
BESIDE = {"vision_config": "images", "audio_config": "sound", "video_config": "videos"}

_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model in memory: the base model without a language-model head, and its fast tokenizer.

    Attributes
    ----------
    rows: how many tokens its weights know: ids from 0 to one less; None where that cannot be seen
    notes: sentences on what of its files is not read
    """

    source: ModelSource
    model: Any  # transformers.PreTrainedModel
    tokenizer: Any  # transformers.PreTrainedTokenizerFast
    device: str
    rows: int | None = None
    notes: tuple[str, ...] = ()


def load(source: ModelSource, *, attn_implementation: str = "sdpa") -> Loaded:
    """Loads a model as it is used here: safetensors only, no code of its own, float32, eval, no gradients.

    On the GPU where there is one, else on the CPU. `attn_implementation` is passed on to transformers.

    Raises UserError where the architecture is unknown to transformers or needs its own code, is an
    encoder–decoder, where weights and configuration do not fit together, or the tokenizer is not a fast
    one (only those say which characters a token stands for).
    """
    import torch

    with alone_and_quiet():
        config = _config(source)
        tokenizer = _tokenizer(source)
        model, report = _model(source, config, attn_implementation)
    rows = _known_tokens(source, model, tokenizer)
    notes = (*own_code(source), *left_over(source, model, report["unexpected_keys"]))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Loaded(source, model.to(device).eval().requires_grad_(False), tokenizer, device, rows, notes)


@contextmanager
def alone_and_quiet() -> Iterator[None]:
    """One load at a time, without progress bars and notices; afterwards the library talks as it did before.

    While it loads, transformers changes settings of the whole process (how weights are initialised, the
    default dtype), and so do we with its verbosity: two sessions must not do that at once.
    """
    from transformers.utils import logging

    with _lock:
        verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()


def _config(source: ModelSource):
    from transformers import AutoConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    raw = json.loads((source.folder / "config.json").read_text(encoding="utf-8"))
    kind = raw["model_type"]
    if kind not in CONFIG_MAPPING_NAMES:
        own_code = " It brings code of its own, and Two Heads runs none." if raw.get("auto_map") else ""
        raise UserError(
            f"“{source.name}” is of the architecture “{kind}”, which the installed transformers "
            f"does not know.{own_code} Choose another model."
        )
    try:
        config = AutoConfig.from_pretrained(source.folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # whatever a damaged configuration makes the library raise
        raise UserError(f"The config.json of “{source.name}” cannot be used: {reason(error)}") from error
    if config.is_encoder_decoder:
        raise UserError(
            f"“{source.name}” is an encoder–decoder, which cannot be shown yet. "
            "Choose a model that is an encoder or a decoder."
        )
    return config


def _tokenizer(source: ModelSource):
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            source.folder, trust_remote_code=False, local_files_only=True, use_fast=True
        )
    except Exception as error:
        raise UserError(f"The tokenizer of “{source.name}” cannot be opened: {reason(error)}") from error
    if not tokenizer.is_fast:
        raise UserError(
            f"The tokenizer of “{source.name}” is a slow one, which does not say which characters a token "
            "stands for. Put a tokenizer.json beside the weights."
        )
    # Some files fix a length (all-MiniLM-L6-v2: 128, padded). Cutting is ours to do, and to tell.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def _model(source: ModelSource, config, attn_implementation: str):
    import torch
    from transformers import MODEL_MAPPING, AutoModel
    from transformers.models.auto.auto_factory import _get_model_class

    kind, whole, weights = AutoModel, source.folder, None
    if (whole / "adapter_config.json").is_file():  # the library would put the adapter on, whatever its file can run
        weights = {name: one for file in weight_files(whole, source.name) for name, one in _read(file)}
        kind, whole = _get_model_class(config, MODEL_MAPPING), None
    try:
        model, report = kind.from_pretrained(
            whole,
            state_dict=weights,
            config=config,
            dtype=torch.float32,
            attn_implementation=attn_implementation,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:
        raise UserError(f"“{source.name}” cannot be opened: {reason(error)}") from error
    # A pooler comes after the last attention layer, and many checkpoints have none. Any other weight that
    # is missing would be filled with random numbers.
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler"))
    if missing:
        raise UserError(
            f"The weights of “{source.name}” do not fit its config.json: {len(missing)} are missing, "
            f"{missing[0]} first. Copy both from one place."
        )
    return model, report


def _beside(config) -> str:
    """What a model reads beside text, by the parts of its configuration; empty for a model of text alone."""
    others = [what for part, what in BESIDE.items() if getattr(config, part, None) is not None]
    return f"{' and '.join(others)} beside text" if others else ""


def _read(file: Path) -> Iterator[tuple[str, Any]]:
    from safetensors import safe_open

    with safe_open(file, framework="pt") as held:
        yield from ((name, held.get_tensor(name)) for name in held.keys())  # noqa: SIM118 - it is no dict


def _known_tokens(source: ModelSource, model, tokenizer) -> int | None:
    """How many tokens the weights know. Raises UserError where the model reads no tokens, and where a text may have
    tokens that they do not know: ids count, not `vocab_size`, which leaves out added tokens."""
    kind = model.config.model_type
    reads = READS.get(getattr(model, "main_input_name", "input_ids"))
    if reads:
        raise UserError(f"“{source.name}” ({kind}) reads {reads}. {ONLY_TEXT}")
    try:
        rows = getattr(model.get_input_embeddings(), "num_embeddings", None)
    except (AttributeError, NotImplementedError, KeyError) as error:
        reads = NO_TABLE.get(kind) or _beside(model.config) or "no tokens of a text, or not by one table of vectors"
        raise UserError(f"“{source.name}” ({kind}) reads {reads}. {ONLY_TEXT}") from error
    if rows is None:
        return None
    added = set(tokenizer.get_added_vocab().values())
    start = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    always = set(tokenizer.backend_tokenizer.encode("").ids) or {start}  # what every text gets: see METRICS §0
    every = tokenizer.get_vocab().values()
    if any(token >= rows for token in every if token not in added or token in always):
        raise UserError(
            f"“{source.name}” does not fit its tokenizer: its tokenizer has ids up to {max(every):,}, its weights know "
            f"{rows:,}. Copy both from one place, or mend it with model.resize_token_embeddings({max(every) + 1})."
        )
    return rows
