"""What each head carries over in a set of pairs, with intervals and the same-answer control: METRICS §9.

recovered: the mean over the pairs that the model gets right. control: the same with a donor A' that has A's answer, but
is another pair's text. specific = recovered(A) − recovered(A').
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.analyses.patching.pair import LEAST, Pair, pair_of
from dashboard.analyses.patching.sets import PairSet, TextPair
from dashboard.capture import AttentionModel
from dashboard.capture.interventions import Patch, head_of_language, run_of
from dashboard.errors import UserError
from dashboard.heads.bootstrap import intervals
from dashboard.heads.continuation import tokens_of
from dashboard.heads.head_id import HeadId, head_columns
from dashboard.text.encoding import Encoding

LENGTHS, SEVERAL, SAME, WRONG, CLOSE = "lengths", "several", "same", "wrong", "close"

Kept = MutableMapping[int, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class LeftOutPair:
    """A pair that is not used: its place in the set from 0, and why: "lengths" (its texts have different numbers of
    tokens), "several" (an answer is no single token), "same" (both answers are one token), "wrong" (the model does not
    prefer the right answer), "close" (|m(A) − m(B)| < 0.1)."""

    place: int
    why: str


@dataclass(frozen=True, eq=False)
class SetResult:
    """What H heads carry over in P pairs of a set.

    Attributes
    ----------
    name, total: the set, and how many pairs it has
    heads: which (H)
    places: those of the pairs that are used, from 0 (P)
    m: m(A) and m(B) of each (P, 2)
    recovered: of each pair and head (P, H); control: the same with A', NaN for a pair that has none
    left_out: the other pairs
    """

    name: str
    total: int
    heads: tuple[HeadId, ...]
    places: tuple[int, ...]
    m: np.ndarray
    recovered: np.ndarray
    control: np.ndarray
    left_out: tuple[LeftOutPair, ...]

    @property
    def controlled(self) -> int:
        """How many pairs have a same-answer control."""
        return int(np.isfinite(self.control).all(1).sum())


@dataclass(frozen=True, eq=False)
class _Read:
    """A pair as the model reads it."""

    place: int
    a: Encoding
    b: Encoding
    answer: int
    rival: int
    answers: tuple[str, str]


def measure_set(
    model: AttentionModel,
    pairs: PairSet,
    heads: Sequence[HeadId] | None = None,
    *,
    bos: bool = True,
    progress: Callable[[float, str], None] | None = None,
    kept: Kept | None = None,
) -> SetResult:
    """Carry every head (or these) over in every pair of a set that can be used.

    kept: what was measured before, by the place of the pair: (recovered, control) (H) each; new ones are put into it.
    Raises UserError for a model that predicts no next token, and a set of which no pair can be used.
    """
    head_of_language(model)
    read, left_out = _read(model, pairs.pairs, bos)
    kept = {} if kept is None else kept
    heads = model.all_heads if heads is None else tuple(heads)
    patches = [Patch((head,)) for head in heads]
    used: list[tuple[int, float, float]] = []
    ready: list[_Read] = []
    for one in read:
        pair = pair_of(model, one.a, one.b, one.answers, bos=bos)
        if pair.m_donor <= 0 or pair.m_base >= 0:
            left_out.append(LeftOutPair(one.place, WRONG))
        elif pair.m_donor - pair.m_base < LEAST:
            left_out.append(LeftOutPair(one.place, CLOSE))
        else:
            used.append((one.place, pair.m_donor, pair.m_base))
            ready.append(one)
        if progress:
            progress(0.0, f"Reading pair {one.place + 1} of {len(pairs.pairs)}")
    if not used:
        raise UserError(
            f"{model.title} gets no pair of “{pairs.title}” right, so there is nothing to carry over. Choose another "
            "set or another model."
        )
    for done, one in enumerate(ready):
        if progress:
            progress(done / len(ready), f"{done} of {len(ready)} pairs")
        if one.place not in kept:
            pair = pair_of(model, one.a, one.b, one.answers, bos=bos)
            kept[one.place] = _of_pair(model, one, pair, ready, patches)
    both = [kept[place] for place, _, _ in used]
    return SetResult(
        pairs.name,
        len(pairs.pairs),
        heads,
        tuple(place for place, _, _ in used),
        np.array([m for _, *m in used]),
        np.stack([recovered for recovered, _ in both]),
        np.stack([control for _, control in both]),
        tuple(sorted(left_out, key=lambda one: one.place)),
    )


def _of_pair(
    model: AttentionModel, one: _Read, pair: Pair, others: Sequence[_Read], patches: Sequence[Patch]
) -> tuple[np.ndarray, np.ndarray]:
    """What each head recovers in a pair, and with its control."""
    recovered = pair.recovered(pair.figures(patches))
    other = control_of(one, others)
    if other is None:
        return recovered, np.full(len(patches), np.nan)
    donor = run_of(model, other.a, pair.donor.last)
    return recovered, pair.recovered(pair.figures(patches, donor))


def control_of(one: _Read, others: Sequence[_Read]) -> _Read | None:
    """The pair whose first text is the donor A': the next one in the set, in a circle, with the same answer, as many
    tokens and another first text; None where there is none."""
    fits = [
        other
        for other in others
        if other.answer == one.answer and len(other.a) == len(one.a) and other.a.ids != one.a.ids
    ]
    after = [other for other in fits if other.place > one.place]
    return next(iter([*after, *fits]), None)


def _read(model: AttentionModel, pairs: Sequence[TextPair], bos: bool) -> tuple[list[_Read], list[LeftOutPair]]:
    """The pairs that can be used as far as their tokens go, and the others."""
    read, left_out = [], []
    for place, pair in enumerate(pairs):
        found = _tokens(model, place, pair, bos)
        if isinstance(found, str):
            left_out.append(LeftOutPair(place, found))
        else:
            read.append(found)
    return read, left_out


def _tokens(model: AttentionModel, place: int, pair: TextPair, bos: bool) -> _Read | str:
    a, b = (model.encode(text, bos=bos) for text in (pair.a, pair.b))
    if len(a) != len(b):
        return LENGTHS
    try:
        each = [[tokens_of(model, text, word, bos=bos) for text in (a, b)] for word in (pair.answer, pair.rival)]
    except UserError:  # it has no first token of its own
        return SEVERAL
    if any(len(tokens) != 1 or tokens != one[0] for one in each for tokens in one):
        return SEVERAL
    answer, rival = each[0][0][0], each[1][0][0]
    return SAME if answer == rival else _Read(place, a, b, answer, rival, (pair.answer, pair.rival))


def set_table(found: SetResult) -> pd.DataFrame:
    """A row per head: layer, head; recovered with _low and _high (95 % bootstrap over pairs; empty for one pair) and
    pairs, over how many; control (recovered with A'), specific with _low and _high, and controlled, over how many."""
    columns = head_columns(found.heads)
    table = pd.DataFrame(columns)
    some = np.isfinite(found.control).all(1)
    own, control = found.recovered, found.control[some]
    table = table.assign(**_with_interval("recovered", own), pairs=len(own))
    table["control"] = control.mean(0) if len(control) else np.nan
    return table.assign(**_with_interval("specific", own[some] - control), controlled=len(control))


def _with_interval(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """The mean over pairs of (P, H), and its interval."""
    none = np.full(values.shape[1], np.nan)
    low, high = intervals(values, np.ones(len(values))) if len(values) > 1 else (none, none)
    return {name: values.mean(0) if len(values) else none, f"{name}_low": low, f"{name}_high": high}


def reasons(found: SetResult) -> Iterator[tuple[str, int]]:
    """Why pairs were left out, and how many each."""
    every = [one.why for one in found.left_out]
    return ((why, every.count(why)) for why in (LENGTHS, SEVERAL, SAME, WRONG, CLOSE) if why in every)
