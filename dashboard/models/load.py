"""A found model → weights and tokenizer in memory, ready to run."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dashboard.errors import UserError
from dashboard.models.source import ModelSource

_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model in memory: the base model without a language-model head, and its fast tokenizer."""

    source: ModelSource
    model: Any  # transformers.PreTrainedModel
    tokenizer: Any  # transformers.PreTrainedTokenizerFast
    device: str


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
        model = _model(source, config, attn_implementation)
    _check_vocabulary(source, model, tokenizer)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Loaded(source, model.to(device).eval().requires_grad_(False), tokenizer, device)


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
        raise UserError(f"The config.json of “{source.name}” cannot be used: {_reason(error)}") from error
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
        raise UserError(f"The tokenizer of “{source.name}” cannot be opened: {_reason(error)}") from error
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
    from transformers import AutoModel

    try:
        model, report = AutoModel.from_pretrained(
            source.folder,
            config=config,
            dtype=torch.float32,
            attn_implementation=attn_implementation,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:
        raise UserError(f"“{source.name}” cannot be opened: {_reason(error)}") from error
    # A pooler comes after the last attention layer, and many checkpoints have none. Any other weight that
    # is missing would be filled with random numbers.
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler"))
    if missing:
        raise UserError(
            f"The weights of “{source.name}” do not fit its config.json: {len(missing)} are missing, "
            f"{missing[0]} first. Copy both from one place."
        )
    return model


def _check_vocabulary(source: ModelSource, model, tokenizer) -> None:
    rows = getattr(model.get_input_embeddings(), "num_embeddings", None)
    if rows is not None and tokenizer.vocab_size > rows:
        raise UserError(
            f"The tokenizer of “{source.name}” has {tokenizer.vocab_size} pieces, its weights know {rows}. "
            "Copy both from one place."
        )


def _reason(error: Exception) -> str:
    """The library's own first line, as one sentence of bearable length."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0].strip()
    line = line if len(line) <= 200 else f"{line[:200]}…"
    return line if line.endswith((".", "…", "!", "?")) else f"{line}."
