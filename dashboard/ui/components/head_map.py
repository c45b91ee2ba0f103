"""The map of a head over a long text, on a canvas that zooms and pans in the browser and asks for what it lacks."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from dashboard.analyses.explore.map_tiles import TILE, Overview, Place
from dashboard.charts.browser import SENTENCE_JS
from dashboard.charts.raster import LEVELS
from dashboard.charts.theme import PALETTES, TOKENS_FONT, Theme, ink, paint

_JS, _CSS = (Path(__file__).with_name(f"head_map.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
_JS = SENTENCE_JS + _JS
STEPS = 65535  # a weight of 1, as it is sent


@dataclass(frozen=True)
class Want:
    """What the browser asks for.

    level, tiles: of `map_tiles.tiles`
    region: what is in sight: first row, last + 1, first column, last + 1
    """

    level: int
    tiles: tuple[Place, ...]
    region: tuple[int, int, int, int]


def wanted(key: str, picture: str, m: int, coarsest: int) -> Want | None:
    """What the browser asks for in this run, of this picture of m positions; None if nothing, or of another picture."""
    asked = (st.session_state.get(key) or {}).get("want")
    if not isinstance(asked, Mapping) or asked.get("id") != picture:
        return None
    try:
        level, tiles = int(asked["level"]), [(int(row), int(column)) for row, column in asked["tiles"][:64]]
        first, last, start, stop = (int(one) for one in asked["region"])
    except (KeyError, TypeError, ValueError):
        return None
    if not (0 <= level <= coarsest and 0 <= first < last <= m and 0 <= start < stop <= m):
        return None
    return Want(level, tuple(tiles), (first, last, start, stop))


def show(
    key: str,
    picture: str,
    text: str,
    whole: Overview,
    top: float,
    *,
    labels: Sequence[str],
    special: Sequence[bool],
    unit: str,
    causal: bool,
    alt: str,
    theme: Theme,
    most: float,
    tiles: Mapping[Place, np.ndarray],
    level: int,
    answers: bool,
    focus: tuple[int, int] | None = None,
    picked: Callable[[int], None] | None = None,
) -> None:
    """The map.

    Parameters
    ----------
    key: of the component; picture, text: name the map and the positions: another head keeps what is in sight
    whole: drawn until finer squares are there; top: the weight that is full ink
    labels, special: of the positions (m); unit: "token" or "word"; causal: whether the upper half is empty
    alt: what is said in its place; most: pixels of a side
    tiles, level: what the browser asked for; answers: whether this run is an answer, and the browser knows the rest
    focus: the positions that another picture shows; picked: is told the row that was clicked
    """
    palette = PALETTES[theme]
    sent = (
        {**_tiles_of(whole), **{(level, *place): values for place, values in tiles.items()}}
        if not answers
        else {(level, *place): values for place, values in tiles.items()}
    )
    component("two_heads_map", html='<div class="map"></div>', css=_CSS, js=_JS)(
        key=key,
        data={
            "id": picture,
            "text": text,
            "m": len(labels),
            "labels": None if answers else list(labels),
            "special": None if answers else np.flatnonzero(special).tolist(),
            "level": whole.level,
            "tile": TILE,
            "tiles": [_packed(*place, values) for place, values in sent.items()],
            "answers": answers,
            "top": top,
            "palette": _palette(theme),
            "colours": {
                "paper": palette.paper,
                "hair": palette.hair,
                "quiet": palette.quiet,
                "frame": palette.context,
            },
            "causal": causal,
            "unit": unit,
            "mono": TOKENS_FONT if unit == "token" else "",
            "most": most,
            "focus": focus,
            "picks": picked is not None,
            "alt": f"{alt} Arrow keys move, plus and minus zoom, 0 shows the whole text.",
            "hint": "Point at the map for a weight. Click it, then scroll to zoom; drag to move.",
        },
        on_want_change=_nothing,
        on_pick_change=lambda: _take(key, picture, len(labels), picked),
    )


def _take(key: str, picture: str, m: int, picked: Callable[[int], None] | None) -> None:
    chosen = st.session_state[key].get("pick")
    if picked is not None and isinstance(chosen, Mapping) and chosen.get("id") == picture:
        row = chosen.get("row")
        if isinstance(row, int) and 0 <= row < m:
            picked(row)


def _nothing() -> None:
    """What is wanted is read where it is drawn."""


def _tiles_of(whole: Overview) -> dict[tuple[int, int, int], np.ndarray]:
    """The whole map as tiles of its level: (level, row, column) → squares."""
    count = -(-len(whole.squares) // TILE)
    return {
        (whole.level, row, column): whole.squares[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        for row in range(count)
        for column in range(count)
    }


def _packed(level: int, row: int, column: int, values: np.ndarray) -> dict[str, Any]:
    """A tile for the browser: weights in steps of 1 / 65,535, deflated."""
    steps = np.rint(np.clip(values, 0, 1) * STEPS).astype("<u2")
    return {
        "level": level,
        "row": row,
        "column": column,
        "height": values.shape[0],
        "width": values.shape[1],
        "values": base64.b64encode(zlib.compress(steps.tobytes(), 1)).decode("ascii"),
    }


def _palette(theme: Theme) -> str:
    """The colours of 256 shades from paper to ink, three bytes each."""
    return base64.b64encode(paint(np.linspace(0, 1, LEVELS), ink(theme), 0, 1).tobytes()).decode("ascii")
