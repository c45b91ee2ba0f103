"""A finished chart: a Vega-Lite specification with our configuration, that Altair and Streamlit take as theirs."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import altair as alt

from dashboard.charts.safe import shown
from dashboard.charts.theme import Theme, config


class Drawing(alt.TopLevelMixin):
    """An Altair chart whose specification is already whole.

    Altair's own `to_dict` walks and checks every datum against the schema: 50 to 200 ms a chart, on every
    click. Here the specification was written by hand and is checked by the tests. `save`, `to_json`,
    `st.altair_chart` and a notebook use it like any other chart;
    `altair.Chart.from_dict(chart.to_dict())` gives one that can be changed further.
    """

    def __init__(self, spec: dict[str, Any]):
        self._spec = spec

    @property
    def description(self) -> str:
        """What a person who cannot see the chart is told instead: its finding."""
        return self._spec["description"]

    def to_dict(
        self,
        validate: bool = True,
        *,
        format: str = "vega-lite",
        ignore: list[str] | None = None,
        context: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The specification as a dictionary of its own ("vega-lite", or compiled to "vega")."""
        if format == "vega":
            import vl_convert

            return vl_convert.vegalite_to_vega(self._spec, vl_version=VEGALITE)
        return copy.deepcopy(self._spec)


VEGALITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def sheet(
    body: dict[str, Any],
    theme: Theme,
    *,
    title: str,
    subtitle: str | Sequence[str],
    description: str,
    params: Sequence[dict] = (),
) -> Drawing:
    """A drawing of `body` (layers and sizes) with what every one has: title, look, alternative text.

    Data stand in the layers, never at the top of the specification or under "datasets": from there Streamlit
    moves them into tables of its own, and does not find all of them again.
    """
    return Drawing(
        {
            "$schema": alt.SCHEMA_URL,
            "config": config(theme),
            "background": config(theme)["background"],
            "padding": {"left": 4, "right": 8, "top": 4, "bottom": 8},
            # One drawing everywhere: sizes are ours, Streamlit is not to fit anything.
            "autosize": {"type": "pad", "contains": "padding"},
            "description": description,
            "title": {"text": shown(title, 90), "subtitle": subtitle},
            **({"params": list(params)} if params else {}),
            **body,
        }
    )
