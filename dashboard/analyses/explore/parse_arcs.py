"""A parse above the words of an arc diagram: a dashed blue arc per dependency, with its relation if that fits."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.analyses.explore.arc_geometry import Row, along, arch, bent
from dashboard.charts.labels import width_of
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import Palette

Link = tuple[int, int, str]  # a word, its head, its relation

SIZE, LINE = 11.0, 13.0  # of type; pixels that a name takes in height
CLEAR = 8.0  # pixels on either side of a name where its arc stays visible


def parse_arcs(row: Row, p: Palette, scales: dict, up: float, parse: Sequence[Link]) -> list[dict]:
    """The layers of the parse: the arcs (above the words in either direction), their names, and wide transparent arcs
    that show a tooltip with the name."""
    names = _names(row, up, parse)
    arc = {"type": "line", "interpolate": "natural", "stroke": p.syntax, "aria": False}
    thin = {"strokeWidth": 1.4, "strokeDash": [5, 3], "opacity": {"expr": "word >= 0 ? 0.35 : 0.9"}}
    mine = "datum.i === word || datum.j === word"
    path = along(scales) | {"detail": {"field": "link", "type": "nominal"}}
    links = [
        {"i": max(i, j), "j": min(i, j), "from": i, "to": j, "name": name["name"]}
        for (i, j, _), name in zip(parse, names, strict=True)
    ]
    says = {"calculate": "datum.name + ': ' + words[datum.from] + ' → ' + words[datum.to]", "as": "tip"}
    text = {"type": "text", "fontSize": SIZE, "baseline": "middle", "aria": False}
    place = {
        "x": scales["x"] | {"field": "x"},
        "y": scales["y"] | {"field": "y"},
        "text": {"field": "name", "type": "nominal"},
    }
    return [
        {
            "data": {"values": links},
            "transform": bent(row, up, up),
            "layer": [
                {"mark": arc | thin, "encoding": path},
                {"transform": [{"filter": mine}], "mark": arc | {"strokeWidth": 1.8}, "encoding": path},
            ],
        },
        {
            "data": {"values": names},
            "transform": [{"filter": f"word < 0 ? datum.fits : ({mine})"}],
            "layer": [
                {"mark": text | {"stroke": p.paper, "strokeWidth": 7, "color": p.paper}, "encoding": place},
                {"mark": text | {"color": p.syntax}, "encoding": place},
            ],
        },
        {
            "data": {"values": links},
            "transform": [*bent(row, up, up), says],
            "mark": arc | {"strokeWidth": 11, "opacity": 0},
            "encoding": path | {"tooltip": {"field": "tip", "type": "nominal"}},
        },
    ]


def _names(row: Row, up: float, parse: Sequence[Link]) -> list[dict]:
    """The relation names, each in the middle of its arc, and whether it fits: shorter arcs go first, no name is wider
    than its arc, and none overlaps with another."""
    names = [
        {
            "i": i,
            "j": j,
            "name": drawable(relation, 20),
            "span": abs(row.x[i] - row.x[j]),
            "x": round(float(row.x[i] + row.x[j]) / 2, 1),
            "fits": False,
        }
        for i, j, relation in parse
    ]
    taken: list[tuple[float, float, float]] = []
    for name in sorted(names, key=lambda name: name["span"]):
        span, x = float(name.pop("span")), name["x"]
        name["y"] = y = round(up - min(arch(span, row.width), up - 6), 1)
        wide = width_of(name["name"], SIZE)
        over = any(abs(x - at) < (wide + other) / 2 + 4 and abs(y - high) < LINE for at, high, other in taken)
        if wide + CLEAR <= span and not over and wide / 2 <= min(x, row.width - x):
            name["fits"] = True
            taken.append((x, y, wide))
    return names
