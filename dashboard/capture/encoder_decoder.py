"""An encoder–decoder model, opened as its three parts: the encoder, the decoder, and the decoder's cross attention.

Each part is an `AttentionModel`, so whatever reads a model reads a part. The encoder reads the source. The decoder
reads the target, with what the encoder made of a source beside it; cross attention is the same pass, looked at where
the target's tokens look at the source's.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import torch

from dashboard.capture import tap
from dashboard.capture.attention_call import Call, Heads
from dashboard.capture.limits import at_once, limit_of
from dashboard.capture.maps import handed_out
from dashboard.capture.model import HEADS_OF, AttentionModel, Route
from dashboard.capture.probe import (
    NOT_COMMON,
    TOKENS,
    Maps,
    Unfit,
    compare,
    depends_on,
    not_run,
    probe_ids,
    shape_of,
    shares,
)
from dashboard.capture.visit import batch_inputs
from dashboard.errors import UserError
from dashboard.heads.head_id import Part
from dashboard.models import Loaded
from dashboard.models.foreign import foreign
from dashboard.models.lm_head import bare
from dashboard.text.encoding import Encoding
from dashboard.text.target import LAST

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TARGET_TOKENS = 17  # of the probe: fewer than the source has, so that the parts' maps can be told apart


@dataclass(frozen=True, eq=False)
class Given:
    """What a decoder reads beside its own text: the source, and what the encoder made of it (1, n, D)."""

    source: Encoding
    vectors: torch.Tensor


@dataclass(frozen=True, eq=False)
class EncoderDecoder:
    """The whole model.

    Attributes
    ----------
    root: the library's model
    parts: how each part is read, without a source yet; they do not know the whole, so that all goes with the model
    projection: what the encoder's vectors go through before the decoder reads them, None for nothing
    """

    root: Any
    parts: Mapping[Part, AttentionModel]
    projection: torch.nn.Module | None = None

    def memory(self, source: Encoding) -> torch.Tensor:
        """What the decoder reads of a source: (1, n, D)."""
        encoder = self.parts["encoder"]
        encoder.check_length(len(source))
        with torch.inference_mode():
            vectors = encoder.last_vectors(**batch_inputs(encoder, [source]))
            return vectors if self.projection is None else self.projection(vectors)


def of_part(model: AttentionModel, part: Part, source: str | Encoding | None = None) -> AttentionModel:
    """A part of an encoder–decoder model, to be read as a model of its own.

    Parameters
    ----------
    model: as `open_model` gives it, or any part of it
    part: "encoder", "decoder" or "cross"; "" is the model itself
    source: the text that the encoder reads, for "decoder" and "cross", whose own text is the target

    A target begins with the token that the model's decoder begins with, and its last special token, which the decoder
    only writes, is left out. Raises UserError for a model without that part, a missing source, and one that is too
    long or empty.
    """
    if not part or (part == model.part and source is None):
        return model
    whole = model.whole
    if whole is None:
        if part == "encoder":
            return model
        raise UserError(f"{model.title} has no {part} part: it is no encoder–decoder model.")
    read = replace(whole.parts[part], whole=whole)
    if part == "encoder":
        return read
    if source is None:
        raise UserError(
            f"The {HEADS_OF[part]} of {model.title} read a target beside a source. Give the source as well."
        )
    encoding = whole.parts["encoder"].encode(source) if isinstance(source, str) else source
    return replace(read, given=Given(encoding, whole.memory(encoding)))


def read_part(
    model: AttentionModel, text: str | Encoding, part: Part, target: str | None = None, **reading: Any
) -> tuple[AttentionModel, Encoding]:
    """A part of a model, and the text as it reads it: the target for a decoder and its cross attention, else the text
    itself.

    text: of an encoder–decoder the source; or what was encoded for the model itself, which may be a part already.
    reading: arguments of `AttentionModel.encode`. Raises UserError as `of_part` and `encode` do, and for a target that
    nothing reads.
    """
    if part in ("decoder", "cross") and model.part != part:
        if model.given:
            found = of_part(model, part, model.given.source)
            return found, text if isinstance(text, Encoding) else found.encode(text, limit=reading.get("limit"))
        source = text if isinstance(text, Encoding) else model.encode(text, limit=reading.get("limit"))
        if target is None:
            raise UserError(f"The {HEADS_OF[part]} of {model.title} read a target. Give it beside the text.")
        found = of_part(model, part, source)
        return found, found.encode(target, limit=reading.get("limit"))
    if target is not None and not model.parts:
        raise UserError(f"{model.title} is no encoder–decoder model, so it reads no target. Leave it out.")
    return model, text if isinstance(text, Encoding) else model.encode(text, **reading)


def open_parts(loaded: Loaded, route: Route) -> AttentionModel:
    """The parts of a loaded encoder–decoder model, as its encoder, with the others in `whole`.

    The parts are run one after the other, as they will be read, and each must give the weights that the library's own
    eager attention gives for the whole model. Raises Unfit where they do not.
    """
    root = loaded.model
    encoder, decoder, projection = _halves(root)
    for config in (root.config, encoder.config, decoder.config):
        config.get_text_config().use_cache = False
    ids = probe_ids(encoder, TOKENS), probe_ids(decoder, TARGET_TOKENS)
    seen = _Seen()
    try:
        with torch.inference_mode():
            memory = _read(encoder, {"input_ids": ids[0]}, seen, route)
            memory = memory if projection is None else projection(memory)
            _read(decoder, {"input_ids": ids[1], "encoder_hidden_states": memory}, seen, route)
            expected = _whole(root, *ids) if route == "tap" else seen.by_part
    except (Unfit, UserError):
        raise
    except Exception as error:
        raise not_run(root, error) from error
    halves = {"encoder": encoder, "decoder": decoder, "cross": decoder}
    tokenizers = {"encoder": loaded.tokenizer, "decoder": _for_targets(loaded.tokenizer)}
    start = _start_of(root, tokenizers["decoder"])
    parts: dict[Part, AttentionModel] = {}
    for part, maps in seen.by_part.items():
        if not maps:
            raise Unfit(f"its {HEADS_OF[part]} give no attention weights")
        compare(maps, expected[part])
        numbers = tuple(range(len(maps)))
        if part == "cross":
            shares(maps)
        causal = part != "cross" and shape_of(maps, len(maps), numbers, None).causal
        half, tokenizer = halves[part], tokenizers["encoder" if part == "encoder" else "decoder"]
        mine = replace(loaded, model=half, tokenizer=tokenizer)
        limit = limit_of(half, tokenizer)
        if route == "eager":
            limit = min(limit, at_once(len(maps), maps[0].shape[0]))
        parts[part] = AttentionModel(
            loaded.source,
            mine,
            len(maps),
            numbers,
            maps[0].shape[0],
            causal,
            limit,
            route,
            part=part,
            calls=seen.calls[part] if route == "tap" else numbers,
            start=None if part == "encoder" else start,
        )
    return replace(parts["encoder"], whole=EncoderDecoder(root, parts, projection))


def _halves(root: PreTrainedModel) -> tuple[Any, Any, torch.nn.Module | None]:
    """The encoder, the decoder without a language-model head, and what stands between them."""
    try:
        encoder, decoder = root.get_encoder(), root.get_decoder()
    except (AttributeError, NotImplementedError) as error:
        raise Unfit("its encoder and decoder cannot be told apart") from error
    decoder = bare(decoder)
    if encoder is root or decoder is root or encoder is decoder:
        raise Unfit("its encoder and decoder cannot be told apart")
    if not (hasattr(encoder, "config") and hasattr(decoder, "config")):
        raise Unfit("its encoder and decoder cannot be run one without the other")
    between = getattr(root, "enc_to_dec_proj", None)
    return encoder, decoder, between


@dataclass
class _Seen:
    """The maps of each part, in the order of its layers; and for each part the number of each call of the tap in a
    pass through its half of the model, −1 where another part calls."""

    by_part: dict[Part, Maps] = field(default_factory=lambda: {"encoder": [], "decoder": [], "cross": []})
    calls: dict[Part, tuple[int, ...]] = field(default_factory=dict)


def _read(half: Any, inputs: dict[str, torch.Tensor], seen: _Seen, route: Route) -> torch.Tensor:
    """Run one half; note the maps of its parts; its last vectors."""
    rows, memory = inputs["input_ids"].shape[1], inputs.get("encoder_hidden_states")
    if route == "eager":
        output = half(**inputs, output_attentions=True)
        if memory is None:
            seen.by_part["encoder"] = _maps(handed_out(half, output, rows))
        else:
            seen.by_part["decoder"] = _maps(output.attentions)
            seen.by_part["cross"] = _maps(output.cross_attentions)
        return output.last_hidden_state
    order: list[Part] = []

    def receive(layer: int, heads: Heads, block: slice, weights: torch.Tensor, call: Call) -> None:
        shape = tuple(weights.shape[2:])
        if shape == (rows, rows):
            part: Part = "encoder" if memory is None else "decoder"
        elif memory is not None and shape == (rows, memory.shape[1]):
            part = "cross"
        else:
            raise Unfit("its queries and keys are not the tokens of a text")
        order.append(part)
        seen.by_part[part].append(weights[0].clone())

    request = tap.Request(dict.fromkeys(range(100_000)), receive, rows=rows)
    try:
        with tap.listening(request):
            vectors = half(**inputs).last_hidden_state
    except tap.Unknown as unknown:
        raise depends_on(unknown) from unknown
    if not order:
        raise Unfit(NOT_COMMON)
    for part in dict.fromkeys(order):
        place = iter(range(len(order)))
        seen.calls[part] = tuple(next(place) if one == part else tap.ANOTHER for one in order)
    return vectors


def _whole(root: PreTrainedModel, source: torch.Tensor, target: torch.Tensor) -> dict[Part, Maps]:
    """The maps of the whole model by the library's own eager attention."""
    before = cast(str, root.config._attn_implementation)  # a loaded model has one
    try:
        root.set_attn_implementation("eager")
        output = root(input_ids=source, decoder_input_ids=target, output_attentions=True)
    finally:
        root.set_attn_implementation(before)
    names: dict[Part, str] = {
        "encoder": "encoder_attentions",
        "decoder": "decoder_attentions",
        "cross": "cross_attentions",
    }
    return {part: _maps(getattr(output, name, None)) for part, name in names.items()}


def _maps(found: Any) -> Maps:
    return [one[0] for one in found if isinstance(one, torch.Tensor)] if isinstance(found, list | tuple) else []


def _for_targets(tokenizer: Any) -> Any:
    """The tokenizer as it reads a target: some put another language's token there."""
    switch = getattr(tokenizer, "_switch_to_target_mode", None)
    if switch is None:
        return tokenizer
    own = copy.deepcopy(tokenizer)
    with foreign("Preparing the tokenizer for targets", "Choose another model."):
        own._switch_to_target_mode()
    return own


def _start_of(root: Any, tokenizer: Any) -> int | None:
    """The token that the decoder begins with; `LAST` where that is the last token of the target (mBART)."""
    generation = getattr(root, "generation_config", None)
    for place in (root.config, getattr(root.config, "decoder", None), generation):
        start = getattr(place, "decoder_start_token_id", None)
        if isinstance(start, int):
            return start
    if type(root.config).__name__ == "MBartConfig":
        return LAST
    for name in ("bos_token_id", "pad_token_id", "eos_token_id"):
        start = getattr(root.config.get_text_config(), name, None)
        if isinstance(start, int):
            return start
    return tokenizer.bos_token_id
