"""The attention of heads on a text, and its pictures: what the page, the command line and a notebook call.

The data flows in one line: text → encoding → weights → view → chart → file. Each number is computed in one place, so
it is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dashboard.analyses.explore.side_by_side_chart import difference, side_by_side
from dashboard.analyses.explore.together import together_view
from dashboard.analyses.explore.views import VIEWS
from dashboard.capture import AttentionModel, head_maps, read_part
from dashboard.charts.look import Look
from dashboard.charts.stack import stack
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import (
    Provenance,
    provenance_of,
)
from dashboard.heads.head_group import ALL, How, group_of, named_together
from dashboard.heads.head_group import ONE_PART as TOGETHER_OF_ONE_PART
from dashboard.heads.head_id import HeadId, listed_heads, part_of
from dashboard.heads.links import links
from dashboard.heads.make_view import view_in
from dashboard.heads.view import Between, HeadView, existing_head, links_between
from dashboard.text import Encoding, Special, Unit

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.charts.drawing import Drawing

ONE_PART = "A picture shows one part of the model. Name heads that begin with the same letter: L, D or X."


def attention(
    model: AttentionModel,
    text: str | Encoding,
    head: str | HeadId,
    *,
    unit: Unit = "tokens",
    special: Special = "show",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    between: Between | None = None,
    as_words: bool = False,
    target: str | None = None,
) -> HeadView:
    """The attention of one head over a text. See `attentions` for several at once.

    Parameters
    ----------
    model: from `open_model`
    text: a string, or an Encoding made by `model.encode`
    head: ``"L2H9"`` or HeadId(2, 9), both counted from 0; of an encoder–decoder ``"D2H9"`` in its decoder, ``"X2H9"``
        in its cross attention
    unit: "tokens", or "words" (to a word: the sum over its tokens; from a word: the mean; METRICS §0)
    special: "show", or "hide" to remove special tokens and renormalise the rows
    bos: add a beginning-of-sequence token for a causal model whose tokenizer adds none (METRICS §0)
    limit: read at most this many tokens of a longer text (default: as many as the model takes)
    pair: a second text, read with the first as the tokenizer encodes sentence pairs
    between: of a pair, only the links from one text to the other or itself: "AA", "AB", "BA", "BB"
    as_words: split the text at white space and tokenize word by word
    target: of an encoder–decoder, the text that its decoder reads, `text` being the source

    Returns
    -------
    HeadView with `weights` float32 (m, m); row i is where position i looks and sums to 1. Of cross attention (r, m),
    the rows being positions of the target.

    Raises
    ------
    UserError: empty text, no such head, a tokenizer without sentence pairs.
    """
    how = {"unit": unit, "special": special, "bos": bos, "limit": limit, "pair": pair, "between": between}
    return attentions(model, text, [head], as_words=as_words, target=target, **how)[0]


def attentions(
    model: AttentionModel,
    text: str | Encoding,
    heads: Iterable[str | HeadId],
    *,
    unit: Unit = "tokens",
    special: Special = "show",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    between: Between | None = None,
    as_words: bool = False,
    target: str | None = None,
) -> list[HeadView]:
    """The attention of several heads over a text, in one forward pass that stops after the last of them; of the heads
    of several parts of an encoder–decoder in one for each part."""
    wanted = [HeadId.of(head) for head in heads]
    reading = {"bos": bos, "limit": limit, "pair": pair, "as_words": as_words}
    views: dict[HeadId, HeadView] = {}
    for letter in dict.fromkeys(head.letter for head in wanted):
        some = [head for head in dict.fromkeys(wanted) if head.letter == letter]
        part, encoding = read_part(model, text, some[0].part, target, **reading)
        maps = head_maps(part, encoding, [existing_head(part, head) for head in some])
        for head, (weights, mask) in zip(some, maps, strict=True):
            views[head] = view_in(part, encoding, head, weights, unit=unit, special=special, mask=mask)
    return links_between([views[head] for head in wanted], between)


def attention_together(
    model: AttentionModel,
    text: str | Encoding,
    heads: str | Iterable[str | HeadId] = ALL,
    how: How = "mean",
    *,
    unit: Unit = "tokens",
    special: Special = "show",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    between: Between | None = None,
    as_words: bool = False,
    target: str | None = None,
) -> HeadView:
    """The attention of several heads at once: the mean, the sum or the maximum of their weights, cell by cell, in one
    forward pass (METRICS §6).

    Parameters
    ----------
    heads: ``["L2H1", "L2H9"]`` or ``"L2H1,L2H9"``; ``"layer:2"``, all heads of a layer; ``"all"``. Of an
        encoder–decoder heads of one part; the other two are of the part that is given (`of_part`)
    how: "mean", "sum" or "max"
    the others: as in `attention`

    Returns
    -------
    a view with `measure` "mean_weight" (rows sum to 1), "summed_weight" (to the number of heads) or "largest_weight"
    (to 1 or more). Its `head` names the heads; `view.head.divergence` is what is lost: how far they are from their
    mean, in bits, from 0 to `view.head.most`.

    Raises
    ------
    UserError: as `attention` does, and for another way, and fewer than two heads.
    """
    reading = {"bos": bos, "limit": limit, "pair": pair, "as_words": as_words}
    wanted: str | list[HeadId] = heads if isinstance(heads, str) else [HeadId.of(head) for head in heads]
    if isinstance(wanted, str) and not named_together(wanted):
        wanted = listed_heads(wanted)
    of = "" if isinstance(wanted, str) else part_of(wanted, TOGETHER_OF_ONE_PART)
    part, encoding = read_part(model, text, of, target, **reading)
    view = together_view(part, encoding, group_of(part, wanted, how), unit=unit, special=special)
    return links_between([view], between)[0]


def draw(
    views: HeadView | Sequence[HeadView],
    view: str = "heatmap",
    *,
    theme: Theme = "light",
    start: int = 0,
    most: int | None = None,
    width: float | None = None,
    **marks: Any,
) -> Drawing:
    """Draw one head as "heatmap", "lines", "arcs" or "reading", several of them below one another; several heatmaps
    side by side on one scale ("compare"); or the signed difference of two ("difference").

    If the text has more positions than the picture can hold, it draws those from `start` on, at most `most`, and says
    so in its subtitle. `width` is that of the whole drawing in pixels. `marks` are what a view can show besides the
    head: arcs and heatmaps `cut` and `replaced`, arcs also lit, parse, role, heights, see `arcs_chart.arcs`.

    Raises
    ------
    UserError: unknown view, marks that it does not show, or heads that cannot be drawn together, like those of two
    parts of an encoder–decoder.
    """
    many = [views] if isinstance(views, HeadView) else list(views)
    if not many:
        raise UserError("There is no head to draw. Name at least one, like L2H9.")
    part_of([one.head for one in many if isinstance(one.head, HeadId)], ONE_PART)
    name = "compare" if view == "heatmap" and len(many) > 1 else view
    if unknown := set(marks) - (VIEWS[name].marks if name in VIEWS else set()):
        raise UserError(_unknown_marks(name, unknown))
    if name == "compare":
        chart = side_by_side([fit_for(one, "heatmap", start, most) for one in many], Look(theme, width))
    elif name == "difference":
        if len(many) != 2:
            raise UserError(f"A difference takes two heads; {len(many)} were given.")
        first, second = (fit_for(one, "heatmap", start, most) for one in many)
        chart = difference(first, second, Look(theme, width))
    elif name in VIEWS:
        chart = stack([VIEWS[name].draw(fit_for(one, name, start, most), Look(theme, width), **marks) for one in many])
    else:
        raise UserError(f"There is no view “{view}”. Choose one of {', '.join([*VIEWS, 'compare', 'difference'])}.")
    given = {"start": start or None, "most": most, "width": width}
    options = {option: value for option, value in (given | marks).items() if value is not None}
    return chart.made_of(provenance_of(many, view, theme, **options))


def _unknown_marks(name: str, marks: set[str]) -> str:
    others = [other for other, view in VIEWS.items() if marks <= view.marks]
    instead = f", or draw {' or '.join(others)}" if others else ""
    return f"The view “{name}” does not show {', '.join(sorted(marks))}. Leave that out{instead}."


def fit_for(view: HeadView, name: str, start: int = 0, most: int | None = None) -> HeadView:
    """The positions from `start` on that this picture can hold, at most `most`; the view itself if all fit."""
    longest = max(len(view.queries), len(view.keys))
    most = min(VIEWS[name].max_positions, most or longest)
    if longest <= most:
        return view
    if not view.one_axis:  # each side from `start` on, as far as it goes
        rows, columns = (max(0, min(start, len(axis) - most)) for axis in (view.queries, view.keys))
        last = min(columns + most, len(view.keys))
        return view.window(rows, min(rows + most, len(view.queries)), (columns, last))
    if view.crosses:  # a window over the border, as links lead from one text to the other
        border = view.segments.index(1)
        if not border - most < start < border:
            start = border - most // 2
    start = max(0, min(start, len(view) - most))
    return view.window(start, start + most)


def links_of(views: Sequence[HeadView], *, difference: bool = False) -> pd.DataFrame:
    """Every link of several heads: column head (``L2H9``), then the columns of `dashboard.heads.links`.

    difference: for two heads, a row per link instead: a column for each head, named after it (0 for a masked link),
    and difference, the first minus the second
    """
    import pandas as pd

    if difference:
        first, second = (str(view.head) for view in views[:2])
        a, b = (links(view).rename(columns={view.measure: str(view.head)}) for view in views[:2])
        both = a.merge(b, "outer", ["from_position", "to_position", "from", "to"]).fillna({first: 0.0, second: 0.0})
        return both.assign(difference=both[first] - both[second])
    return pd.concat([links(view).assign(head=str(view.head)) for view in views], ignore_index=True)[
        ["head", "from_position", "to_position", "from", "to", views[0].measure]
    ]


def provenance(
    model: AttentionModel, views: Sequence[HeadView], name: str, *, theme: Theme = "light", **options: object
) -> Provenance:
    """The provenance of a picture or a table of these views, for its file."""
    return provenance_of(views, name, theme, model=model.name, revision=model.revision, **options)
