"""What a head does on this text, in one sentence with its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboard.charts.stretches import told
from dashboard.heads.format import WAYS, counted, number, percent
from dashboard.heads.head_group import TITLES, HeadGroup
from dashboard.heads.view import HeadView

# A pattern is named if it gets at least this share, and this much more than an even spread would give it.
LEAST_SHARE = 0.25
LEAST_EXCESS = 0.15
# … over at least this many rows, if the text has that many.
LEAST_ROWS = 3
# One special token is named alone if it has at least this part of the attention to all special tokens.
MOST_OF_SPECIAL = 0.85


@dataclass(frozen=True)
class _Pattern:
    """Keys that a row may prefer: the share they get, and would get from an even spread, as means over `rows` rows."""

    name: str
    share: float
    even: float
    rows: int

    @property
    def excess(self) -> float:
        return self.share - self.even


def finding(view: HeadView) -> str:
    """One sentence about what the head does on this text.

    It names the pattern (the previous, next or same word, itself, a special token …) with the most attention above an
    even spread over the visible keys; if none stands out, the strongest single link and the effective number of keys.
    Figures are means over the rows that count (METRICS §1), and their number is given.
    """
    if not view.counted.any():
        return f"On this text, no {_one(view)} can choose between keys, so there is no finding for {name_of(view)}."
    if view.measure == "contribution":
        return _largest_contribution(view)
    if view.measure == "largest_weight":
        return _largest_of_heads(view)
    if view.measure == "summed_weight":  # the rows are spoken of as parts of the sum
        view = replace(view, weights=view.weights / np.float32(view.full))
    if view.crosses:
        return _between_texts(view)
    if view.measure == "rollout" and not view.one_axis:
        return _from_source(view)
    patterns = list(_patterns(view))
    enough = min(LEAST_ROWS, int(view.counted.sum()))
    named = [p for p in patterns if p.share >= LEAST_SHARE and p.excess >= LEAST_EXCESS and p.rows >= enough]
    if not named:
        return _nothing_stands_out(view)
    best = max(named, key=lambda pattern: pattern.excess)
    does = f"gives {percent(best.share)} of its attention to"
    if view.measure == "rollout":
        does = f"traces {percent(best.share)} of each vector back to"
    return (
        f"{name_of(view, begins=True)} {does} {best.name} (mean over {counted(best.rows, view.unit)}; an even spread "
        f"would give {percent(best.even)})."
    )


def _patterns(view: HeadView) -> Iterator[_Pattern]:
    word, special = _one(view), np.asarray(view.keys.special, bool)
    place = np.arange(len(view.keys))
    if view.one_axis:
        yield from _within(view, place - place[:, None])
    else:
        yield _pattern(view, f"the same {word} there", _same(view) & ~special)
    if view.keys.start == 0 and not special[0]:
        first = np.broadcast_to(place == 0, view.weights.shape)
        yield _pattern(view, f"the first {word}, “{view.keys.drawn[0]}”", first)
    if special.any():
        yield _special(view, special)


def _within(view: HeadView, offset: np.ndarray) -> Iterator[_Pattern]:
    """Patterns of keys by their offset from the query. offset: key minus query (m, m)"""
    word, special = _one(view), np.asarray(view.special, bool)
    yield _pattern(view, f"the {word} itself", offset == 0)
    for name, step in ((f"the previous {word}", -1), (f"the next {word}", 1)):
        # a single word has only special tokens next to it
        if (view.counted[:, None] & (offset == step) & ~special).any():
            yield _pattern(view, name, offset == step)
    yield _pattern(view, f"other places of the same {word}", _same(view) & (offset != 0) & ~special)


def _same(view: HeadView) -> np.ndarray:
    """Whether a key is the same word as the query, ignoring case: bool (m, k)."""
    queries, keys = ([label.casefold() for label in axis.labels] for axis in (view.queries, view.keys))
    number = np.unique([*queries, *keys], return_inverse=True)[1]
    return number[: len(queries), None] == number[len(queries) :]


def _special(view: HeadView, special: np.ndarray) -> _Pattern:
    """The pattern of all special tokens, or of the one that gets nearly all of their attention."""
    shape, labels = view.weights.shape, np.asarray(view.keys.labels, object)
    every = _pattern(view, "special tokens", np.broadcast_to(special, shape))
    for label in dict.fromkeys(labels[special]):
        here = special & (labels == label)
        name = label if here.sum() == 1 else f"the {here.sum()} places of {label}"
        one = _pattern(view, name, np.broadcast_to(here, shape))
        if one.share >= MOST_OF_SPECIAL * every.share:
            return one
    return every


def _pattern(view: HeadView, name: str, keys: np.ndarray) -> _Pattern:
    """A pattern with means over the rows that count and can see such a key."""
    keys = keys & view.allowed
    rows = view.counted & keys.any(1)
    if not rows.any():
        return _Pattern(name, 0.0, 0.0, 0)
    share = (view.weights * keys)[rows].sum(1).mean()
    even = (keys[rows].sum(1) / _choices(view)[rows]).mean()
    return _Pattern(name, float(share), float(even), int(rows.sum()))


def _choices(view: HeadView) -> np.ndarray:
    """The number of keys that each position may see in the whole text: (m)."""
    if view.choices is not None:
        return np.maximum(view.choices, 1)
    rows, whole = len(view.queries), view.keys.whole or len(view.keys)
    return view.start + np.arange(rows) + 1 if view.causal else np.full(rows, whole)


def largest_contributions(views: Sequence[HeadView], names: Sequence[str]) -> str:
    """One sentence with the largest contribution of each head next to the mean of all its contributions.

    names: of the views
    """
    parts = []
    for view, name in zip(views, names, strict=True):
        if not view.counted.any():
            parts.append(f"{name} has none that counts")
            continue
        row, key = _largest(view)
        parts.append(
            f"{name} to “{view.queries.drawn[row]}” from “{view.keys.drawn[key]}” (norm {view.weights[row, key]:.3g}, "
            f"{_mean(view):.2g} on average)"
        )
    which = "" if all(view.counted.all() for view in views) else f" to {views[0].unit} that have a choice"
    return f"Largest contributions{which}: {', '.join(parts)}."


def _mean(view: HeadView) -> float:
    """The mean over the allowed cells of the rows that count."""
    return float(view.weights[view.counted][view.allowed[view.counted]].mean())


def _largest(view: HeadView) -> tuple[int, int]:
    """The row and key of the largest number in the rows that count."""
    rows = np.flatnonzero(view.counted)
    row, key = np.unravel_index(view.weights[rows].argmax(), (len(rows), len(view.keys)))
    return int(rows[row]), int(key)


def _largest_contribution(view: HeadView) -> str:
    row, key = _largest(view)
    where = f"to “{view.queries.drawn[row]}” from “{view.keys.drawn[key]}”"
    every = view.counted.all()
    rest = "" if every else f" to a {_one(view)} that has a choice"
    over = f"pairs of {view.unit} here" if every else f"that such {view.unit} may see"
    return (
        f"The largest contribution of {view.head}{rest} is {where}: norm {view.weights[row, key]:.3g}, against "
        f"{_mean(view):.2g} on average over all {over}."
    )


def _largest_of_heads(view: HeadView) -> str:
    row, key = _largest(view)
    return (
        f"Among {_heads(view)}, the largest weight leads from “{view.queries.drawn[row]}” to "
        f"“{view.keys.drawn[key]}”: {percent(view.weights[row, key])} ({percent(_mean(view))} on average over all "
        f"pairs of {view.unit})."
    )


def lost(view: HeadView) -> str:
    """One sentence on what several heads lose when they are shown as one; "" for a single head, and where no row
    counts."""
    group = view.head
    if not isinstance(group, HeadGroup) or math.isnan(group.divergence):
        return ""
    count, most = len(group.heads), f"{group.most:.3g}"
    rows = counted(group.rows, view.unit)
    return (
        f"Lost in the {TITLES[group.how]}: which head looks where. The {count} heads differ from their mean by "
        f"{number(group.divergence)} bits (Jensen–Shannon divergence, mean over {rows}; 0: all the same, "
        f"log₂\u00a0{count} = {most}: no key in common)."
    )


def name_of(view: HeadView, *, begins: bool = False) -> str:
    """The head, or the heads together with their article. begins: whether a sentence begins with it"""
    if not isinstance(view.head, HeadGroup):
        return str(view.head)
    return f"{'The' if begins else 'the'} {view.head}"


def _heads(view: HeadView) -> str:
    """Which heads are taken together: ``the heads of layer 2``, ``all heads``, ``L2H1, L2H9``."""
    group = view.head
    assert isinstance(group, HeadGroup)
    return f"the heads of {group.which}" if group.which.startswith("layer") else group.which


def _said(value: float, view: HeadView) -> str:
    """A weight as it is written: a share, or of a sum of heads how much of their number."""
    return f"{number(value * view.full)} of {view.full:g}" if view.measure == "summed_weight" else percent(value)


def _nothing_stands_out(view: HeadView) -> str:
    rows = np.flatnonzero(view.counted)
    weights = view.weights[rows].astype(np.float64)
    row, key = np.unravel_index(weights.argmax(), weights.shape)
    entropy = -(weights * np.log2(weights, out=np.zeros_like(weights), where=weights > 0)).sum(1)
    spread = (2**entropy / _choices(view)[rows]).mean()
    where = f"“{view.queries.drawn[rows[row]]}” → “{view.keys.drawn[key]}”"
    where_drawn = "" if view.outside is None or view.gaps else " in this part"
    return (
        f"No simple pattern stands out in {name_of(view)}: its strongest link{where_drawn} is {where}, "
        f"{_said(weights[row, key], view)}, and it spreads over {percent(min(spread, 1.0))} of the keys (mean over "
        f"{counted(len(rows), view.unit)})."
    )


def _between_texts(view: HeadView) -> str:
    rows = view.counted
    row, key = _largest(view)
    share = view.weights[rows].sum(1, dtype=np.float64).mean()
    looks, seen = WAYS[view.only]
    gives = f"{name_of(view)} gives {percent(share)} of its attention to the {seen} text"
    if view.measure == "rollout":
        gives = f"{view.head} traces {percent(share)} of each vector back to the {seen} text"
    return (
        f"From the {looks} text, {gives} (mean over {counted(int(rows.sum()), view.unit)}). Its strongest link there "
        f"is “{view.queries.drawn[row]}” → “{view.keys.drawn[key]}”, {_said(view.weights[row, key], view)}."
    )


def _from_source(view: HeadView) -> str:
    """How much of a target's vectors a rollout traces back to the source, the columns of segment 0."""
    rows, source = view.counted, np.asarray(view.keys.segments) == 0
    share = view.weights[rows][:, source].sum(1, dtype=np.float64).mean()
    allowed = view.allowed[rows]
    even = (allowed[:, source].sum(1) / _choices(view)[rows]).mean()
    return (
        f"{name_of(view, begins=True)} traces {percent(share)} of each vector of the target back to the source "
        f"(mean over {counted(int(rows.sum()), view.unit)}; an even spread would give {percent(even)})."
    )


def _one(view: HeadView) -> str:
    return view.unit.removesuffix("s")


def describe(kind: str, views: Sequence[HeadView]) -> str:
    """Alternative text: what kind of chart, and the finding of each head."""
    heads = " and ".join(name_of(view) for view in views)
    said = (sentence for view in views for sentence in (finding(view), lost(view)) if sentence)
    divided = told(views[0].keys.stretches, views[0].unit)
    return f"{kind} of {heads}, {views[0].model}. " + " ".join([*said, *filter(None, [divided])])
