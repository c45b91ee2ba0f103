"""Which of a model's layers have maps of attention, in words."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.errors import UserError


def extent(layers: int, numbers: Sequence[int], pooled: Sequence[int]) -> str:
    """ "6 layers"; "attention in 1 of 3 layers", where the others have none; "maps of all tokens in 2 of 14 layers",
    where some others attend over pooled tokens.

    layers: how many there are; numbers: those with a map of all tokens; pooled: those that attend over fewer tokens
    """
    if len(numbers) == layers:
        return f"{layers} layer{'' if layers == 1 else 's'}"
    return f"{_what(pooled)} in {len(numbers)} of {layers} layers"


def note(title: str, layers: int, numbers: Sequence[int], pooled: Sequence[int]) -> str:
    """What a person should know of a model of which not every layer is shown."""
    begin = f"{title} has {extent(layers, numbers, pooled)}: {listed(numbers)}."
    if not pooled:
        return begin
    those, attends = listed(pooled), "attends" if len(pooled) == 1 else "attend"
    return (
        f"{begin} {those[0].upper()}{those[1:]} {attends} over pooled tokens: a row there is no single token, so its "
        "maps are left out."
    )


def check(title: str, layer: int, layers: int, numbers: Sequence[int], pooled: Sequence[int], which: str) -> None:
    """Raises UserError for a layer without such a map, and for one that the model does not have.

    which: what was asked for, as in "layer 3" or "head L3H1"
    """
    if layer in numbers:
        return
    if not 0 <= layer < layers:
        raise UserError(f"{title} has no {which}: it has {layers} layers, counted from 0 to {layers - 1}.")
    has = f"it has {extent(layers, numbers, pooled)}"
    if layer in pooled:
        raise UserError(
            f"Layer {layer} of {title} attends over pooled tokens, so it has no map of all tokens: {has}. "
            f"Choose {listed(numbers)}."
        )
    raise UserError(f"Layer {layer} of {title} has no attention: {has}. Choose {listed(numbers)}.")


def check_every(title: str, layers: int, numbers: Sequence[int], pooled: Sequence[int], needing: str) -> None:
    """Raises UserError where a layer has none. needing: what needs one in every layer, as in "… needs …"."""
    if len(numbers) < layers:
        raise UserError(
            f"{needing} needs {_what(pooled)} in every layer; {title} has {extent(layers, numbers, pooled)}. "
            "Choose another model for this."
        )


def listed(numbers: Sequence[int]) -> str:
    """Layers in words: "layer 1", "layers 0, 2 and 4", "layers 4 to 11"."""
    *first, last = map(str, numbers)
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"layers {numbers[0]} to {last}"
    return f"layers {', '.join(first)} and {last}" if first else f"layer {last}"


def _what(pooled: Sequence[int]) -> str:
    return "maps of all tokens" if pooled else "attention"
