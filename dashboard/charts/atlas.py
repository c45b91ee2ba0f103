"""All heads of a model on one sheet: a row a layer, a column a head; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.raster import montage_uri
from dashboard.charts.safe import shown
from dashboard.charts.theme import PALETTES, STEPS, Theme, ink, scale
from dashboard.heads.scores import SCORES
from dashboard.heads.view import HeadId

WIDTH = 640  # pixels for the whole drawing


def atlas(
    scores: pd.DataFrame,
    score: str,
    theme: Theme,
    *,
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    model: str = "",
    width: float | None = None,
) -> Drawing:
    """Heads coloured by a score of METRICS §1, paper at the score's low end and ink at the highest value.

    Selection: a point parameter "head" with the fields layer and head.

    Parameters
    ----------
    scores: columns layer, head and `score`; NaN where it is undefined, drawn as an empty outline
    selected: the head on show, framed; tray: the heads kept, each with a corner mark
    """
    what = SCORES[score]
    grid = Grid.of(int(scores["layer"].max()) + 1, int(scores["head"].max()) + 1, width or WIDTH, theme)
    p = PALETTES[theme]
    values = scores[score].to_numpy(float)
    low, high, per_cent = _range(what, values)
    sign = "format(datum.value * 100, '.3~r') + ' %'" if per_cent else f"format(datum.value, '.3~r') + ' {what.unit}'"
    say = sign.replace("'.3~r'", "'.1f'") if per_cent else f"format(datum.value, '.2f') + ' {what.unit}'"
    rows = [
        {"layer": int(layer), "head": int(head), "value": None if np.isnan(v) else round(float(v), 4)}
        for layer, head, v in zip(scores["layer"], scores["head"], values, strict=True)
    ]
    middle = low + (high - low) * 0.5
    key = {
        "orient": "bottom", "direction": "horizontal", "title": None, "gradientLength": 150, "gradientThickness": 9,
        "offset": 14, "values": [low, middle, high], "labelExpr": sign, "labelFontSize": 11.5,
    }  # fmt: skip
    cells = {
        "mark": {"type": "rect", "aria": False},
        "encoding": grid.where()
        | {
            "color": {
                "field": "value", "type": "quantitative", "scale": scale(ink(theme), low, high), "legend": key,
            },
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }  # fmt: skip
    numbers = {
        "transform": [{"filter": "isValid(datum.value)"}],
        "mark": {"type": "text", "fontSize": min(11.5, grid.height * 0.6), "aria": False},
        "encoding": grid.where()
        | {
            "text": {"field": "number", "type": "nominal"},
            "color": {"condition": {"test": f"datum.value > {middle}", "value": p.paper}, "value": p.text},
        },
    }
    layers = [cells, *([numbers] if grid.width >= 26 and grid.height >= 15 else []), *_frames(grid, p, selected, tray)]
    number = "format(datum.value * 100, '.0f')" if per_cent else "format(datum.value, '.1f')"
    name = "'L' + datum.layer + 'H' + datum.head + ', '"
    best = scores.loc[scores[score].idxmax()] if np.isfinite(values).any() else None
    finding = (
        "No head has a value on this text."
        if best is None
        else f"Highest: L{int(best['layer'])}H{int(best['head'])} with {_plain(best[score], what, per_cent)}."
    )
    return sheet(
        {
            "width": grid.width * grid.heads,
            "height": grid.height * grid.layers,
            "layer": [{
                "data": {"values": rows},
                "transform": [
                    {"calculate": f"{name} + (isValid(datum.value) ? {say} : 'no value on this text')", "as": "tip"},
                    {"calculate": number, "as": "number"},
                ],
                "layer": _selectable(layers, cells),
            }],
        },
        theme,
        title=f"{what.title} · {model}" if model else what.title,
        subtitle=[f"each cell a head, in {'per cent' if per_cent else what.unit} · ink: {_span(low, high, what, per_cent)}"],
        description=f"All {grid.layers} × {grid.heads} heads{' of ' + shown(model) if model else ''} by {what.title.lower()}. {finding}",
    )


def atlas_maps(
    thumbnails: np.ndarray,
    theme: Theme,
    *,
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    model: str = "",
    width: float | None = None,
) -> Drawing:
    """Every head's map in small, (layers, heads, t, t), as one image. Selection as in `atlas`.

    Ink grows with the square root of the share, so that a map of many small weights can be seen as well.
    """
    thumbnails = np.asarray(thumbnails, float)
    layers, heads, _, _ = thumbnails.shape
    grid = Grid.of(layers, heads, width or WIDTH, theme, square=True)
    p = PALETTES[theme]
    uri = montage_uri(np.sqrt(np.clip(thumbnails, 0, 1)), ink(theme), grid.width)
    image = {
        "data": {"values": [{}]},
        "mark": {"type": "image", "url": uri, "aspect": False, "smooth": False, "aria": False},
        "encoding": {"x": {"value": 0}, "x2": {"value": grid.width * heads}, "y": {"value": 0}, "y2": {"value": grid.height * layers}},
    }
    cells = {
        "mark": {"type": "rect", "fillOpacity": 0, "aria": False},
        "encoding": grid.where() | {"tooltip": {"field": "tip", "type": "nominal"}},
    }
    return sheet(
        {
            "width": grid.width * heads,
            "height": grid.height * layers,
            "layer": [{
                "data": {"values": [{"layer": a, "head": b} for a in range(layers) for b in range(heads)]},
                "transform": [{"calculate": "'L' + datum.layer + 'H' + datum.head", "as": "tip"}],
                "layer": _selectable([image, cells, *_frames(grid, p, selected, tray)], cells),
            }],
        },
        theme,
        title=f"All maps · {model}" if model else "All maps",
        subtitle=["each cell a head's map, rows look at columns · ink: share of attention, by its square root"],
        description=f"The maps of all {layers} × {heads} heads{' of ' + shown(model) if model else ''}, small.",
    )


@dataclass(frozen=True)
class Grid:
    """Places of layers × heads cells, in pixels."""

    layers: int
    heads: int
    width: float
    height: float
    quiet: str

    @classmethod
    def of(cls, layers: int, heads: int, room: float, theme: Theme, *, square: bool = False) -> Grid:
        """Cells that fill `room` pixels across: 8 to 46 wide, and lower where there are many layers."""
        across = max(8.0, min(46.0, int((room - 50) / heads * 2) / 2))
        if square:
            across = min(across, max(24.0, int(960 / layers)))
        down = across if square else max(9.0, min(30.0, 480 / layers, across))
        return cls(layers, heads, across, int(down * 2) / 2, PALETTES[theme].quiet)

    def where(self) -> dict:
        """Encoding of x and y: heads across, layers down, both counted from 0."""

        def axis(count: int, step: float, letter: str, across: bool) -> dict:
            every = next(k for k in (1, 2, 4, 8, 16, 32, 64, 128, 256) if step * k >= (26 if across else 13))
            return {
                "orient": "top" if across else "left", "title": None, "values": list(range(0, count, every)),
                "labelExpr": f"'{letter}' + datum.value", "labelAngle": 0, "labelFontSize": 11.5, "labelPadding": 6,
                "labelColor": self.quiet,
            }  # fmt: skip

        def band(count: int, step: float) -> dict:
            gap = 1.5 if step >= 20 else 1 if step >= 12 else 0.5
            return {"type": "band", "domain": list(range(count)), "paddingInner": gap / step, "paddingOuter": gap / step / 2}

        return {
            "x": {"field": "head", "type": "ordinal", "scale": band(self.heads, self.width), "axis": axis(self.heads, self.width, "H", True)},
            "y": {"field": "layer", "type": "ordinal", "scale": band(self.layers, self.height), "axis": axis(self.layers, self.height, "L", False)},
        }


def _frames(grid: Grid, p, selected: HeadId | None, tray: Sequence[HeadId]) -> list[dict]:
    """The frame of the head on show, and a corner mark for each head of the tray."""

    def at(ids: Sequence[HeadId]) -> dict:
        return {"values": [{"layer": h.layer, "head": h.head} for h in ids]}

    frames = []
    kept = [h for h in tray if h.layer < grid.layers and h.head < grid.heads]
    if kept:
        frames.append({
            "data": at(kept),
            "mark": {"type": "rect", "fillOpacity": 0, "stroke": p.text, "strokeWidth": 1.25, "strokeDash": [3, 2], "aria": False},
            "encoding": grid.where(),
        })
    if selected is not None and selected.layer < grid.layers and selected.head < grid.heads:
        for colour, thick in ((p.paper, 5), (p.text, 2.25)):
            frames.append({
                "data": at([selected]),
                "mark": {"type": "rect", "fillOpacity": 0, "stroke": colour, "strokeWidth": thick, "aria": False},
                "encoding": grid.where(),
            })
    return frames


def _selectable(layers: list[dict], target: dict) -> list[dict]:
    """The layers with, on top, clear cells that take the click, so that no frame or number is in its way."""
    for layer in layers:
        if layer is not target:
            layer["mark"]["tooltip"] = None
    catch = {
        "mark": {"type": "rect", "fillOpacity": 0, "cursor": "pointer", "aria": False},
        "params": [{"name": "head", "select": {"type": "point", "on": "click", "fields": ["layer", "head"], "toggle": False}}],
        "encoding": target["encoding"] | {"color": {"value": "black"}},
    }
    target["encoding"] = {k: v for k, v in target["encoding"].items() if k != "tooltip"}
    return [*layers, catch]


def _range(what, values: np.ndarray) -> tuple[float, float, bool]:
    """(value of paper, value of full ink, whether it is a share)."""
    per_cent = what.low == 0 and what.high == 1
    seen = values[np.isfinite(values)]
    high = float(seen.max()) if seen.size else 1.0
    steps = [m * 10.0**e for e in (-2, -1, 0, 1, 2, 3) for m in (1, 2, 5)]
    top = next((s for s in steps if s >= high), high)
    return 0.0, round(min(top, 1.0) if per_cent else top, 6), per_cent


def _span(low: float, high: float, what, per_cent: bool) -> str:
    return f"{low:g} to {high * 100:.3g}\u00a0%" if per_cent else f"{low:g} to {high:g} {what.unit}"


def _plain(value: float, what, per_cent: bool) -> str:
    return f"{value * 100:.0f}\u00a0%" if per_cent else f"{value:.2f} {what.unit}"
