"""Rows of a head's attention with other weights: METRICS §9.

The pass is the model's own. In an edited layer, a head's output for one query token is mixed again from the changed row
of weights; everything before it stays, and everything after it follows. The rows of one batch are the text several
times over, each time with other edits, and the layers before the first edited one run once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from dashboard.capture.ablate import Held
from dashboard.capture.attention_call import Row
from dashboard.capture.maps import own_mixes
from dashboard.capture.model import AttentionModel
from dashboard.capture.partial_forward import repeated_pass, resumable, whole_pass
from dashboard.capture.tap import Reweigh, RowOf
from dashboard.capture.visit import batch_inputs
from dashboard.capture.weight_file import check_tap
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.text.encoding import Encoding

Way = Literal["renormalised", "left", "uniform", "previous", "self", "first"]
CUTS: tuple[Way, ...] = ("renormalised", "left")
REPLACEMENTS: tuple[Way, ...] = tuple(way for way in get_args(Way) if way not in CUTS)


@dataclass(frozen=True)
class RowEdit:
    """One row of one head: the weights that a query token gives.

    Attributes
    ----------
    head, query: which row; the query is a token of the text, from 0
    way: "renormalised" or "left": the keys get the weight 0, and what remains is divided by its sum (as if the mask had
        hidden them) or stays as it is. Or what takes the place of the row: "uniform" over the keys that the mask
        allows, or one key alone: the "previous" token, the query it"self", the "first". A learned sink keeps its share
        in all but "renormalised", where it grows as the other weights do
    keys: the tokens that are cut, from 0, of the text that is looked at; empty for a replacement
    """

    head: HeadId
    query: int
    way: Way
    keys: frozenset[int] = frozenset()


@torch.inference_mode()
def edited_vectors(
    model: AttentionModel, encoding: Encoding, sets: Sequence[Sequence[RowEdit]], held: Held | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The last vectors of a text as they are (n, D), and with each of k sets of edits (k, n, D).

    held: what has run before of this text. A set without any weight to change gives the vectors as they are, bit for
    bit. Raises UserError for a head that the model does not have, a text that is too long, a replacement by a key that
    the mask hides, and a model of route "eager" whose heads' outputs cannot be told.
    """
    if own_mixes(model) is None:
        check_tap(model, "none of its links can be cut")
    model.check_length(len(encoding))
    for edit in (one for edits in sets for one in edits):
        model.check_head(edit.head)
    layers = {edit.head.layer for edits in sets for edit in edits}
    inputs = batch_inputs(model, [encoding])
    first = min(layers, default=None)
    known = held.whole(model, [encoding]) if held else None
    keep = frozenset() if first is None else resumable(model, encoding, [first])
    vectors, inputs_of_layers = known or whole_pass(model, inputs, keep=keep)
    if first is None:
        return vectors[0], vectors.expand(len(sets), -1, -1)
    reweigh, touched = _reweigh(sets)
    edited = repeated_pass(model, inputs, len(sets), first, inputs_of_layers.get(first), reweigh=reweigh)
    untouched = [place for place in range(len(sets)) if place not in touched]
    edited[untouched] = vectors[0]  # a batch of another size rounds differently
    return vectors[0], edited


def _reweigh(sets: Sequence[Sequence[RowEdit]]) -> tuple[Reweigh, set[int]]:
    """The edit of a batch whose rows are the text with each set of edits, and, once it has run, the rows in which a
    weight did change."""
    here: dict[int, dict[tuple[int, int], list[tuple[int, RowEdit]]]] = {}
    for place, edits in enumerate(sets):
        for edit in edits:
            rows = here.setdefault(edit.head.layer, {})
            rows.setdefault((edit.head.head, edit.query), []).append((place, edit))
    touched: set[int] = set()

    def reweigh(layer: int, row_of: RowOf, outputs: torch.Tensor) -> torch.Tensor:
        for (head, query), edits in here.get(layer, {}).items():
            row = row_of(head, query)
            for place, edit in edits:
                one = Row(row.weights[place], row.values[place], row.allowed[place], row.rest[place], row.told)
                new = changed_row(edit, one)
                if not torch.equal(new, one.weights):
                    outputs[place, query, head] = (new @ one.values).to(outputs.dtype)
                    touched.add(place)
        return outputs

    return reweigh, touched


def changed_row(edit: RowEdit, row: Row) -> torch.Tensor:
    """The new weights (m) of a row of one text.

    Raises UserError for a replacement by a key that the mask hides, and where it cannot be told which it hides.
    """
    if edit.way in CUTS:
        new, cut = row.weights.clone(), [key for key in edit.keys if key < len(row.weights)]
        new[cut] = 0
        if edit.way == "left" or not bool(row.weights[cut].any()):
            return new
        left = new.sum() + row.rest
        return new / left if left > 0 else torch.zeros_like(new)
    key = {"previous": edit.query - 1, "self": edit.query, "first": 0}.get(edit.way)
    if not row.told and (key is None or (0 <= key < len(row.weights) and not bool(row.allowed[key]))):
        raise UserError(
            f"{edit.head} gives some tokens no weight at all, and this model does not show whether its mask hides "
            f"them. Choose another row, or another replacement than {edit.way}."
        )
    if key is None:
        new = row.allowed.to(row.weights.dtype)
        return new / new.sum() * (1 - row.rest)
    if not 0 <= key < len(row.weights) or not bool(row.allowed[key]):
        raise UserError(
            f"In {edit.head}, token {edit.query} (counted from 0) cannot look at the {edit.way} position. Choose "
            "another row or another replacement."
        )
    new = torch.zeros_like(row.weights)
    new[key] = 1 - row.rest
    return new
