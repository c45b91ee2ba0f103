"""Carry a head over from one text to another. For the page, the command line and a notebook.

found = patch(model, "The keys to the cabinet", "The key to the cabinet", answers=("are", "is"))
found.table                                       # a row per head: recovered, and m
patch(model, found.text, found.other, answers=("are", "is"), position="each", heads=["L15H3"])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from dashboard.analyses.patching.pair import Pair, pair_of
from dashboard.capture import AttentionModel
from dashboard.capture.interventions import INTO, Patch, between
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text
from dashboard.export.provenance import origin, reading
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import existing_head
from dashboard.text import Encoding
from dashboard.text.word_named import word_named

ALL, EACH = "all", "each"
NO_CALL = Call(name="")  # of a result that was made without the public function
Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Carried:
    """What is measured of one text with parts of another in it.

    Attributes
    ----------
    table: the figures
    m_a, m_b: the logit of the answer less that of its rival, after the first text and after the second
    answers: the two tokens, as a person reads them
    typed: the answers as they were given
    name, revision, model: of the model: what opens it, its commit, its title
    text, other: the first text, from which heads are taken, and the second
    reading: the options the texts were read with, where they differ from the usual ones
    call: the call that makes it
    """

    table: pd.DataFrame
    m_a: float
    m_b: float
    answers: tuple[str, str]
    typed: tuple[str, str]
    name: str
    revision: str
    model: str
    text: str
    other: str
    reading: Mapping[str, Any]
    call: Call = NO_CALL
    part: str = ""
    source: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Patched(Carried):
    """What is recovered of the difference between two texts, with a head of the first in the second.

    Attributes
    ----------
    table: a row per head, or with `position` "each" per head and token: layer, head; position (from 0) and token (of
        the second text) where there is one; m (the logit difference with the patch); recovered = (m − m_b) / (m_a −
        m_b), empty where |m_a − m_b| < 0.1; with `direct` also m_direct and direct, the same by the path to the logits
        alone. With `mlps` feed-forward parts have rows without a head
    position: "all", "each", or the word
    tokens: how many tokens each text has; differ: how many of them are not the same
    the others: as in `Carried`
    """

    position: str
    tokens: int
    differ: int


def patch(
    model: AttentionModel,
    a: str | Encoding,
    b: str | Encoding,
    *,
    answers: Sequence[str] = ("", ""),
    heads: Iterable[str | HeadId] | None = None,
    position: str | int = ALL,
    direct: bool = False,
    mlps: bool = False,
    bos: bool = True,
    progress: Progress | None = None,
    pair: Pair | None = None,
) -> Patched:
    """Carry heads over from text A to text B, one at a time, and measure what comes back of A's answer (METRICS §9).

    m = logit(answer of A) − logit(answer of B) of the next token. B runs with the head's output, before the output
    projection, taken from A. recovered = (m(patched) − m(B)) / (m(A) − m(B)): 0, B's prediction stays; 1, it is A's.

    Parameters
    ----------
    a, b: two texts of the same number of tokens
    answers: the answer of A and that of B, of which the first token each counts; "" for what the model says
    heads: like ``["L2H9"]``; None for all
    position: "all" (at all tokens), "each" (at one token after the other), or a word of B, or its number from 0
    direct: also by the path to the logits alone, all else frozen, the final norm as in B
    mlps: also the feed-forward part of each layer
    bos: as in `dashboard.attention`
    progress: called with the fraction done and a sentence; an exception it raises stops the work
    pair: the two texts as they have run, for one call after another

    Raises UserError for texts of different numbers of tokens, a head or word that does not exist, answers that begin
    with the same token, and a model that predicts no next token or whose attention code is not supported.
    """
    a, b = (one if isinstance(one, Encoding) else model.encode(one, bos=bos) for one in (a, b))
    first, second = _two(answers)
    wanted = None if heads is None else sorted({existing_head(model, head) for head in heads})
    if wanted == [] and not mlps:
        raise UserError("There is no head to carry over. Name at least one, like L2H9.")
    pair = pair or pair_of(model, a, b, (first, second), bos=bos, mlps=mlps)
    where = places_of(pair, position)
    parts = [*(model.all_heads if wanted is None else wanted), *(model.numbers if mlps else ())]
    named = [(part, places) for part in parts for places in where]
    patches = [patch_of(part, places) for part, places in named]

    def done(many: int) -> None:
        if progress:
            progress(many / len(patches), f"Carrying over {counted(len(parts), 'parts' if mlps else 'heads')}")

    figures = pair.figures(patches, progress=done)
    columns = {
        "layer": [part.layer if isinstance(part, HeadId) else part for part, _ in named],
        "head": [part.head if isinstance(part, HeadId) else pd.NA for part, _ in named],
    }
    table = pd.DataFrame(columns).astype({"head": "Int64"} if mlps else {})
    if position == EACH:
        table["position"] = [places[0] for _, places in named if places]
        table["token"] = [b.drawn[places[0]] for _, places in named if places]
    table["m"], table["recovered"] = figures, pair.recovered(figures)
    if direct:
        own = [part for part in parts if isinstance(part, HeadId)]
        alone = dict(zip(own, pair.direct(own), strict=True))
        reached = [alone.get(part, np.nan) if at_last(pair, places) else pair.m_base for part, places in named]
        table["m_direct"] = reached
        table["direct"] = pair.recovered(np.array(reached))
    about = _about(model, pair, (first, second), a, b, bos)
    found = Patched(table, **about, position=str(position), tokens=len(b), differ=len(pair.differ))
    how = {"heads": None if wanted is None else list(map(str, wanted))} if heads is not None else {}
    how |= {"position": position} if position != ALL else {}
    how |= {name: True for name, on in (("direct", direct), ("mlps", mlps)) if on}
    return recorded(found, "patch", (), how)


@dataclass(frozen=True, eq=False, kw_only=True)
class Path(Carried):
    """What one head carries to another alone, all else frozen.

    Attributes
    ----------
    table: a row each for what the change reaches in the receiver: into ("queries", "keys", "values", "all"), m,
        recovered
    sender, receiver: the two heads
    the others: as in `Carried`
    """

    sender: HeadId
    receiver: HeadId


def patch_path(
    model: AttentionModel,
    a: str | Encoding,
    b: str | Encoding,
    sender: str | HeadId,
    receiver: str | HeadId,
    *,
    answers: Sequence[str] = ("", ""),
    bos: bool = True,
    pair: Pair | None = None,
) -> Path:
    """Carry over what one head gives to another, all else frozen: path patching (Wang et al. 2022; METRICS §9).

    The sender's output is A's. Its change goes through the stream alone to the receiver's queries, keys, values, or all
    three. The receiver's output that follows is put into B's pass, and the rest is computed anew.

    Parameters as in `patch`. sender, receiver: like "L2H9" and "L5H1", the second in a later layer. Raises UserError as
    `patch` does, and where the parts of a layer cannot be told apart.
    """
    a, b = (one if isinstance(one, Encoding) else model.encode(one, bos=bos) for one in (a, b))
    typed = _two(answers)
    first, second = (existing_head(model, head) for head in (sender, receiver))
    pair = pair or pair_of(model, a, b, typed, bos=bos)
    figures = between(pair.into, pair.donor, first, second)
    ways = [way for way in INTO if way in figures]
    values = np.array([figures[way] for way in ways])
    table = pd.DataFrame({"into": ways, "m": values, "recovered": pair.recovered(values)})
    found = Path(table, **_about(model, pair, typed, a, b, bos), sender=first, receiver=second)
    return recorded(found, "patch_path", (str(first), str(second)), {})


def places_of(pair: Pair, position: str | int) -> list[tuple[int, ...] | None]:
    """The tokens of each patch: None for all. Raises UserError for a word that B does not have."""
    encoding = pair.base.encoding
    if position == ALL:
        return [None]
    if position == EACH:
        return [(place,) for place in range(len(encoding))]
    word = word_named(encoding, str(position))
    return [tuple(token for token, of in enumerate(encoding.word_of) if of == word)]


def patch_of(part: HeadId | int, places: tuple[int, ...] | None) -> Patch:
    """The patch of a head, or of a layer's feed-forward part."""
    return Patch((part,), (), places) if isinstance(part, HeadId) else Patch((), (part,), places)


