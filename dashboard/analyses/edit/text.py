"""Sentences about edited attention."""

from __future__ import annotations

from dashboard.analyses.edit.effect import Edited
from dashboard.heads.format import counted, figure, percent


def edit_finding(found: Edited) -> str:
    """One sentence on what the edits change, with the figures without them."""
    what = found.edits[0] if len(found.edits) == 1 else counted(len(found.edits), "edits")
    if not found.changed:
        return f"With {what}, nothing changes in {found.model}."
    if not len(found.table) and not len(found.next):
        return f"The text has no token at which a change of {found.model} can be measured."
    if found.measure == "shift":
        most = found.table.iloc[found.table["shift"].argmax()]
        return (
            f"With {what}, the last vectors of {found.model} turn by {figure(found.effect)}, most at “{most['token']}” "
            f"({figure(most['shift'])}; 1 − cosine; one text)."
        )
    first = found.next.iloc[0]
    return (
        f"With {what}, {found.model} gives “{first['token']}” {percent(first['p_edited'])} as the next token "
        f"({percent(first['p'])} without; one text)."
    )


def edit_remarks(found: Edited) -> list[str]:
    """What else changes: the difference to the rival, and the loss of the text's own tokens."""
    remarks = []
    if (difference := found.logit_difference) is not None:
        answer, rival = found.next["token"][:2]
        remarks.append(
            f"The logit of “{answer}” less that of “{rival}” is {difference[1]:.3f}, without the edits "
            f"{difference[0]:.3f}."
        )
        if len(found.table) and not found.effect:
            remarks.append("The text’s own tokens are predicted as before.")
        elif len(found.table):
            way = "worse" if found.effect > 0 else "better"
            remarks.append(
                f"The text’s own tokens are predicted {way} by {figure(abs(found.effect))} nats per token "
                f"({counted(len(found.table), 'tokens')})."
            )
    if found.cut:
        rest = "are divided by their sum" if found.row == "renormalised" else "stay, so the head adds less"
        remarks.append(f"In a row with a cut, the other weights {rest}.")
    return remarks
