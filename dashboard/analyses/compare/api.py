"""Compare heads on one text, on two texts or in two models: for the page, the command line and a notebook.

>>> aligned = compare_texts(model, "L2H8", "The chef says ramen is good.", "The pilot says ramen is good.")
>>> save(draw_aligned(aligned, "difference"), "pilot.svg")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from dashboard.analyses.compare.divergence import compare
from dashboard.analyses.compare.pairs_chart import closest_pairs, describe_pair
from dashboard.analyses.contribution.api import contributions
from dashboard.analyses.explore.api import attention, attention_together, fit_for
from dashboard.analyses.explore.side_by_side_chart import difference, side_by_side
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance, provenance_of
from dashboard.export.call import Call, Each, Model, Text, given
from dashboard.export.snippet import views_again
from dashboard.heads.alignment import Aligned, align_models, align_texts
from dashboard.heads.head_group import HOW_OF, How, named
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import Between, HeadView, Measure
from dashboard.text import Encoding, Special, Unit
from dashboard.text.shared_words import with_shared_words

NO_DIFFERENCE = (
    "Contributions in two models are lengths in two different spaces, so they have no difference. Look at them side by "
    "side, or at the difference of the weights."
)


def comparison_table(views: Sequence[HeadView], *, bos: bool = True) -> pd.DataFrame:
    """Compare every pair of heads over one text (METRICS §5): columns a, b (``L2H0``), js, top1, pearson, rows.

    views: of `attention`, or of `attention_together` for several heads as one
    bos: how the text was read, for the lines that reproduce the table. Raises UserError for fewer than two heads, and
    for views that are not over the same positions.
    """
    if len(views) < 2:
        raise UserError("A comparison takes two heads or more, like L2H0,L2H9.")
    table = pd.DataFrame(
        [{"a": str(a.head), "b": str(b.head), **vars(compare(a, b))} for a, b in combinations(views, 2)]
    )
    origin = provenance_of(list(views), "comparison", bos=bos)
    call = Call("comparison_table", (_views_call(origin, views[0], bos),), {} if bos else {"bos": bos}, makes="table")
    table.attrs["provenance"] = replace(origin, call=call).to_dict()
    return table


def _views_call(origin: Provenance, first: HeadView, bos: bool) -> Call | Each | list[Call]:
    how = given(bos=None if bos else bos, pair=first.pair or None, between=first.only or None)
    return views_again(origin, (origin.opened, Text(origin.text)), how)


def draw_closest_pairs(views: Sequence[HeadView], *, theme: Theme = "light", bos: bool = True) -> Drawing:
    """Draw the comparison of every pair of two to four heads (METRICS §5), as a small square of heads × heads."""
    pairs = {(i, j): compare(views[i], views[j]) for i, j in combinations(range(len(views)), 2)}
    names = [str(view.head) for view in views]
    lines = [f"{names[i]} and {names[j]}: {describe_pair(numbers)}" for (i, j), numbers in pairs.items()]
    description = "; ".join(lines) + "."
    chart = closest_pairs(
        names, pairs, Look(theme), title=(f"Similarity of heads · {views[0].model}"), description=description
    )
    origin = provenance_of(list(views), "alike", theme, bos=bos)
    how = {"theme": theme} | given(bos=None if bos else bos)
    call = Call("draw_closest_pairs", (_views_call(origin, views[0], bos),), how, makes="figure")
    return chart.made_of(replace(origin, call=call))


def compare_texts(
    model: AttentionModel,
    head: str | HeadId,
    first: str | Encoding,
    second: str | Encoding,
    *,
    unit: Unit = "words",
    special: Special = "show",
    bos: bool = True,
    measure: Literal["weight", "contribution"] = "weight",
    together: How | None = None,
) -> Aligned:
    """Compare one head on two texts, over the aligned words (`dashboard.heads.alignment.align_texts`).

    head: with `together` several, named as in `attention_together`; they are compared as one
    first, second: of a decoder and cross attention two targets beside its source
    measure: the head's weights, or the norms of its contributions; other parameters as in `attention`. Raises UserError
    for an empty text, for two texts that share no word, and for contributions that cannot be measured.
    """
    how = {"unit": unit, "special": special, "bos": bos}
    a, b = (_view(model, text, head, measure, together, **how) for text in (first, second))
    return align_views_of_texts(a, b, bos)


def align_views_of_texts(a: HeadView, b: HeadView, bos: bool = True) -> Aligned:
    """Like `compare_texts`, for existing views."""
    reading = {
        "first": a.target or a.text,
        "second": b.target or b.text,
        "unit": a.unit,
        "special": a.hidden,
        "bos": bos,
    }
    return replace(align_texts(a, b), reading=reading | _of_measure(a.measure))


def compare_models(
    model: AttentionModel,
    head: str | HeadId,
    other: AttentionModel,
    other_head: str | HeadId,
    text: str,
    *,
    special: Special = "show",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    between: Between | None = None,
    measure: Literal["weight", "contribution"] = "weight",
    together: How | None = None,
) -> Aligned:
    """Compare heads of two models on one text, over the words whose borders both tokenizers keep (METRICS §8).

    model, other: of two encoder–decoders' decoders or cross attention the parts, which have read the same source
        (`of_part`); `text` is then the target
    head, other_head: with `together` several of each model, named as in `attention_together`, as one each
    pair, between: as in `attention`, if both tokenizers know sentence pairs
    measure: the heads' weights, or the norms of their contributions; norms are lengths in two different spaces, so only
    where they are large and small can be compared, see `draw_aligned`. Raises UserError for an empty text, a head that
    a model does not have, two parts or two sources, two readings that share no word, and contributions that cannot be
    measured.
    """
    both = _over_shared_sources(model, other)
    encodings = with_shared_words([one.encode(text, bos=bos, limit=limit, pair=pair) for one in both])
    views = [
        _view(one, encoding, which, measure, together, unit="words", special=special, between=between)
        for one, encoding, which in zip(both, encodings, (head, other_head), strict=True)
    ]
    given = {"limit": limit, "pair": pair, "between": between}
    given = {name: one for name, one in given.items() if one is not None} | _of_measure(views[0].measure)
    return replace(align_models(*views), reading={"text": text, "special": special, "bos": bos} | given)


def _over_shared_sources(*models: AttentionModel) -> list[AttentionModel]:
    """Two models; where they look from a target at a source, over the words of the source that both divide exactly."""
    given = [one.given for one in models]
    a, b = ((one.part or "encoder", None if one.given is None else one.given.source.text) for one in models)
    if a != b:
        raise UserError(
            f"Heads of {models[0].title} and {models[1].title} can be compared in one part, over one source. "
            "Choose the same part of both, and give both the same source."
        )
    sources = [one.source for one in given if one is not None]
    if not sources:
        return list(models)
    return [
        replace(model, given=replace(one, source=source))
        for model, one, source in zip(models, given, with_shared_words(sources), strict=True)
        if one is not None
    ]


def _view(
    model: AttentionModel,
    text: str | Encoding,
    head: str | HeadId,
    measure: Measure,
    together: How | None,
    **how: Any,
) -> HeadView:
    if together is not None:
        if measure == "contribution":
            raise UserError(
                "Several heads are drawn as one by their weights only. Leave contributions out, or name one head."
            )
        return attention_together(model, text, str(head), together, **how)
    if measure == "contribution":
        return contributions(model, text, [head], **how)[0]
    return attention(model, text, head, **how)


def _of_measure(measure: Measure) -> dict[str, object]:
    """The option that names the measure, for the lines that reproduce it."""
    if how := HOW_OF.get(measure):
        return {"together": how}
    return {} if measure == "weight" else {"measure": measure}


def names_of(aligned: Aligned) -> tuple[str, str]:
    """Names for the two: by their texts if the model is the same, else by their models."""
    a, b = aligned.a, aligned.b
    if "first" in aligned.reading:
        return f"{a.head} (first text)", f"{b.head} (second text)"
    return f"{a.head} · {a.model}", f"{b.head} · {b.model}"


def draw_aligned(
    aligned: Aligned,
    view: str = "side",
    *,
    theme: Theme = "light",
    width: float | None = None,
    start: int = 0,
    most: int | None = None,
) -> Drawing:
    """Draw the two side by side on one scale ("side"), each with its own words; or the first minus the second
    ("difference"). Contributions in two models get a scale each, and have no difference.

    start, most: as in `draw`. Raises UserError for another view, and for the difference of contributions in two models.
    """
    if view not in ("side", "difference"):
        raise UserError(f"There is no view “{view}” of two aligned texts or models. Choose side or difference.")
    apart = "first" not in aligned.reading and aligned.a.measure == "contribution"
    if apart and view == "difference":
        raise UserError(NO_DIFFERENCE)
    both = aligned.own if view == "side" else (aligned.a, aligned.b)
    first, second = (fit_for(one, "heatmap", start, most) for one in both)
    names = names_of(aligned)
    if view == "side":
        chart = side_by_side([first, second], Look(theme, width), names=names, apart=apart)
    else:
        chart = difference(first, second, Look(theme, width), names=names)
    drawing = {"theme": theme, "width": width, "start": start or None, "most": most}
    return chart.made_of(origin_of_aligned(aligned, view, **drawing))


def aligned_table(aligned: Aligned) -> pd.DataFrame:
    """A row for every cell that both masks allow: from_a, to_a, from_b, to_b (places in each text, from 0), from, to,
    a, b (weights, or norms of contributions) and, except for norms in two models, difference (a − b); if a tokenizer
    did not know some characters also from_unknown_a, to_unknown_a (or _b): the number of unknown tokens there."""
    rows, columns = (aligned.a.allowed & aligned.b.allowed).nonzero()
    queries, keys = (pd.array(list(axis.labels), dtype="str") for axis in (aligned.a.queries, aligned.a.keys))
    a, b = aligned.a.weights[rows, columns], aligned.b.weights[rows, columns]
    at = aligned.places
    to = at if aligned.key_places is None else aligned.key_places
    comparable = "first" in aligned.reading or aligned.a.measure == "weight"
    return pd.DataFrame(
        {
            "from_a": at[rows, 0],
            "to_a": to[columns, 0],
            "from_b": at[rows, 1],
            "to_b": to[columns, 1],
            "from": queries.take(rows),
            "to": keys.take(columns),
            "a": a,
            "b": b,
        }
        | ({"difference": a - b} if comparable else {})
        | _unread(aligned, rows, columns)
    )


def _unread(aligned: Aligned, rows: np.ndarray, columns: np.ndarray) -> dict[str, np.ndarray]:
    """Columns with the number of unknown tokens at either end, for each side that has unknown tokens."""
    found = {}
    for side, view in (("a", aligned.a), ("b", aligned.b)):
        if any(view.queries.unknown) or any(view.keys.unknown):
            for end, axis, places in (("from", view.queries, rows), ("to", view.keys, columns)):
                found[f"{end}_unknown_{side}"] = np.array(axis.unknown or (0,) * len(axis))[places]
    return found


def origin_of_aligned(aligned: Aligned, view: str, **drawing: Any) -> Provenance:
    """The provenance of an aligned pair, with the lines that reproduce it."""
    a, b, reading = aligned.a, aligned.b, aligned.reading
    origin = provenance_of([a, b], view if view == "difference" else "compare", **drawing)
    model, text = origin.opened, Text(origin.text)
    if "first" in reading:
        other: dict[str, object] = {"second_text": reading["second"]}
        how = {name: reading[name] for name in ("unit", "special", "bos", "measure", "together") if name in reading}
        made = Call("compare_texts", (model, named(a.head), text, reading["second"]), how, to="aligned")
    else:
        other = {"other_model": b.name, "other_revision": b.revision, "other_title": b.model}
        how = {name: value for name, value in reading.items() if name != "text"}
        second = Model(b.name, b.revision, part=model.part, source=model.source)
        made = Call("compare_models", (model, named(a.head), second, named(b.head), text), how, to="aligned")
    call = Call("draw_aligned", (made, view), given(**drawing), makes="figure")
    return replace(origin, options=origin.options | other, call=call)
