"""Does a configuration fit the weights next to it? Asked before the model is built.

transformers builds what config.json asks for, layer by layer, before it looks at the weights: a million layers would
take hours, and what is missing would be filled with random numbers until the memory is full.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from dashboard.errors import UserError
from dashboard.models.characters import reads_characters
from dashboard.models.foreign import reason, undrawn
from dashboard.models.lacking import character_reader, no_vocabulary
from dashboard.models.memory import check_fits

_LAYERS = re.compile(r"(^|_)(layers?|blocks|depth|hidden_groups|group_num)$")
SHARED = 100
"""So many layers may share their weights (ALBERT)."""
_COUNTS = re.compile(r"size|dim|^num_|^n_|hidden|position|length|seq_len|vocab|heads|inner|labels|ctx")
_TRAINING_COUNTS = re.compile(r"param|token|step|sample|example")
"""In the names of counts that tell how a model was trained, and build nothing."""
LARGEST_COUNT = 2**27
"""No count or size of a known configuration comes near it (vocabularies end at 2^20, positions at 10^7)."""
LARGEST_LABELS = 10**6
_POSITIONS = re.compile(r"position|ctx")
_COMPUTED = ("xlm", "flaubert", "roformer", "marian", "pegasus", "ctrl")
_SENSES = {"image": "images", "audio": "sound", "video": "films", "time": "series of numbers"}
_MAIN = {
    "pixel_values": "images",
    "pixel_values_videos": "films",
    "input_values": "sound",
    "input_features": "sound",
    "past_values": "series of numbers",
}
"""What a model reads first, by the name of its main input."""
_PARTS = {"vision_config": "images", "audio_config": "sound", "video_config": "films"}
_TWO_READERS = {"clvp": "sound"}
LARGEST_TABLE = 20_000
"""Positions in a table that these models compute, number by number, while they are built."""


def check_config(config: dict, tensors: int, called: str) -> None:
    """Raises UserError where a configuration asks for what weights of so many tensors cannot be.

    `config`: what stands in config.json, before transformers reads it: that alone may take all memory.
    """
    computed = config.get("model_type") in _COMPUTED or config.get("sinusoidal_pos_embds")
    for name, value in _numbers(config):
        most = LARGEST_COUNT if _COUNTS.search(name) and not _TRAINING_COUNTS.search(name) else math.inf
        if name == "num_labels":
            most = LARGEST_LABELS
        if _LAYERS.search(name):
            most = max(tensors, SHARED)
        if computed and _POSITIONS.search(name):
            most = LARGEST_TABLE
        if isinstance(value, float) and math.isfinite(value) and not _LAYERS.search(name):
            continue  # a share, a rate, what a mask adds
        if not abs(value) <= most:  # what is no number (NaN) is refused too
            written = f"{value:,}" if abs(value) < 10**15 or value != value else f"larger than {10**15:,}"
            raise _misfit(called, f"{name[:40]} is {written}, and the weights are {tensors:,} tensors")


def class_of(mapping: Any, config: Any) -> Any:
    """The class that one of transformers' mappings has for a configuration, the first where it has several."""
    found = mapping[type(config)]
    return found if isinstance(found, type) else found[0]


def class_held(mapping: Any, config: Any, names: Iterable[str]) -> Any:
    """As `class_of`; of several classes the first of whose parts there are weights of these names (a Funnel with its
    decoder, or without)."""
    import torch

    found = mapping[type(config)]
    held = {part for name in names for part in name.split(".")}
    for kind in found if isinstance(found, tuple) else ():
        with torch.device("meta"), undrawn():
            parts = {name.partition(".")[0] for name, _ in kind(copy.deepcopy(config)).named_parameters()}
        if parts <= held:
            return kind
    return class_of(mapping, config)


