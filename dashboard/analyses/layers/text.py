"""Sentences about a word in the residual stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dashboard.heads.format import percent

if TYPE_CHECKING:
    from dashboard.analyses.layers.residual_stream import ResidualStream

LEAST = 0.01  # times its length: less is no move worth a share


def word_finding(stream: ResidualStream, word: int) -> str:
    """The finding for one word: the layer that moves it most, attention's part of that, and the nearest words."""
    position = int(stream.words[word])
    moved = stream.numbers["moved"][:, position]
    near = stream.neighbours(position)
    layer = int(pd.Series(moved).fillna(-1).argmax())
    name = f"“{stream.known(position)}”"
    made = [_does(stream, part, layer, position) for part in ("attention", "cross_attention") if part in stream.numbers]
    if moved[layer] < LEAST:
        start = f"No layer moves {name} by {LEAST} times its length"
    else:
        most = f"Layer {stream.letter}{layer} moves {name} most, by {moved[layer]:.2f} times its length"
        start = f"{most}; {' and '.join(made)}"
    if not len(near):
        return f"{start}."
    first, last = near["text"].iloc[0], near[near["stage"] == stream.layers]["text"].iloc[0]
    if first == last:
        return f"{start}. Its nearest word is “{last}”, before the first layer and after the last."
    return f"{start}. Its nearest word is “{first}” before the first layer and “{last}” after the last."


def _does(stream: ResidualStream, part: str, layer: int, position: int) -> str:
    """What a part did of a layer's change."""
    share = float(stream.numbers[f"{part}_share"][layer, position])
    name = "cross attention" if part == "cross_attention" else "self attention" if stream.part else "attention"
    if share < 0:
        return f"{name} works against that change ({percent(share)})"
    return f"{name} makes up {percent(share)} of that change"
