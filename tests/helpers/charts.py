"""What tests of pictures ask of a chart: that Vega-Lite accepts it, what it draws, and its layers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import altair as alt
import numpy as np
import pandas as pd
import vl_convert

from dashboard.charts.drawing import VEGALITE


def assert_valid(spec: dict) -> None:
    """Against the schema of Vega-Lite; two rows of long data are enough, as checking takes its time."""

    def short(part):
        if isinstance(part, dict):
            return {k: short(v[:2] if k == "values" and isinstance(v, list) else v) for k, v in part.items()}
        return [short(one) for one in part] if isinstance(part, list) else part

    alt.Chart.from_dict(short(spec))


def svg_of(chart) -> str:
    """The chart as the exporter draws it."""
    return vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()), vl_version=VEGALITE)


def valid_svg_of(chart) -> str:
    """The same, of a chart whose whole data fits the schema."""
    alt.Chart.from_dict(chart.to_dict())
    return svg_of(chart)


def texts(svg: str) -> list[str]:
    """Every text of a drawing, in its order."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def layers_of(spec: dict) -> Iterator[dict]:
    """All layers and panels of a specification, however deep."""
    for key in ("layer", "concat"):
        for child in spec.get(key, []):
            yield child
            yield from layers_of(child)


def strings(spec: object) -> set[str]:
    """Every text in a specification, however deep."""
    if isinstance(spec, str):
        return {spec}
    inner = spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ()
    return set().union(*map(strings, inner))


def score_table(layers: int, heads: int, score: str, values) -> pd.DataFrame:
    """A row per head of a model of this size, layer by layer, with these values as this score."""
    places = [(a, b) for a in range(layers) for b in range(heads)]
    frame = pd.DataFrame(places, columns=["layer", "head"])
    frame[score] = values
    return frame


def cells(panel: dict, n: int) -> np.ndarray:
    """What a panel of a matrix draws, as parts of full ink (n, n)."""
    found = np.zeros((n, n))
    for row in panel["layer"][0]["data"]["values"]:
        found[row["i"], row["j"]] = row["w"]
    return found
