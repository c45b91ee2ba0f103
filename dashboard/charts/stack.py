"""Several drawings of one kind under one another in one sheet, each with its own pointing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from dashboard.charts.drawing import Drawing

_TOP = ("$schema", "config", "background", "padding", "autosize", "description", "usermeta")
_EXPRESSIONS = ("calculate", "filter", "test", "expr", "labelExpr")


def stack(drawings: Sequence[Drawing]) -> Drawing:
    """The drawings from top to bottom. Parameters and named views get a number, so that none hears another's
    pointer."""
    specs = [drawing.to_dict() for drawing in drawings]
    if len(specs) == 1:
        return drawings[0]
    params, parts = [], []
    for number, spec in enumerate(specs):
        own = {param["name"] for param in spec.get("params", ())} | _views(spec)
        spec = _renamed(spec, own, number)
        params += spec.pop("params", [])
        parts.append({name: value for name, value in spec.items() if name not in _TOP})
    whole = {name: value for name, value in specs[0].items() if name in _TOP}
    whole["description"] = " ".join(spec["description"] for spec in specs)
    # Colours mean the same in every part, but each part has a legend of its own, or none.
    resolve = {"scale": {"color": "independent"}}
    return Drawing(whole | {"params": params, "vconcat": parts, "spacing": 40, "resolve": resolve})


def _views(part: Any) -> set[str]:
    """Names of the views in it: what a parameter may listen to."""
    if isinstance(part, list):
        return set().union(*map(_views, part))
    if not isinstance(part, dict):
        return set()
    named = {part["name"]} if "mark" in part and "name" in part else set()
    return named.union(*(_views(inner) for key, inner in part.items() if key != "data"))


def _renamed(part: Any, names: set[str], number: int, key: str = "") -> Any:
    """The same part of a specification with a number behind these names, in definitions and in expressions."""
    if isinstance(part, dict):
        defines = "name" in part and ({"select", "value", "expr", "mark"} & part.keys())
        return {
            k: f"{v}_{number}"
            if (k == "param" or (k == "name" and defines)) and v in names
            else (v if k == "data" or (k == "value" and not isinstance(v, dict)) else _renamed(v, names, number, k))
            for k, v in part.items()
        }
    if isinstance(part, list):
        if key == "views":
            return [f"{view}_{number}" for view in part]
        return [_renamed(inner, names, number, key) for inner in part]
    if isinstance(part, str) and key in _EXPRESSIONS:
        either = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        part = re.sub(rf"(?<![\w.'\"])({either})(?![\w(])", rf"\1_{number}", part)
        # What Vega-Lite makes of the parameter `entered`; before its first movement Vega takes no panel's edge.
        return part.replace("entered_x[0]", f"(isTuple(unit) ? entered_{number}_x[0] : -1)")
    if isinstance(part, str) and key == "on":  # the marks of a view, "@bars0_marks:pointerover"
        return re.sub(r"@(\w+)_marks:", lambda m: f"@{m[1]}_{number}_marks:", part)
    return part