def at_last(pair: Pair, places: tuple[int, ...] | None) -> bool:
    """Whether the last token is among these, which alone has a direct path to the next token's logits."""
    return places is None or pair.base.last in places


def _two(answers: Sequence[str]) -> tuple[str, str]:
    if isinstance(answers, str) or len(answers) != 2:
        raise UserError("There are two answers: that of the first text, and that of the second, like are and is.")
    return answers[0], answers[1]


def _about(
    model: AttentionModel, pair: Pair, typed: tuple[str, str], a: Encoding, b: Encoding, bos: bool
) -> dict[str, Any]:
    """What `Carried` keeps of the model, the texts and the answers."""
    return {
        "m_a": pair.m_donor,
        "m_b": pair.m_base,
        "answers": pair.labels,
        "typed": typed,
        "name": model.name,
        "revision": model.revision,
        "model": model.title,
        "text": a.text,
        "other": b.text,
        "reading": reading(b, bos=bos, limit=None),
    }


Found = TypeVar("Found", bound=Carried)


def recorded(found: Found, verb: str, more: tuple[str, ...], how: dict[str, Any]) -> Found:
    """The result, which knows the call that makes it, as its table does."""
    of = Model.kept(found)
    how = ({"answers": list(found.typed)} if any(found.typed) else {}) | how | dict(found.reading)
    call = Call(verb, (of, Text(found.text), found.other, *more), how, to="found")
    found.table.attrs["provenance"] = provenance_of_patch(replace(found, call=call)).to_dict()
    return replace(found, call=call)


def provenance_of_patch(found: Carried) -> Provenance:
    """Where the table of a result comes from, with the lines of Python that make it again."""
    of, how = Model.kept(found), dict(found.call.kwargs)
    heads = (*map(str, found.call.args[3:]), *(how.get("heads") or ()))
    made = Part(replace(found.call, to=""), "table", "table")
    options = {"other": found.other} | how
    return origin(of, found.text, "patch", made, heads=heads, unit="tokens", options=options)
