"""A chart's Vega-Lite specification for files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboard.export.provenance import Provenance
from dashboard.export.sanitize import legal_all
from dashboard.export.typography.shipped_fonts import MONO_STACK, SANS_STACK, is_mono

if TYPE_CHECKING:
    import altair as alt

CONTAINER_WIDTH = 720  # the width "container" in a file, which has no page


def specification(chart: alt.TopLevelMixin | dict[str, Any], provenance: Provenance | None) -> dict[str, Any]:
    """The specification with its provenance under ``usermeta.provenance``, free of characters that break files.

    A copy: the chart stays as it is. Its fonts become the stacks that files use (`typography.shipped_fonts`). Files
    have no page to fill, so a width of "container" becomes 720.
    """
    spec = with_fonts(legal_all(chart if isinstance(chart, dict) else chart.to_dict()), SANS_STACK, MONO_STACK)
    if spec.get("width") == "container":
        spec["width"] = CONTAINER_WIDTH
    if provenance is not None:
        spec["usermeta"] = {**(spec.get("usermeta") or {}), "provenance": legal_all(provenance.to_dict())}
    return spec


def with_fonts(value: Any, sans: str, mono: str) -> Any:
    """A copy in which every `font`, `labelFont`, `titleFont`… is one of these two stacks."""

    def changed(key: str, entry: Any) -> Any:
        if isinstance(entry, str) and (key == "font" or key.endswith("Font")):
            return mono if is_mono(entry) else sans
        return entry if key in ("datasets", "values") else with_fonts(entry, sans, mono)

    if isinstance(value, dict):
        return {key: changed(key, entry) for key, entry in value.items()}
    return [with_fonts(entry, sans, mono) for entry in value] if isinstance(value, list) else value


def without_limits(spec: dict[str, Any]) -> dict[str, Any]:
    """A copy in which no text has a greatest width (`limit`, `labelLimit`, `titleLimit`…), defaults included."""
    config = dict(spec.get("config", {}))
    for part in ("axis", "legend", "header"):
        config[part] = {"labelLimit": 0, "titleLimit": 0} | config.get(part, {})
    config["title"] = {"limit": 0} | config.get("title", {})
    return _unlimited({**spec, "config": config})


def _unlimited(value: Any) -> Any:
    if isinstance(value, dict):
        bounded = {key for key in value if key == "limit" or key.endswith("Limit")}
        return {key: 0 if key in bounded else _unlimited(entry) for key, entry in value.items()}
    return [_unlimited(entry) for entry in value] if isinstance(value, list) else value


def version_of(spec: dict[str, Any]) -> str:
    """The Vega-Lite version of a specification as vl-convert names it: "6.4" for …/vega-lite/v6.4.1.json.

    The newest one of vl-convert if it does not have this one.
    """
    import vl_convert

    known = vl_convert.get_vegalite_versions()
    stated = str(spec.get("$schema", "")).rpartition("/v")[2].removesuffix(".json")
    wanted = ".".join(stated.split(".")[:2])
    return wanted if wanted in known else max(known, key=lambda version: tuple(map(int, version.split("."))))


def description_of(spec: dict[str, Any], provenance: Provenance | None) -> str:
    """What the picture shows, in words: the chart's own description, else its provenance's headline."""
    written = spec.get("description")
    if isinstance(written, str) and written:
        return written
    return title_of(provenance)


def title_of(provenance: Provenance | None) -> str:
    """The file's title."""
    return f"{provenance.headline()} – Two Heads" if provenance else "Two Heads"
