"""All heads of a model in one chart: a row per layer, a column per head; a click chooses one."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from dashboard.analyses.scores.scores import SCORES, Score
from dashboard.charts.drawing import NARROWEST, WIDTH, Drawing, sheet
from dashboard.charts.head_grid import STRIP, Grid
from dashboard.charts.ink import next_round
from dashboard.charts.look import Look, Selection, tip_expr
from dashboard.charts.raster import montage_uri
from dashboard.charts.theme import gradient, ink, on_ink, scale
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId, Part, columns_of, datum_of, every_head, heads_of
from dashboard.heads.untrained import UNTRAINED, has_twin


def atlas(
    scores: pd.DataFrame,
    score: str,
    look: Look,
    *,
    selection: Selection = Selection(),
    model: str = "",
) -> Drawing:
    """Heads coloured by a score of METRICS §1, from paper at 0 to full ink at a round number above the highest value.

    A click chooses: the point parameter "head" has the fields layer, head and epoch.

    Parameters
    ----------
    scores: a row per head, columns layer, head and `score`; NaN where it is undefined, drawn as a dash. Where it has
        the score of the untrained twin too, ``untrained_…``, that is a strip at the foot of each cell
    score: a name of `SCORES`
    selection: the selected head has a frame, which a click moves without a new drawing; pinned heads have dashed frames
    model: its title, for the heading; look: 600 pixels wide by default
    """
    what = SCORES[score]
    share = what.unit == "share"
    values = scores[score].to_numpy(float)
    twin = scores[UNTRAINED + score].to_numpy(float) if has_twin(scores, score) else np.full(len(values), np.nan)
    compared = bool(np.isfinite(twin).any())
    grid = Grid.over(scores, look)
    p = look.palette
    high = full_ink(np.concatenate([values, twin]), share)
    scaled = f"in % · shade: 0 to {high * 100:.3g}\u00a0%" if share else f"in {what.unit} · shade: 0 to {high:g}"
    any_value = bool(np.isfinite(values).any())
    rows = [
        {
            **datum_of(head, parts=grid.parts),
            **selection.named(head),
            "value": None if np.isnan(value) else round(float(value), 4),
        }
        | ({} if np.isnan(other) else {"twin": round(float(other), 4)})
        for head, value, other in zip(heads_of(scores), values, twin, strict=True)
    ]

    def formatted(form: str, unit: bool = True, field: str = "value") -> str:
        """Vega expression: a field of the datum as formatted text."""
        number = f"format(datum.{field} * 100, '{form}')" if share else f"format(datum.{field}, '{form}')"
        return f"{number} + ' {'%' if share else what.unit}'" if unit else number

    has = "isValid(datum.value)"
    colour = {
        "field": "value",
        "type": "quantitative",
        "scale": scale(ink(look.theme), 0, high),
        "legend": gradient([0, high / 2, high], formatted(".3~r")) if any_value else None,
    }
    cells = {
        "transform": [{"filter": has}],
        "mark": {"type": "rect", "aria": False},
        "encoding": grid.where() | {"color": colour},
    }
    on_shade = on_ink(look.theme, f"datum.value / {high}", quiet=f"!{has}")
    numbers = {
        "transform": [
            {"calculate": f"{has} ? {formatted('.0f' if share else '.1f', unit=False)} : '–'", "as": "number"}
        ],
        "mark": {"type": "text", "fontSize": min(11.5, grid.height * 0.6), "aria": False},
        "encoding": grid.where() | {"text": {"field": "number", "type": "nominal"}, "color": on_shade},
    }
    written = [numbers] if grid.width >= 22 and grid.height >= 15 else []
    form = ".1f" if share else ".2f"
    value = f"{has} ? {formatted(form)} : 'no value on this text'"
    strips, also = [], ""
    if compared:
        strips = grid.strips(p, {name: one for name, one in colour.items() if name != "legend"}, "twin")
        also = f" + (isValid(datum.twin) ? '; untrained twin ' + {formatted(form, field='twin')} : '')"
    catch = grid.catch(tip_expr(grid.name, f"', ' + ({value}){also}"), selection)
    return sheet(
        {
            "width": grid.width * grid.heads,
            "height": grid.height * grid.layers,
            "layer": [
                {"data": {"values": rows}, "layer": [cells, *strips, *written, *grid.frames(p, selection), catch]},
            ],
        },
        look.theme,
        title=_title(what.title, model),
        subtitle=[
            "mean over tokens, special tokens count as keys",
            scaled if any_value else "no head has a value here: choose another score",
            *([STRIP] if compared else []),
        ],
        description=_describe_scores(scores, score, what, model),
        width=max(grid.width * grid.heads, min(look.width_or(WIDTH), NARROWEST)),
    )


def atlas_maps(
    thumbnails: np.ndarray,
    look: Look,
    *,
    selection: Selection = Selection(),
    model: str = "",
    part: Part = "",
    heads: Collection[HeadId] = (),
) -> Drawing:
    """Thumbnails of all heads' maps, as one image. A click chooses as in `atlas`.

    Ink grows with the square root of the weight, so that maps of many small weights are visible too.

    Parameters
    ----------
    thumbnails: (layers, heads, t, t), rows sum to 1; part: of an encoder–decoder; heads: those that there are, if not
        all; the other parameters as in `atlas`
    """
    maps = np.sqrt(np.clip(np.asarray(thumbnails, np.float32), 0, 1))
    layers, most = maps.shape[:2]
    there = list(heads) or every_head(layers, most, part)
    grid = Grid.of(layers, most, look, square=True).of_part(part)
    counted = f"{layers} × {most}" if len(there) == layers * most else str(len(there))
    across, down = grid.width * most, grid.height * layers
    uri = montage_uri(maps, ink(look.theme), grid.width)
    image = {
        "data": {"values": [{}]},
        "mark": {"type": "image", "url": uri, "aspect": False, "smooth": False, "aria": False},
        "encoding": {"x": {"value": 0}, "x2": {"value": across}, "y": {"value": 0}, "y2": {"value": down}},
    }
    every = [datum_of(head) | selection.named(head) for head in there]
    frames, catch = grid.frames(look.palette, selection), grid.catch(tip_expr(grid.name, "''"), selection)
    return sheet(
        {
            "width": across,
            "height": down,
            "layer": [image, {"data": {"values": every}, "layer": [*frames, catch]}],
        },
        look.theme,
        title=_title("All maps", model),
        subtitle=["one map per head: rows are queries, columns are keys · shade: square root of the attention weight"],
        description=f"The maps of all {counted} heads{f' of {model}' if model else ''}, in small.",
        width=max(across, min(look.width_or(WIDTH), NARROWEST)),
    )


def _title(what: str, model: str) -> str:
    return f"{what} · {model}" if model else what


def full_ink(values: np.ndarray, share: bool) -> float:
    """The value of full ink: the highest, rounded up to 1, 2 or 5 × 10^k; for shares at most 1."""
    seen = values[np.isfinite(values)]
    high = float(seen.max()) if seen.size else 0.0
    top = next_round(high, range(-2, 5)) or high
    return round(min(top, 1.0) if share else top, 6)


def _describe_scores(scores: pd.DataFrame, score: str, what: Score, model: str) -> str:
    """Alternative text: the heads with the highest scores."""
    count = f"{int(scores['layer'].max()) + 1} × {int(scores['head'].max()) + 1}"
    start = f"{what.title} of all {count} heads{f' of {model}' if model else ''}. "
    known = scores[[*columns_of(scores), score]].dropna()
    if known.empty:
        return start + "No head has a value on this text."

    def written(value: float) -> str:
        return percent(value) if what.unit == "share" else f"{value:.2f} {what.unit}"

    top = known.nlargest(3, score)
    best = [f"{head} with {written(float(value))}" for head, value in zip(heads_of(top), top[score], strict=True)]
    return f"{start}Highest: {', '.join(best)}; median {written(float(known[score].median()))}."
