"""A matrix as one small image."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from dashboard.charts.theme import paint

LEVELS = 256


def png_uri(values: np.ndarray, colours: list[str], low: float, high: float, hidden: str | None = None) -> str:
    """The matrix (m, n) as a PNG of n × m pixels in the colours that `theme.scale` gives, a data: address.

    A palette image of 256 levels: one byte a pixel before compression. `hidden`: the colour of what is NaN, which
    takes the last of the levels.
    """
    count = LEVELS if hidden is None else LEVELS - 1
    values = np.asarray(values, float)
    levels = np.clip((np.nan_to_num(values) - low) / (high - low), 0, 1) * (count - 1)
    levels = np.where(np.isnan(values), LEVELS - 1, levels) if hidden else levels
    image = Image.fromarray(np.rint(levels).astype(np.uint8), mode="P")
    palette = paint(np.linspace(low, high, count), colours, low, high).tobytes()
    image.putpalette(palette + (bytes.fromhex(hidden[1:]) if hidden else b""))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)  # beyond that ten times the time for a twentieth of the size
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def montage_uri(maps: np.ndarray, colours: list[str], cell: float, gap: float = 0.08) -> str:
    """Maps (layers, heads, t, t) in [0, 1] as one PNG, each in the middle of its cell with paper around it.

    Pixels per cell: a whole multiple of t so that no pixel of a map is wider than another, about twice the
    cell's size on screen, less where there are very many heads.
    """
    layers, heads, t, _ = maps.shape
    times = max(1, round(min(2 * cell, 4000 / max(layers, heads)) * (1 - 2 * gap) / t))
    inner = t * times
    edge = max(1, round(inner * gap))
    sheet = np.zeros((layers, heads, inner + 2 * edge, inner + 2 * edge), np.float32)
    sheet[:, :, edge:-edge, edge:-edge] = maps.repeat(times, axis=2).repeat(times, axis=3)
    size = inner + 2 * edge
    return png_uri(sheet.transpose(0, 2, 1, 3).reshape(layers * size, heads * size), colours, 0.0, 1.0)
