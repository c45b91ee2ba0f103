"""The links between words that lines and arcs draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.charts.ink import InkScale
from dashboard.heads.view import HeadView

FAINTEST = 0.005  # links below are never drawn, not even for a hovered word
THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Links:
    """The links of a view, ready to draw.

    rows: {i, j, w, o} of all links of at least `FAINTEST`, weakest first, so that the strongest are on top. o, the
        opacity, is w, but less for links to special tokens: if these are an attention sink, their fan would hide
        everything else
    threshold: the smallest weight drawn without hovering
    to_special: whether any of the drawn links leads to a special token
    ink: all weights, float (m, k), as parts of full ink, like `w`; `ink_scale` writes them as numbers
    """

    rows: list[dict]
    threshold: float
    to_special: bool
    ink: np.ndarray
    ink_scale: InkScale

    @property
    def note(self) -> str:
        """For the subtitle: which links are drawn."""
        paler = ", paler to special tokens" if self.to_special else ""
        least = self.ink_scale.exact(self.threshold)
        return f"links of {least} and more{paler} · thicker: {self.ink_scale.more}"


def links_of(view: HeadView) -> Links:
    """The links of a view, with the lowest threshold that leaves about two per word."""
    ink_scale = InkScale.of(view)
    weights = ink_scale.inked(view).astype(float)
    i, j = np.nonzero(weights >= FAINTEST)
    w = weights[i, j]
    order = np.argsort(w, kind="stable")
    special = np.array(view.keys.special, bool)[j]
    dark = np.where(special, 0.3 * w, w)
    rows = [
        {"i": a, "j": b, "w": c, "o": d}
        for a, b, c, d in zip(*(x[order].tolist() for x in (i, j, w.round(4), dark.round(3))), strict=True)
    ]
    most = 2.0 * len(view.queries)
    threshold = next((s for s in THRESHOLDS if np.count_nonzero(weights >= s) <= most), THRESHOLDS[-1])
    return Links(rows, threshold, bool((special & (w >= threshold)).any()), weights, ink_scale)


def strokes(widest: float) -> dict:
    """Encoding of a link's line: width and darkness by weight, up to `widest` pixels."""
    weight = {"field": "w", "type": "quantitative", "legend": None}
    return {
        "detail": {"field": "link", "type": "nominal"},
        "strokeWidth": weight | {"scale": {"domain": [0, 1], "range": [0.5, widest]}},
        "strokeOpacity": weight | {"field": "o", "scale": {"domain": [0, 0.1, 1], "range": [0.25, 0.35, 0.9]}},
    }
