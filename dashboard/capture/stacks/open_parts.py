"""The parts of a loaded encoder–decoder: each is run as it will be read, and held against the library's own pass."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Any, cast

import torch
from torch import Tensor

from dashboard.capture import tap
from dashboard.capture.attention_call import Call, Heads
from dashboard.capture.encoder_decoder import EncoderDecoder
from dashboard.capture.limits import at_once, limit_of
from dashboard.capture.maps import CROSS, handed_out, learn
from dashboard.capture.model import HEADS_OF, AttentionModel, Route
from dashboard.capture.probe import (
    NOT_COMMON,
    TOKENS,
    Maps,
    Unfit,
    check_even,
    check_shares,
    compare,
    depends_on,
    not_run,
    probe_ids,
    shape_of,
)
from dashboard.capture.stacks.halves import halves
from dashboard.errors import UserError
from dashboard.heads.head_id import Part
from dashboard.models import Loaded
from dashboard.models.foreign import foreign
from dashboard.text.target import LAST

TARGET_TOKENS = 17  # of the probe: fewer than the source has, so that the parts' maps can be told apart

JOINED = (
    "Its decoder looks at target and source in one softmax, so a row of its self-attention and the same row of its "
    "cross attention sum to 1 together."
)


def open_parts(loaded: Loaded, route: Route) -> AttentionModel:
    """The parts of a loaded encoder–decoder model, as its encoder, with the others in `whole`.

    The stacks are run one after the other, as they will be read, and each part must give the weights that the
    library's own eager attention gives for the whole model. A stack that never calls the tap is read by the maps that
    it hands out. Raises Unfit where weights differ, and of route "tap" where neither stack calls it.
    """
    root = loaded.model
    encoder, decoder, projection = halves(root)
    for config in (root.config, encoder.config, decoder.config):
        config.get_text_config().use_cache = False
    ids = probe_ids(encoder, TOKENS), probe_ids(decoder, TARGET_TOKENS)
    stacks: dict[Part, Any] = {"encoder": encoder, "decoder": decoder, "cross": decoder}
    seen = _Seen()
    try:
        with torch.inference_mode():
            memory = _read(encoder, {"input_ids": ids[0]}, seen, route)
            memory = memory if projection is None else projection(memory)
            _read(decoder, {"input_ids": ids[1], "encoder_hidden_states": memory}, seen, route)
            if route == "tap" and not seen.calls:
                raise Unfit(NOT_COMMON)
            expected = _whole(root, stacks, *ids)
    except (Unfit, UserError):
        raise
    except Exception as error:
        raise not_run(root, error) from error
    tokenizers = {"encoder": loaded.tokenizer, "decoder": _for_targets(loaded.tokenizer)}
    start = _start_of(root, tokenizers["decoder"])
    parts: dict[Part, AttentionModel] = {}
    notes, joined = _notes(root.config), (JOINED,) if _are_joined(seen.by_part) else ()
    for part, maps in seen.by_part.items():
        if not maps:
            raise Unfit(f"its {HEADS_OF[part]} give no attention weights")
        compare(maps, expected[part])
        numbers = tuple(range(len(maps)))
        check_even(maps)
        if part == "cross":
            check_shares(maps)
        causal = part != "cross" and shape_of(maps, len(maps), numbers, None).causal
        half, tokenizer = stacks[part], tokenizers["encoder" if part == "encoder" else "decoder"]
        rows = getattr(half.get_input_embeddings(), "num_embeddings", loaded.rows)
        mine = replace(loaded, model=half, tokenizer=tokenizer, rows=rows, notes=(*loaded.notes, *notes))
        if part != "encoder":
            mine = replace(mine, notes=(*mine.notes, *joined))
        limit, calls = limit_of(half, tokenizer), seen.calls.get(part)
        if part != "encoder" and _has_streams(root.config):
            limit -= 1  # the streams have their places one further on
        if calls is None:
            limit = min(limit, at_once(len(maps), maps[0].shape[0]))
        parts[part] = AttentionModel(
            loaded.source,
            mine,
            len(maps),
            numbers,
            maps[0].shape[0],
            causal,
            limit,
            "tap" if calls else "eager",
            part=part,
            calls=calls or numbers,
            start=None if part == "encoder" else start,
        )
    return replace(parts["encoder"], whole=EncoderDecoder(root, parts, projection))


@dataclass
class _Seen:
    """The maps of each part, in the order of its layers; and for each part that calls the tap the number of each call
    in a pass through its half of the model, −1 where another part calls."""

    by_part: dict[Part, Maps] = field(default_factory=lambda: {"encoder": [], "decoder": [], "cross": []})
    calls: dict[Part, tuple[int, ...]] = field(default_factory=dict)


def _read(half: Any, inputs: dict[str, Tensor], seen: _Seen, route: Route) -> Tensor:
    """Run one half; note the maps of its parts; its last vectors."""
    rows, memory = inputs["input_ids"].shape[1], inputs.get("encoder_hidden_states")
    vectors = _through_tap(half, inputs, seen) if route == "tap" else None
    if vectors is not None:
        return vectors
    more = {} if memory is None else {"encoder_hidden_states": memory}
    output = learn(half, inputs["input_ids"], **more)
    seen.by_part["encoder" if memory is None else "decoder"] = _maps(handed_out(half, output, rows))
    if memory is not None:
        seen.by_part["cross"] = _maps(handed_out(half, output, rows, CROSS))
    return output.last_hidden_state


def _through_tap(half: Any, inputs: dict[str, Tensor], seen: _Seen) -> Tensor | None:
    """The same through the tap; None where this half never calls it."""
    rows, memory = inputs["input_ids"].shape[1], inputs.get("encoder_hidden_states")
    order: list[Part] = []

    def receive(layer: int, heads: Heads, block: slice, weights: Tensor, call: Call) -> None:
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
        return None
    for part in dict.fromkeys(order):
        place = iter(range(len(order)))
        seen.calls[part] = tuple(next(place) if one == part else tap.ANOTHER for one in order)
    return vectors


def _whole(root: Any, stacks: dict[Part, Any], source: Tensor, target: Tensor) -> dict[Part, Maps]:
    """The maps of the whole model by the library's own eager attention."""
    before = cast(str, root.config._attn_implementation)  # a loaded model has one
    try:
        if before != "eager":
            root.set_attn_implementation("eager")
        output = root(input_ids=source, decoder_input_ids=target, output_attentions=True)
    finally:
        if before != "eager":
            root.set_attn_implementation(before)
    rows = {"encoder": source.shape[1], "decoder": target.shape[1], "cross": target.shape[1]}
    return {part: _maps(handed_out(half, output, rows[part], f"{part}_attentions")) for part, half in stacks.items()}


