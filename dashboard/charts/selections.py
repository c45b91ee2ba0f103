"""What the pointer is over, as Vega-Lite selections."""

from __future__ import annotations

from collections.abc import Sequence


def pointed(fields: Sequence[str], views: Sequence[str]) -> dict:
    """The top-level parameter "pointed": these fields of the mark under the pointer, in any of the named views.

    Cleared when the pointer leaves the drawing, not when it leaves a mark: what pointing draws is laid under
    the pointer, and clearing would take it away again, for ever. For the same reason nothing should be
    filtered by this selection itself, which is written again with every event, but by a parameter derived from
    it (`{"name": "row", "expr": "isValid(pointed.i) ? pointed.i[0] : -1"}`): that passes on a change only.
    """
    return {
        "name": "pointed",
        "select": {
            "type": "point",
            "on": "pointerover",
            "clear": "pointerleave",
            "fields": list(fields),
            "toggle": False,
        },
        "views": list(views),
    }


def entered(views: Sequence[str]) -> dict:
    """The top-level parameter "entered": the signal `entered_x[0]` is where, in pixels from the left of its
    panel, the pointer last came over a mark of the named views.

    Vega-Lite gives no expression the pointer's place. An interval selection keeps it as its start; this one
    waits for an end that never comes, so it selects nothing and draws nothing. For a chart of one panel.
    """
    starts = ", ".join(f"[@{view}_marks:pointerover, pointerdown] > touchcancel" for view in views)
    select = {"type": "interval", "encodings": ["x"], "on": starts, "clear": False, "translate": False, "zoom": False}
    return {"name": "entered", "select": select, "views": list(views)}
