"""A model whose attention can be read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from dashboard.capture import tap
from dashboard.capture.probe import NOT_COMMON, Unfit, probe_eager, probe_tap
from dashboard.errors import UserError
from dashboard.models import Loaded, ModelSource, find, load
from dashboard.text import Encoding, ParsedSentence, encode, encode_sentence

Route = Literal["tap", "eager"]

# A model of route "eager" hands out all its maps at once: keep them under a gigabyte.
EAGER_BYTES = 2**30
# For models with no limit of their own in their configuration.
UNKNOWN_LIMIT = 2048


@dataclass(frozen=True, eq=False)
class AttentionModel:
    """A loaded model whose attention can be read, and all that a reader needs to know of it.

    Attributes
    ----------
    source, loaded: where it came from; the model and its tokenizer
    layers, heads: how many attention layers, and heads in each; both are counted from 0
    causal: True where a position sees only itself and what stands before it (found out, not believed)
    limit: how many tokens a text may have
    route: "tap" where weights are read block by block inside the model's attention (see `dashboard.capture.tap`);
        "eager" where the library must build all maps at once
    """

    source: ModelSource
    loaded: Loaded
    layers: int
    heads: int
    causal: bool
    limit: int
    route: Route

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def title(self) -> str:
        return self.source.title

    @property
    def revision(self) -> str:
        return self.source.revision

    @property
    def note(self) -> str | None:
        """What a person should know about how this model is read, None where there is nothing to say."""
        notes = list(self.loaded.notes)
        if self.route != "tap":
            notes.append(
                f"{self.title} computes its attention in a way of its own, so all its maps are built at once: slower, "
                f"and only for texts of up to {self.limit:,} tokens."
            )
        return " ".join(notes) or None

    def check_length(self, tokens: int) -> None:
        """Raises UserError for more tokens than the model takes."""
        if tokens > self.limit:
            raise UserError(
                f"The text has {tokens:,} tokens and {self.title} takes {self.limit:,}. Use a shorter text."
            )

    def encode(self, text: str, *, bos: bool = True, limit: int | None = None) -> Encoding:
        """The text as this model sees it, cut at `limit` or the model's own limit, whichever is lower.

        `bos=False` leaves out the beginning-of-sequence token that we put before a causal model's text where its
        tokenizer sets none (METRICS §0). Raises UserError for a text without any token.
        """
        limit = self.limit if limit is None else min(limit, self.limit)
        return encode(text, self.loaded.tokenizer, limit=limit, causal=self.causal, bos=bos)

    def encode_sentence(self, sentence: ParsedSentence, *, bos: bool = True) -> Encoding:
        """A parsed sentence as this model sees it, with the words of its parse, whole: it may be longer than `limit`.

        Raises UserError for a sentence without any token.
        """
        return encode_sentence(sentence, self.loaded.tokenizer, causal=self.causal, bos=bos)


def open_model(
    name: str | ModelSource,
    *,
    fetch_missing: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> AttentionModel:
    """Finds and loads a model and makes sure that its attention can be read.

    Parameters
    ----------
    name: a name in the catalogue ("minilm"), a folder, or a hub id ("owner/name"), or what `find` gave for one
    fetch_missing: fetch a model of the catalogue that is not on this machine yet
    progress: told how far fetching is: a fraction and a sentence

    The model is run on a few tokens, through the tap and by the library's eager attention. Where the two agree, the
    tap is used, else eager attention. Raises UserError where neither gives weights, and for all that `find` and
    `load` raise it for.
    """
    source = name if isinstance(name, ModelSource) else find(name, fetch_missing=fetch_missing, progress=progress)
    try:
        return _through_tap(source)
    except Unfit as unfit:
        reason = str(unfit)
    except UserError:  # a few architectures refuse to be loaded with any attention but their own
        reason = NOT_COMMON
    try:
        return _by_eager(source)
    except Unfit as unfit:
        reasons = " and ".join(dict.fromkeys([reason, str(unfit)]))
        raise UserError(f"The attention of {source.title} cannot be read: {reasons}. Choose another model.") from unfit


def _through_tap(source: ModelSource) -> AttentionModel:
    loaded = _load(source, tap.NAME)
    if not loaded.model._can_set_attn_implementation():
        raise Unfit(NOT_COMMON)
    if not loaded.model._supports_sdpa:
        loaded.model.set_attn_implementation(tap.NAME_ADDITIVE)
    shape = probe_tap(loaded.model)
    return AttentionModel(source, loaded, shape.layers, shape.heads, shape.causal, _limit(loaded), "tap")


def _by_eager(source: ModelSource) -> AttentionModel:
    loaded = _load(source, "eager")
    shape = probe_eager(loaded.model)
    limit = min(_limit(loaded), math.isqrt(EAGER_BYTES // (4 * shape.layers * shape.heads)))
    return AttentionModel(source, loaded, shape.layers, shape.heads, shape.causal, limit, "eager")


def _load(source: ModelSource, attention: str) -> Loaded:
    loaded = load(source, attn_implementation=attention)
    # A cache of keys and values is for writing on; here it would only hold memory.
    loaded.model.config.get_text_config().use_cache = False
    return loaded


def _limit(loaded: Loaded) -> int:
    """How many positions the model has, else how many tokens its tokenizer believes it may have."""
    limit = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    if not isinstance(limit, int) or limit <= 0:
        believed = loaded.tokenizer.model_max_length if loaded.tokenizer else UNKNOWN_LIMIT
        limit = int(believed) if believed < 10**6 else UNKNOWN_LIMIT
    for path, module in loaded.model.named_modules():
        # RoBERTa and its kin count positions from the padding index on, so the first few are never used.
        if isinstance(module, torch.nn.Embedding) and "position" in path and module.padding_idx is not None:
            limit = min(limit, module.num_embeddings - module.padding_idx - 1)
    return limit
