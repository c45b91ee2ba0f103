"""The map of a head on a canvas, which zooms and pans in the browser and, over a long text, asks for what it lacks.

The script that draws is sent to a browser once (`code`), each map as bytes: Vega's own script needs several times both.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from dashboard.analyses.explore.map_tiles import TILE, Overview, Place
from dashboard.charts.browser import SENTENCE_JS
from dashboard.charts.ink import SHARE
from dashboard.charts.raster import LEVELS
from dashboard.charts.stretches import stretches_of
from dashboard.charts.theme import PALETTES, TOKENS_FONT, Theme, ink, paint
from dashboard.heads.map_axis import MapAxis
from dashboard.ui import session

_JS, _CSS = (Path(__file__).with_name(f"head_map.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
_MOUNT = """
const drawing = (window.twoHeadsMap ??= Promise.withResolvers()).promise;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.two-heads-map');
  let observer = null, left = false;
  drawing.then((build) => {
    if (left) return;
    const map = root.map ??= build(root);
    map.tell = setTriggerValue;
    map.take(data);
    observer = new ResizeObserver(() => map.fit());
    observer.observe(root);
  });
  return () => { left = true; observer?.disconnect(); };
}
"""
PERCENT = 10_000  # steps of a weight of 1, as it is sent and said


@dataclass(frozen=True)
class Edits:
    """What a hand has changed in the head.

    cuts: the cells (row, column) whose links are cut; replaced: rows that are replaced; take: is told the cells that
    were clicked or dragged over
    """

    cuts: Sequence[tuple[int, int]]
    replaced: Sequence[int]
    take: Callable[[list[tuple[int, int]]], None]


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
    sides: Sequence[MapAxis],
    unit: str,
    causal: bool,
    alt: str,
    theme: Theme,
    most: float,
    tiles: Mapping[Place, np.ndarray] = MappingProxyType({}),
    level: int = 0,
    asks: bool = True,
    answers: bool = False,
    focus: tuple[int, int] | None = None,
    picked: Callable[[int], None] | None = None,
    edits: Edits | None = None,
) -> None:
    """The map.

    Parameters
    ----------
    key: of the component; picture, text: name the map and the positions: another head keeps what is in sight
    whole: drawn until finer squares are there, of shares; top: the weight that is full ink
    sides: what stands along the rows and, where that is another text, along the columns
    unit: "token" or "word"; causal: whether the upper half is empty
    alt: what is said in its place; it tells of this head once that is painted; most: pixels of a side
    tiles, level: what the browser asked for; asks: whether it may; answers: whether this run is an answer, and the
        browser knows the rest
    focus: the positions that another picture shows; picked: is told the row that was clicked
    edits: the links that are cut, where a hand may cut
    """
    sent = {(level, *place): values for place, values in tiles.items()}
    if not answers:
        sent = _tiles_of(whole) | sent
    shape = len(sides[0]), len(sides[-1])
    head = {
        "id": picture,
        "text": text,
        "shape": shape,
        "sides": None if answers else [_side(one) for one in sides],
        "level": whole.level,
        "tile": TILE,
        "tiles": [(*place, *values.shape) for place, values in sent.items()],
        "asks": asks,
        "answers": answers,
        "top": top,
        "legend": ["0", SHARE.exact(top) + " +" * (top < 1)],
        "theme": theme,
        "causal": causal,
        "unit": unit,
        "mono": TOKENS_FONT if unit == "token" else "",
        "most": most,
        "focus": focus,
        "picks": picked is not None,
        "alt": alt,
    }
    if edits is not None:
        head |= {"cuts": edits.cuts, "replaced": list(edits.replaced)}
    component("two_heads_map", html='<div class="two-heads-map"></div>', js=_MOUNT, isolate_styles=False)(
        key=key,
        data=message(head, list(sent.values())),
        on_want_change=_nothing,
        on_pick_change=lambda: _take(key, picture, shape[0], picked),
        on_cut_change=lambda: _cut(key, picture, shape, edits),
    )


def code() -> None:
    """The script that draws maps, once a run where it takes no space. A browser that has it gets its name alone."""
    component("two_heads_map_code", js=_script(), css=_CSS, isolate_styles=False)(key="head_map_code", height=0)


def message(head: Mapping[str, Any], tiles: Sequence[np.ndarray]) -> bytes:
    """What the browser is sent: the length of the head (uint32, low byte first), the head as JSON, and the tiles.

    tiles: (h, w) weights in [0, 1]; of each in steps of 0.01 %, 0 for no weight and else one more, the low bytes of all
    its squares and then the high ones; deflated together
    """
    said = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    planes = []
    for values in tiles:
        steps = np.where(values > 0, 1 + np.rint(np.clip(values, 0, 1) * PERCENT), 0).astype("<u2")
        planes.append(steps.view(np.uint8).reshape(-1, 2).T.tobytes())
    return struct.pack("<I", len(said)) + said + zlib.compress(b"".join(planes), 6)


@cache
def _script() -> str:
    return f"const PALETTES = {json.dumps(_palettes())};\n{SENTENCE_JS}{_JS}"


def _take(key: str, picture: str, m: int, picked: Callable[[int], None] | None) -> None:
    chosen = session.told(key).get("pick")
    if picked is not None and isinstance(chosen, Mapping) and chosen.get("id") == picture:
        row = chosen.get("row")
        if isinstance(row, int) and 0 <= row < m:
            picked(row)


def _cut(key: str, picture: str, shape: tuple[int, int], edits: Edits | None) -> None:
    dragged = session.told(key).get("cut")
    if edits is None or not isinstance(dragged, Mapping) or dragged.get("id") != picture:
        return
    try:
        first, last, start, stop = (int(one) for one in dragged["box"])
    except (KeyError, TypeError, ValueError):
        return
    if 0 <= first < last <= shape[0] and 0 <= start < stop <= shape[1]:
        edits.take([(row, column) for row in range(first, last) for column in range(start, stop)])


def _side(axis: MapAxis) -> dict[str, Any]:
    return {
        "labels": list(axis.drawn),
        "special": np.flatnonzero(axis.special).tolist(),
        "stretches": [(one.name, one.first, one.last) for one in stretches_of(axis.stretches)],
    }


def _nothing() -> None:
    """What is wanted is read where it is drawn."""


def _tiles_of(whole: Overview) -> dict[tuple[int, int, int], np.ndarray]:
    """The whole map as tiles of its level: (level, row, column) → squares."""
    rows, columns = (-(-cells // TILE) for cells in whole.squares.shape)
    return {
        (whole.level, row, column): whole.squares[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        for row in range(rows)
        for column in range(columns)
    }


def _palettes() -> dict[Theme, dict[str, str]]:
    """The colours of each theme; `ink`: 256 shades from paper to ink, three bytes each."""
    return {
        theme: {
            "ink": base64.b64encode(paint(np.linspace(0, 1, LEVELS), ink(theme), 0, 1).tobytes()).decode("ascii"),
            "paper": palette.paper,
            "hair": palette.hair,
            "quiet": palette.quiet,
            "frame": palette.context,
        }
        for theme, palette in PALETTES.items()
    }
