"""Several heads of one part of a model, taken together."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, Part, listed_heads, part_of, written_heads

if TYPE_CHECKING:
    from dashboard.capture import AttentionModel

How = Literal["mean", "sum", "max"]
HOWS: tuple[How, ...] = get_args(How)
TITLES: dict[How, str] = {"mean": "mean", "sum": "sum", "max": "maximum"}

GroupMeasure = Literal["mean_weight", "summed_weight", "largest_weight"]
MEASURES: dict[How, GroupMeasure] = {"mean": "mean_weight", "sum": "summed_weight", "max": "largest_weight"}
HOW_OF: dict[str, How] = {measure: how for how, measure in MEASURES.items()}

ALL = "all"
WHICH = {  # to choose from
    "head": "This head",
    "best": "The best five",
    "pinned": "Pinned heads",
    "layer": "This layer",
    "all": "All heads",
}
ONE_PART = "Heads of different parts look at different texts. Take heads of one part together."
NAMED = 4  # heads that a name spells out
_LAYER = re.compile(r"\s*layer:([0-9]{1,4})\s*", re.IGNORECASE)
_WHERE = {"decoder": " of the decoder", "cross": " of the cross attention"}


@dataclass(frozen=True)
class HeadGroup:
    """Several heads, and how they are taken together, written ``mean of L2H1, L2H9``, ``maximum of layer 2``.

    Attributes
    ----------
    how: "mean", "sum" or "max"
    heads: the heads, each once, all of one part
    asked: how they were named: ``L2H1,L2H9``, ``layer:2`` or ``all``
    divergence: how far the heads are from their mean, in bits: the Jensen–Shannon divergence of their rows, mean over
        the `rows` that count, from 0 to `most`; NaN where none counts
    """

    how: How
    heads: tuple[HeadId, ...]
    asked: str
    divergence: float = field(default=math.nan, compare=False)
    rows: int = field(default=0, compare=False)

    @property
    def which(self) -> str:
        """Which heads: ``L2H1, L2H9``, ``layer 2``, ``all heads``."""
        where = _WHERE.get(self.heads[0].part, "")
        if self.asked == ALL:
            return f"all heads{where}"
        if layer := _LAYER.fullmatch(self.asked):
            return f"layer {int(layer[1])}{where}"
        if len(self.heads) <= NAMED:
            return ", ".join(map(str, self.heads))
        return f"{', '.join(map(str, self.heads[: NAMED - 1]))} and {len(self.heads) - NAMED + 1} more heads"

    @property
    def most(self) -> float:
        """The largest divergence that so many heads can have, in bits: no two have a key in common."""
        return math.log2(len(self.heads))

    @property
    def part(self) -> Part:
        return self.heads[0].part

    def __str__(self) -> str:
        return f"{TITLES[self.how]} of {self.which}"


def group_of(model: AttentionModel, heads: str | Iterable[str | HeadId], how: str = "mean") -> HeadGroup:
    """The heads that are named, to be taken together.

    heads: ``"L2H1,L2H9"`` or a list of heads; ``"layer:2"``, all heads of a layer; ``"all"``, all of the model

    Raises UserError for another way than "mean", "sum" or "max", a head that the model does not have, heads of several
    parts, and fewer than two.
    """
    if how not in HOWS:
        raise UserError(f"Heads are taken together by their {', '.join(HOWS)}, not by “{how}”.")
    if named_together(heads):
        asked = str(heads).strip().lower()
        found = list(model.all_heads)
        if layer := _LAYER.fullmatch(asked):
            model.check_layer(int(layer[1]))
            asked, found = f"layer:{int(layer[1])}", [head for head in found if head.layer == int(layer[1])]
    else:
        listed = listed_heads(heads) if isinstance(heads, str) else list(dict.fromkeys(map(HeadId.of, heads)))
        part_of(listed, ONE_PART)
        found, asked = listed, written_heads(listed)
    for head in found:
        model.check_head(head)
    if len(found) < 2:
        raise UserError(
            f"This takes two heads or more, and {', '.join(map(str, found)) or 'none'} is named. Name several, "
            "like L2H1,L2H9, a layer, like layer:2, or all."
        )
    return HeadGroup(how, tuple(found), asked)


def named(head: HeadId | HeadGroup) -> str:
    """How a head, or several as one, is named to a function: ``L2H9``, ``layer:2``."""
    return head.asked if isinstance(head, HeadGroup) else str(head)


def named_together(heads: object) -> bool:
    """Whether these name a layer or all heads: ``layer:2``, ``all``."""
    return isinstance(heads, str) and (heads.strip().lower() == ALL or bool(_LAYER.fullmatch(heads)))
