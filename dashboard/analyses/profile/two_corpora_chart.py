"""The same heads on two corpora: a point per head, the first corpus across, the second up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts.drawing import WIDTH, Drawing, sheet
from dashboard.charts.look import Look
from dashboard.charts.point_labels import names as names_of
from dashboard.charts.point_labels import sides
from dashboard.charts.sanitize import drawable
from dashboard.heads.head_id import heads_of

LEFT = 64.0  # pixels for the vertical axis
LARGEST = 420.0
NAMED = 6  # heads that are named: those that differ most


def two_corpora(
    table: pd.DataFrame,
    figure: str,
    look: Look,
    *,
    names: tuple[str, str],
    title: str,
    subtitle: Sequence[str],
    description: str,
) -> Drawing:
    """A point per head: bits on the first corpus across, on the second up. Colours are the roles on the first; a head
    with another role on the second is hollow. On the dashed line both are equal.

    Parameters
    ----------
    table: of `library.compare_profiles`; figure: one of `roles.FIGURES`
    names: of the corpora; look: 600 pixels wide by default
    """
    p, width = look.palette, look.width_or(WIDTH)
    side = min(LARGEST, max(200.0, width - LEFT))
    known = table.dropna(subset=[f"bits_{figure}_a", f"bits_{figure}_b"])
    rows = [
        {
            "name": str(head),
            "same": one == other,
            "x": round(float(a), 5),
            "y": round(float(b), 5),
            "role": one if one in ("syntax", "context", "position") else "undecided",
            "tip": f"{head}: {a:.3f} bits, {one} · {b:.3f} bits, {other}",
        }
        for head, a, b, one, other in zip(
            heads_of(known),
            known[f"bits_{figure}_a"],
            known[f"bits_{figure}_b"],
            known["role_a"],
            known["role_b"],
            strict=True,
        )
    ]
    values = np.array([[row["x"], row["y"]] for row in rows] or [[0.0, 0.01]])
    low, high = min(0.0, float(values.min())), float(values.max()) * 1.04
    scale = {"domain": [low, high if high > low else low + 0.01], "nice": False, "zero": False}

    def axis(name: str) -> dict:
        look = {"tickCount": 5, "format": "~g", "grid": True, "gridOpacity": 0.5, "domain": False}
        return {"type": "quantitative", "scale": scale, "axis": look | {"title": drawable(name, 60)}}

    apart = sorted(rows, key=lambda row: -abs(row["x"] - row["y"]))[:NAMED]
    wide = scale["domain"][1] - low
    at = {row["name"]: ((row["x"] - low) / wide * side, (1 - (row["y"] - low) / wide) * side) for row in rows}
    found = sides((row["name"] for row in apart), at, side)
    named = [row | {"left": found[row["name"]]} for row in apart if row["name"] in found]
    x, y = axis(f"bits on {names[0]}"), axis(f"bits on {names[1]}")
    colours = {"syntax": p.syntax, "context": p.context, "position": p.position, "undecided": p.text}
    colour = {
        "field": "role",
        "type": "nominal",
        "scale": {"domain": [*colours], "range": [*colours.values()]},
    }
    legend = {"legend": {"title": None, "orient": "top", "symbolType": "circle", "symbolSize": 80}}
    tip = {"tooltip": {"field": "tip", "type": "nominal"}}
    point = {"type": "point", "shape": "circle", "size": 60, "opacity": 0.85, "aria": False, "strokeWidth": 1.4}
    place = {"x": x | {"field": "x"}, "y": y | {"field": "y"}}
    return sheet(
        {
            "width": side,
            "height": side,
            "layer": [
                {
                    "data": {"values": [{"a": scale["domain"][0], "b": scale["domain"][1]}]},
                    "mark": {"type": "rule", "stroke": p.quiet, "strokeDash": [3, 4], "aria": False},
                    "encoding": {
                        "x": x | {"field": "a"},
                        "x2": {"field": "b"},
                        "y": y | {"field": "a"},
                        "y2": {"field": "b"},
                    },
                },
                {
                    "data": {"values": [row for row in rows if row["same"]]},
                    "mark": point | {"filled": True},
                    "encoding": place | tip | {"color": colour | legend},
                },
                {
                    "data": {"values": [row for row in rows if not row["same"]]},
                    "mark": point | {"filled": False},
                    "encoding": place | tip | {"color": colour | legend},
                },
                *names_of(named, x, y, look.theme),
            ],
        },
        look.theme,
        title=title,
        subtitle=subtitle,
        description=description,
        width=width,
    )
