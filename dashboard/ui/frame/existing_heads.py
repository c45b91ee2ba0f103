"""Choices with the heads that the model has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from dashboard.heads.head_id import HeadId, Part, every_head, nearest
from dashboard.ui.url_state import Choices


def within(
    choices: Choices,
    layers: int,
    heads: int,
    numbers: Sequence[int] = (),
    part: Part = "",
    others: Collection[HeadId] = (),
    exist: Collection[HeadId] = (),
) -> tuple[Choices, list[str]]:
    """The same choices with heads that the model has; and a sentence for each head that it does not have.

    numbers: the layers that have attention, empty if all have; part: of an encoder–decoder, the one that the page
    reads; others: the heads of its other parts; exist: those that there are, where layers have different numbers
    """
    notices, every = [], exist or every_head(numbers or layers, heads, part)

    def exists(head: HeadId) -> bool:
        return head in every

    size = f"this model has layers 0 to {layers - 1} and heads 0 to {heads - 1}"
    if 0 < len(numbers) < layers:
        size = f"this model has attention in {len(numbers)} of {layers} layers ({', '.join(map(str, numbers))})"
    if exist:
        counts = Counter(head.layer for head in exist).values()
        size = f"the layers of this model have {min(counts)} to {heads} heads"
    if not exists(choices.chosen):
        now = nearest(every, choices.chosen)
        elsewhere = choices.chosen in others
        why = f"This page reads the {part or 'encoder'}" if elsewhere else f"There is no head {choices.chosen}: {size}"
        notices.append(f"{why}. {now} is shown.")
        choices = replace(choices, **now.choice)
    gone = [head for head in choices.pinned if not exists(head) and head not in others]
    if gone:
        notices.append(f"Unpinned: {', '.join(map(str, gone))}; {size}.")
        choices = choices.but(pinned=[head for head in choices.pinned if head not in gone])
    return choices, notices
