"""Which heads a model has: the same number in every layer of most models, but not of all (Laguna, Step 3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, Part

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.capture.model import AttentionModel

HEADS_OF: dict[Part, str] = {"encoder": "encoder's heads", "decoder": "decoder's heads", "cross": "cross attention"}
_EXAMPLES: dict[Part, str] = {"": "L2H9", "encoder": "L2H9", "decoder": "D2H9", "cross": "X2H9"}


def check(model: AttentionModel, head: HeadId) -> None:
    """Raises UserError for a head of another part than the model's, and for one that its layer does not have."""
    if head.letter != HeadId(0, 0, model.part).letter:
        if model.whole is None:
            raise UserError(
                f"{model.title} has no head {head}: it is no encoder–decoder model, so its heads are written like L2H9."
            )
        raise UserError(
            f"{head} is not one of the {HEADS_OF[model.part]} of {model.title}, which are written like "
            f"{_EXAMPLES[model.part]}. Choose its part."
        )
    model.check_layer(head.layer, f"head {head}")
    heads = model.heads_of(head.layer)
    if not 0 <= head.head < heads:
        where = f"layer {head.layer}" if model.fewer else "a layer"
        raise UserError(
            f"{model.title} has no head {head}: it has {heads} heads in {where}, counted from 0 to {heads - 1}."
        )


def check_even(model: AttentionModel, what: str) -> None:
    """Raises UserError where layers have different numbers of heads. what: needs the same in every layer"""
    if model.fewer:
        raise UserError(
            f"{model.title} has {in_words(model)} heads in a layer, and {what} needs the same number in each. Choose "
            "another model."
        )


def in_words(model: AttentionModel) -> str:
    """How many heads a layer has: "12", "48 to 64"."""
    return f"{min(model.fewer.values())} to {model.heads}" if model.fewer else str(model.heads)


def existing(model: AttentionModel, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the heads that there are, of a table with `AttentionModel.heads` rows for each layer."""
    most = table["layer"].map(model.heads_of)
    return table[table["layer"].isin(model.numbers) & (table["head"] < most)]