def check_reads_text(config, called: str) -> None:
    """Raises UserError for a model that reads no tokens of a text, or a text only together with pictures or sound."""
    from transformers import MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING, MODEL_MAPPING

    kind = config.model_type
    if what := character_reader(kind):
        raise UserError(no_vocabulary(called, what))
    if type(config) not in MODEL_MAPPING:
        return
    model = class_of(MODEL_MAPPING, config)
    begin = f"“{called}” is a model of the type “{kind}”,"
    try:
        modalities, main = model.input_modalities, model.main_input_name
    except ImportError as missing:
        raise UserError(f"{begin} and transformers cannot build it here: {reason(missing)}") from missing
    reads = [_SENSES.get(sense, sense) for sense in ((modalities,) if isinstance(modalities, str) else modalities)]
    first = [_MAIN[name] for name in ((main,) if isinstance(main, str) else main) if name in _MAIN]
    beside = [sense for sense in reads if sense != "text"]
    others = [sense for sense in first if sense in beside] or beside or first or [_TWO_READERS.get(kind, "")]
    if type(config) in MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING or kind in _TWO_READERS:
        raise UserError(
            f"{begin} which holds a text against {others[0]}: it reads both at once. Two Heads reads text alone: "
            "choose a text model."
        )
    if "text" not in reads or first:
        alone = " alone" if "text" in reads and len(reads) > 1 else ""
        raise UserError(f"{begin} which reads {' and '.join(others)}, not text{alone}. Choose a text model.")


def no_token_table(config, called: str) -> str:
    """The sentence for a model that passes `check_reads_text` and has no table of its tokens' vectors."""
    beside = [sense for part, sense in _PARTS.items() if getattr(config, part, None) is not None]
    reads = f"{' and '.join(beside)} beside text" if beside else "no tokens of a text, or not by one table of vectors"
    return f"“{called}” ({config.model_type}) reads {reads}. Two Heads reads text alone. Choose a text model."


def known_tokens(model, tokenizer, called: str) -> int | None:
    """How many tokens the weights know. Raises UserError where the model reads no tokens, and where a text may have
    tokens that they do not know: ids count, not `vocab_size`, which leaves out added tokens."""
    if reads_characters(tokenizer):  # every code point has vectors, by its hashes
        return None
    try:
        rows = getattr(model.get_input_embeddings(), "num_embeddings", None)
    except (AttributeError, NotImplementedError, KeyError) as error:
        raise UserError(no_token_table(model.config, called)) from error
    if rows is None:
        return None
    added = set(tokenizer.get_added_vocab().values())
    start = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    always = set(tokenizer.backend_tokenizer.encode("").ids) or {start}  # what every text gets: see METRICS §0
    every = tokenizer.get_vocab().values()
    if any(token >= rows for token in every if token not in added or token in always):
        raise UserError(
            f"“{called}” does not fit its tokenizer: its tokenizer has ids up to {max(every):,}, its weights know "
            f"{rows:,}. Copy both from one place, or mend it with model.resize_token_embeddings({max(every) + 1})."
        )
    return rows


def _numbers(node: object, name: str = "", depth: int = 0) -> Iterator[tuple[str, int | float]]:
    """Every number of a configuration, with its name."""
    if isinstance(node, (int, float)) and not isinstance(node, bool):
        yield name, node
    elif isinstance(node, (dict, list)) and depth < 50:
        for key, value in node.items() if isinstance(node, dict) else ((name, value) for value in node):
            yield from _numbers(value, str(key), depth + 1)


def check_parameters(kind: type, config, numbers: int, called: str) -> dict[str, int] | None:
    """Builds the model without memory and holds its size against the weights': its parameters with how many numbers
    each has, or None where it cannot be built so.

    Raises UserError where it has more than twice the numbers of the files, and where it does not fit into memory.
    """
    import torch

    try:
        with torch.device("meta"), undrawn():
            model = kind(copy.deepcopy(config)) if hasattr(kind, "base_model_prefix") else kind.from_config(config)
    except Exception:  # loading says what is wrong
        return None
    parameters = {name: one.numel() for name, one in model.named_parameters()}
    expected = sum(parameters.values())
    if expected > 2 * numbers + 10_000_000:
        raise _misfit(called, f"it asks for {expected:,} numbers, and the weights hold {numbers:,}")
    buffers = sum(b.numel() * b.element_size() for b in model.buffers())
    check_fits(expected + buffers // 4, max(parameters.values(), default=0), called)
    return parameters


def _misfit(called: str, what: str) -> UserError:
    return UserError(f"The config.json of “{called}” does not fit its weights: {what}. Copy both from one place.")
