"""What the browser is sent: all heads in small once, and one head whole each time it is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from dashboard.analyses.explore.heatmap_chart import top_of
from dashboard.analyses.explore.link_strokes import links_of
from dashboard.analyses.explore.text import finding, lost
from dashboard.analyses.profile.library import profiles_of, read_profile
from dashboard.analyses.profile.names import HeadName, clearest, head_names
from dashboard.analyses.scores.atlas_chart import full_ink
from dashboard.analyses.scores.induction import induction_of_heads
from dashboard.analyses.scores.scores import SCORES
from dashboard.analyses.scores.survey import Survey
from dashboard.analyses.scores.thumbnails import column_sums, row_means
from dashboard.capture import AttentionModel
from dashboard.charts import titles
from dashboard.charts.ink import InkScale
from dashboard.charts.labels import labels_of, right_to_left
from dashboard.charts.theme import PALETTES, ink
from dashboard.errors import UserError
from dashboard.heads.format import capital, percent
from dashboard.heads.head_group import ALL, TITLES, WHICH, group_of
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView
from dashboard.text import Encoding
from dashboard.text.notes import reading_notes

MOST = 512  # tokens: a map of more can neither be drawn nor sent at a click
MOST_BYTES = 300_000  # of all thumbnails together
SIZES = (32, 16, 8)  # of a thumbnail, the first that fits


def checked_length(encoding: Encoding) -> Encoding:
    """The encoding itself. Raises UserError where it has more tokens than the widget shows."""
    if len(encoding) > MOST:
        raise UserError(
            f"The text has {len(encoding):,} tokens and the widget shows up to {MOST}. Use a shorter text, or "
            f"limit={MOST} for its first {MOST} tokens."
        )
    return encoding


def known_together(model: AttentionModel, heads: str | Iterable[str | HeadId]) -> str:
    """What is drawn: "head", the chosen one alone; "layer", its layer; or the heads as `attention_together` takes them,
    ``L2H1,L2H9``, ``layer:2`` or ``all``. Raises UserError as `group_of` does."""
    if heads == "head":
        return "head"
    if heads == "layer":
        group_of(model, f"layer:{model.numbers[0]}")  # every layer has as many heads
        return "layer"
    if not isinstance(heads, Iterable):
        raise UserError(f"“{heads}” names no heads. Choose head, layer or all, or name heads like L2H1,L2H9.")
    return group_of(model, heads).asked


def offered(model: AttentionModel) -> dict[str, str]:
    """What a person can choose to see: several heads only where there are several."""
    most = {"head": 2, "layer": model.heads, ALL: len(model.all_heads)}
    return {name: WHICH[name] for name, heads in most.items() if heads > 1}


def names_of(model: AttentionModel) -> tuple[Mapping[HeadId, HeadName], HeadId | None]:
    """What the heads are called, by the model's first profile that can be read, and its clearest head. Empty and None
    where there is no profile."""
    for entry in profiles_of(model):
        with suppress(UserError, OSError):
            profile = read_profile(entry.folder)
            return head_names(profile, induction_of_heads(model)), clearest(profile)
    return {}, None


def model_state(
    model: AttentionModel, encoding: Encoding, whole: Survey, names: Mapping[HeadId, HeadName]
) -> dict[str, Any]:
    """All heads in small, and what does not change with the head.

    ``maps`` are bytes, uint8 (layers, heads, t, t): 255 · √weight, t at most 32 and less for many heads, so that all
    together have at most 300 kB. Scores are a number a head.

    Parameters
    ----------
    whole: of the encoding, with thumbnails; names: of heads, as far as they have one
    """
    assert whole.thumbnails is not None  # asked for
    maps = small(whole.thumbnails[list(model.numbers)])
    return {
        "model": model.title,
        "extent": model.size,
        "layers": list(model.numbers),
        "heads": model.heads,
        "size": maps.shape[-1],
        "maps": maps.tobytes(),
        "scores": [_score(name, whole.scores) for name in SCORES],
        "names": {str(head): [name.text, name.role] for head, name in names.items() if name.kind != "unnamed"},
        "together": offered(model),
        "hows": {how: capital(title) for how, title in TITLES.items()},
        "notes": reading_notes(encoding, model.title, len(encoding)),
        "themes": {theme: asdict(palette) | {"ink_stops": ink(theme)} for theme, palette in PALETTES.items()},
    }


def small(thumbnails: np.ndarray) -> np.ndarray:
    """Thumbnails (layers, heads, t, t) as ink: uint8 (layers, heads, s, s), 255 · √weight, with the largest s of 32, 16
    and 8 (at most t) with which they take at most 300 kB, else 8."""
    layers, heads, t, _ = thumbnails.shape
    size = min(t, next((size for size in SIZES if layers * heads * size**2 <= MOST_BYTES), SIZES[-1]))
    if size < t:
        thumbnails = row_means(t, size) @ thumbnails @ column_sums(t, size)
    return np.rint(255 * np.sqrt(np.clip(thumbnails, 0, 1))).astype(np.uint8)


def _score(name: str, table: pd.DataFrame) -> dict[str, Any]:
    what, values = SCORES[name], table[name].to_numpy(float)
    share = what.unit == "share"

    def in_full(value: float) -> str:
        if np.isnan(value):
            return "has no value on this text"
        return percent(value) if share else f"{value:.2f} {what.unit}"

    return {
        "name": name,
        "title": what.title,
        "high": full_ink(values, share) or 1.0,
        "values": [None if np.isnan(value) else round(float(value), 4) for value in values],
        "short": ["–" if np.isnan(value) else f"{100 * value:.0f}" if share else f"{value:.1f}" for value in values],
        "written": [in_full(float(value)) for value in values],
    }


def head_state(view: HeadView, name: HeadName | None) -> dict[str, Any]:
    """One head, or several as one, whole: its words, and its weights as bytes, uint16 (m, m) with 65535 for full ink,
    low byte first. Full ink is 1, of a sum the number of heads."""
    ink_scale, top = InkScale.of(view), top_of([view])
    return {
        "head": capital(str(view.head)),
        "unit": view.unit,
        "words": labels_of(view.drawn),
        "quiet": list(map(bool, view.special)),
        "weights": np.rint(np.clip(ink_scale.inked(view), 0, 1) * 65535).astype("<u2").tobytes(),
        "threshold": links_of(view).threshold,
        "top": top,
        "most": ink_scale.up_to(top),
        "sum": view.full if ink_scale.number else 0,
        "shares": view.measure in ("weight", "mean_weight"),
        "causal": view.causal,
        "backwards": right_to_left(view.text),
        "finding": finding(view),
        "lost": lost(view),
        "evidence": name.evidence if name else "",
        "nothing": titles.nothing(view),
        "about": titles.positions(view).capitalize(),
    }
