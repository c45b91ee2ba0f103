"""How many tokens a model takes: by its configuration, by its tables of positions, else by its tokenizer."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# For models with no limit of their own in their configuration.
UNKNOWN_LIMIT = 2048
# A model of route "eager" hands out all its maps at once: keep them under a gigabyte.
EAGER_BYTES = 2**30
_NAMES = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "max_sequence_length",
    "max_seq_length",
    "seq_length",
    "seq_len",
    "n_ctx",
    "context_length",
    "max_target_positions",
    "max_text_positions",
    "position_embedding_size",
)
_TABLE = re.compile(r"(^|\.)(wpe|[a-z_]*position[a-z_]*|pos_emb[a-z]*)$")
_NO_PLACE_IN_TEXT = re.compile(r"relative|bias|box|(^|\.)[xyhw]_|rotary|rope|image|vision|patch")


def positions(model: PreTrainedModel) -> int | None:
    """How many positions a model has; None where neither its configuration nor a table says."""
    config = model.config.get_text_config()
    values = [getattr(config, name, None) for name in _NAMES]
    found = [number for number in values if isinstance(number, int) and not isinstance(number, bool) and number > 0][:1]
    return min([*found, *_tables(model)], default=None)


def limit_of(model: PreTrainedModel, tokenizer: Any) -> int:
    """How many tokens a text may have."""
    found = positions(model)
    if found is None:
        believed = tokenizer.model_max_length if tokenizer else UNKNOWN_LIMIT
        found = int(believed) if 0 < believed < 10**6 else UNKNOWN_LIMIT
    return min(found, _by_full_attention(model.config) or found)


def _by_full_attention(config: Any) -> int | None:
    """Up to how many tokens BigBird reads by full attention. A first short text changes it over to that for good, and a
    longer one would be read otherwise than by a fresh model."""
    if getattr(config, "attention_type", None) != "block_sparse":
        return None
    return (5 + 2 * config.num_random_blocks) * config.block_size


def at_once(layers: int, heads: int) -> int:
    """How many tokens a text may have where the maps of so many heads are built at once."""
    return math.isqrt(EAGER_BYTES // (4 * layers * heads))


def _tables(model: PreTrainedModel) -> list[int]:
    """The rows of each table of positions that a text can use."""
    found = []
    for path, module in model.named_modules():
        if isinstance(module, torch.nn.Embedding) and _TABLE.search(path) and not _NO_PLACE_IN_TEXT.search(path):
            # OPT and BART's kin count from 2 on, RoBERTa's from the padding index on: the first few are never used.
            before = getattr(module, "offset", 0) if module.padding_idx is None else module.padding_idx + 1
            found.append(module.num_embeddings - before)
    return [rows for rows in found if rows > 0]
