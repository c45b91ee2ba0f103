"""A finished chart: a Vega-Lite specification with our look, which Altair and Streamlit take as one of theirs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import altair as alt

from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import SUBTITLE_SIZE, TITLE_SIZE, Theme, config
from dashboard.charts.titles import wrap

WIDTH = 600.0  # pixels of a whole drawing, where nothing else is asked for
NARROWEST = 420.0  # pixels that a title may take over a smaller picture, where there is room
VEGALITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])  # what vl-convert is to be asked for


@dataclass(frozen=True)
class _Html:
    """HTML as marimo takes it."""

    html: str

    def _mime_(self) -> tuple[str, str]:
        return "text/html", self.html


@dataclass(eq=False, repr=False)
class Drawing(alt.TopLevelMixin):
    """A chart whose specification is already whole.

    Altair's own `to_dict` copies and checks every datum against the schema: 50 to 200 ms a chart, on every
    click. Here the specification is written by hand and the tests check it. `save`, `to_json`,
    `st.altair_chart` and a notebook use a Drawing like any chart of Altair; `altair.Chart.from_dict(chart.to_dict())`
    makes one that can be changed further.

    Attributes
    ----------
    spec: in Vega-Lite; `to_dict` gives a copy
    provenance: where it comes from (`dashboard.Provenance`), or None; `dashboard.save` writes that into the file
    """

    spec: dict[str, Any]
    provenance: Any = None
    in_notebook: ClassVar[Callable[[Drawing], dict[str, str]] | None] = None
    """What a notebook's cell shows of it: set by `dashboard.export.notebook`, which knows the files."""

    def made_of(self, provenance: object) -> Drawing:
        """The same drawing, which now knows where it comes from."""
        self.provenance = provenance
        return self

    @property
    def description(self) -> str:
        """What a person who cannot see the chart reads instead: its finding."""
        return self.spec["description"]

    def _repr_mimebundle_(self, *args: Any, **kwds: Any) -> Any:
        in_notebook = type(self).in_notebook
        if alt.renderers.active == "default" and in_notebook is not None:
            return in_notebook(self)
        return super()._repr_mimebundle_(*args, **kwds)

    def _display_(self) -> Any:
        """What marimo shows: the same as other notebooks. It would take a Drawing for one of Altair's charts."""
        shown = self._repr_mimebundle_()
        if isinstance(shown, dict) and "text/html" in shown:
            return _Html(shown["text/html"])
        return alt.Chart.from_dict(self.to_dict())

    def refillable(self) -> tuple[dict[str, Any], dict[str, list[dict]]]:
        """(specification of a layered drawing without its data and its description, the data by name).

        Where from one drawing to the next only the data change, Streamlit keeps such a picture and fills it again; a
        drawing with its data or a changing description inside is made from nothing each time.
        """
        whole = self.to_dict()
        del whole["description"]
        data = {}
        for index, layer in enumerate(whole["layer"]):
            name = f"layer_{index}"
            data[name], layer["data"] = layer["data"]["values"], {"name": name}
        return whole, data

    def to_dict(
        self,
        validate: bool = True,
        *,
        format: str = "vega-lite",
        ignore: list[str] | None = None,
        context: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The specification as a dictionary of its own: "vega-lite", or compiled to "vega"."""
        if format == "vega":
            import vl_convert

            return vl_convert.vegalite_to_vega(self.spec, vl_version=VEGALITE)
        return copy.deepcopy(self.spec)


def sheet(
    body: dict[str, Any],
    theme: Theme,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    width: float,
    params: Sequence[dict] = (),
) -> Drawing:
    """A drawing of `body` (layers and sizes) with what every one has: title, look, alternative text.

    `width` is how many pixels the title may take; it is broken to fit.

    Data stand in the layers, never at the top of the specification or under "datasets": from there Streamlit
    moves them into tables of its own, and does not find all of them again.
    """
    look = config(theme)
    return Drawing(
        {
            "$schema": alt.SCHEMA_URL,
            "config": look,
            "background": look["background"],
            "padding": {"left": 4, "right": 8, "top": 4, "bottom": 8},
            # One drawing everywhere: the sizes are ours, nothing is fitted.
            "autosize": {"type": "pad", "contains": "padding"},
            "description": drawable(description, 2000),
            "title": {
                "text": wrap(drawable(title, 200), width, TITLE_SIZE * 1.06),  # half-bold is a little wider
                "subtitle": [line for part in subtitle for line in wrap(drawable(part, 400), width, SUBTITLE_SIZE)],
                "limit": 0,  # or Streamlit cuts it 40 pixels before the page's edge
            },
            **({"params": list(params)} if params else {}),
            **body,
        }
    )
