"""What the pointer is over, as a Vega-Lite selection."""

from __future__ import annotations

from collections.abc import Sequence


def pointed(fields: Sequence[str], views: Sequence[str]) -> dict:
    """The top-level parameter "pointed": these fields of the mark under the pointer, in any of the named views.

    Cleared when the pointer leaves the drawing, not when it leaves a mark: what a hover draws is laid under
    the pointer, and clearing would take it away again, for ever. For the same reason nothing should be
    filtered by this selection itself, which is written anew with every event, but by a parameter derived from
    it (`{"name": "row", "expr": "isValid(pointed.i) ? pointed.i[0] : -1"}`): that passes on a change only.
    """
    return {
        "name": "pointed",
        "select": {
            "type": "point", "on": "pointerover", "clear": "pointerleave", "fields": list(fields), "toggle": False,
        },
        "views": list(views),
    }  # fmt: skip