def _maps(found: list[Tensor | None]) -> Maps:
    return [one[0] for one in found if isinstance(one, Tensor)]


def _notes(config: Any) -> tuple[str, ...]:
    """What a person should know of its maps: what takes part that is none of the text's tokens."""
    notes = []
    if getattr(config, "num_global_tokens", None) or (
        getattr(config, "encoder_attention_type", "") == "transient-global"
    ):
        notes.append(
            "Its encoder's tokens look at tokens near them, and at global tokens, which are not in the text. The "
            "share of the global ones is left out, so a row sums to less than 1."
        )
    if _has_streams(config):
        notes.append(
            "Its decoder also has streams that predict tokens further on. What is shown is its main stream: its rows "
            "are the tokens of the target."
        )
    return tuple(notes)


def _has_streams(config: Any) -> bool:
    """Whether its decoder also has streams that predict tokens further on (ProphetNet)."""
    return isinstance(getattr(config, "ngram", None), int)


def _are_joined(seen: dict[Part, Maps]) -> bool:
    """Whether self- and cross-attention share one softmax (T5Gemma 2): only together do their rows sum to 1."""
    own, cross = ([maps.sum(-1) for maps in seen[part]] for part in ("decoder", "cross"))
    if len(own) != len(cross):
        return False
    together = all(torch.allclose(a + b, torch.ones_like(a), atol=1e-3) for a, b in zip(own, cross, strict=True))
    return together and any(bool((maps < 0.999).any()) for maps in own)


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
