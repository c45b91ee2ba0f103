"""Sentences about edited attention."""

from __future__ import annotations

from dashboard.analyses.edit.effect import Edited
from dashboard.analyses.edit.typed import ALL, ends
from dashboard.heads.format import capital, counted, figure, percent
from dashboard.text.display import visible
from dashboard.text.encoding import Encoding

WAYS = {
    "uniform": "spread evenly",
    "previous": "all on the previous token",
    "self": "all on itself",
    "first": "all on the first token",
}
ROUNDING, ROUNDED = 5e-7, "0.000001"  # 1 − cosine of 32-bit floats: a smaller turn is none that can be told


def said(encoding: Encoding, keys: Encoding, edit: str) -> str:
    """An edit in words: ``L2H9: “says” → “chef”``, ``L2H9: “says” spread evenly``. keys: the text that is looked at"""
    head, _, rest = edit.partition(":")
    query, equals, way = rest.rpartition("=")
    if equals and way.strip() in WAYS:
        return f"{head.strip()}: {_word(encoding, query)} {WAYS[way.strip()]}"
    query, key = ends(encoding, keys, rest)
    return f"{head.strip()}: {_word(encoding, query)} → {_word(keys, key)}"


def _word(encoding: Encoding, typed: str) -> str:
    """A word as it was typed, in quotes; for its number the word, with its number where the text has it again."""
    typed = typed.strip()
    if typed == ALL:
        return "every token"
    forms = [word.form for word in encoding.words]
    number = int(typed) if typed.isascii() and typed.isdigit() else len(forms)
    if number >= len(forms):
        return f"“{visible(typed)}”"
    again = f" ({number + 1})" if forms.count(forms[number]) > 1 else ""
    return f"“{visible(forms[number])}”{again}"


def named(found: Edited) -> str:
    """The edits, as a sentence begins with them: ``without L9H4: “are” → “keys”``, ``with 3 edits``."""
    first, *more = found.edits
    if more:
        return f"with {counted(len(found.edits), 'edits')}"
    return f"{'without' if found.cut else 'with'} {said(found.encoding, found.keys, first)}"


def edit_finding(found: Edited) -> str:
    """One sentence on what the edits change, with the figures without them."""
    what = capital(named(found))
    if not found.changed:
        return f"{what}, nothing changes in {found.model}."
    if not len(found.table) and not len(found.next):
        return f"The text has no token at which a change of {found.model} can be measured."
    if found.measure == "shift":
        most = found.table.iloc[found.table["shift"].argmax()]
        if most["shift"] < ROUNDING:
            return f"{what}, no last vector of {found.model} turns by more than {ROUNDED}, as rounding may turn it."
        return (
            f"{what}, the last vectors of {found.model} turn by {figure(found.effect)}, most at “{most['token']}” "
            f"({figure(most['shift'])}; 1 − cosine; one text)."
        )
    first = found.next.iloc[0]
    return (
        f"{what}, {found.model} gives “{first['token']}” {percent(first['p_edited'])} as the next token "
        f"({percent(first['p'])} unedited; one text)."
    )


def other_way(found: Edited, other: Edited) -> str:
    """The same edits with rows cut the other way."""
    if found.row == "renormalised":
        how = "If the rest of a cut row stays as it is instead"
    else:
        how = "If a cut row is renormalised instead"
    if other.measure == "shift":
        return f"{how}, the last vectors turn by {figure(other.effect)}."
    first, difference = other.next.iloc[0], other.logit_difference
    between = "" if difference is None else f", the logit difference is {difference[1]:.3f}"
    return f"{how}, “{first['token']}” gets {percent(first['p_edited'])}{between}."


def edit_remarks(found: Edited) -> list[str]:
    """What else changes: the difference to the rival, and the loss of the text's own tokens."""
    remarks = []
    if (difference := found.logit_difference) is not None:
        answer, rival = found.next["token"][:2]
        remarks.append(
            f"Logit (score before softmax) of “{answer}” minus that of “{rival}”: {difference[1]:.3f} with the edits, "
            f"{difference[0]:.3f} without."
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
