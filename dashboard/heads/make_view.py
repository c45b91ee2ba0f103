"""A head's weights between tokens → the view of it that a person asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.heads.map_axis import MapAxis
from dashboard.heads.pooling import hide_special, to_axis
from dashboard.heads.view import HeadView
from dashboard.text.encoding import Axis, Encoding, Special, Unit

if TYPE_CHECKING:
    from dashboard.capture import AttentionModel


def view_in(
    model: AttentionModel,
    encoding: Encoding,
    head: HeadId,
    weights: np.ndarray,
    *,
    unit: Unit = "tokens",
    special: Special = "show",
    mask: np.ndarray | None = None,
) -> HeadView:
    """`make_view` for the weights that a head of this model has on a text: of a decoder and of cross attention the
    text is the target, and the model knows its source."""
    source, seen = model.given.source if model.given else None, model.source_text
    view = make_view(
        weights,
        head,
        encoding if seen is None else seen,
        unit=unit,
        special=special,
        causal=model.causal,
        model=model.title,
        mask=mask,
        name=model.name,
        revision=model.revision,
        target=None if seen is None else encoding,
    )
    return view if source is None or seen is not None else replace(view, source=source.text)


def make_view(
    weights: np.ndarray,
    head: HeadId,
    encoding: Encoding,
    *,
    unit: Unit = "tokens",
    special: Special = "show",
    causal: bool,
    model: str,
    mask: np.ndarray | None = None,
    name: str = "",
    revision: str = "",
    target: Encoding | None = None,
) -> HeadView:
    """A head's weights between tokens (n, n) → the view a person asked for.

    Parameters
    ----------
    weights: of one head over the tokens of `encoding`, rows sum to 1 (`dashboard.capture.head_weights`)
    unit: "words" sums over the tokens of a word looked at and averages over those of a word that looks (METRICS §0)
    special: "hide" removes special tokens and renormalises the rows
    causal, model: whether the model is causal; its title
    mask: bool (n, n), which tokens a token may see, where that does not follow from `causal`
    name, revision: what the model is opened by, and which weights they are
    target: of cross attention the text whose tokens look (r): `weights` and `mask` then are (r, n), and the tokens of
        `encoding` are looked at

    Raises UserError where hiding special tokens leaves nothing.
    """
    axis = encoding.axis(unit)
    rows = axis if target is None else target.axis(unit)
    weights = to_axis(weights, rows, axis)
    seen = visible_positions(axis, special)
    looks = seen if target is None else visible_positions(rows, special)
    if special == "hide":
        weights = hide_special(weights, rows.special, axis.special)
    if mask is not None:
        mask = (to_axis(mask.astype(np.float32), rows, axis) > 0)[np.ix_(looks, seen)]
    keys = MapAxis.of(axis, seen, pair=encoding.second is not None)
    return HeadView(
        head=head,
        weights=weights,
        queries=keys if target is None else MapAxis.of(rows, looks, pair=target.second is not None),
        keys=keys,
        unit=unit,
        hidden=special,
        causal=causal,
        text=encoding.text,
        model=model,
        mask=mask,
        choices=None if mask is None else mask.sum(1),
        name=name,
        revision=revision,
        pair=encoding.pair,
        target="" if target is None else target.text,
    )


def visible_positions(axis: Axis, special: Special) -> list[int]:
    """The positions that are shown. Raises UserError where there is none."""
    visible = [place for place, one in enumerate(axis.special) if special == "show" or not one]
    if special == "hide" and not visible:
        raise UserError("Without its special tokens nothing is left of this text. Show them, or type some words.")
    return visible
