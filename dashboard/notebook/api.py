"""What a notebook calls: a widget with all heads of a model over a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from dashboard.analyses.scores.api import overview
from dashboard.capture import AttentionModel
from dashboard.capture.maps.which_heads import check_even
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.heads.head_group import How
from dashboard.heads.head_id import HeadId
from dashboard.installed import INSTALLED
from dashboard.notebook.state import checked_length, names_of
from dashboard.text import Encoding, Special, Unit

if TYPE_CHECKING:
    from dashboard.notebook.widget import Explorer


def explore(
    model: AttentionModel,
    text: str | Encoding,
    head: str | HeadId | None = None,
    *,
    together: str | Iterable[str | HeadId] = "head",
    how: How = "mean",
    picture: Literal["arcs", "heatmap"] = "arcs",
    atlas: str = "maps",
    unit: Unit = "words",
    special: Special = "show",
    theme: Theme | Literal["auto"] = "auto",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    as_words: bool = False,
) -> Explorer:
    """A widget for a notebook: all heads of a model, and one of them over the text. Needs anywidget.

    Click a head, or move to it with the arrow keys, and its picture stands next to it. Hover over a word for its
    weights. `chosen` of the widget names the head and can be set, `view` gives its `HeadView`. Several heads are drawn
    as one by `together` and `how`.

    Parameters
    ----------
    model: from `open_model`
    text: a string of at most 512 tokens, or an Encoding made by `model.encode`
    head: the head to begin with, like ``"L2H9"`` (default: the clearest of the model's profile, else the first)
    together: "head", that head alone; "layer", all heads of its layer; or heads as `attention_together` takes them:
        ``["L2H1", "L2H9"]``, ``"layer:2"``, ``"all"``
    how: "mean", "sum" or "max" of several heads
    picture: "arcs" over the words, or "heatmap"
    atlas: how all heads are drawn: "maps", each in small; or the name of a score, see `scores`
    unit, special: as in `attention`
    theme: "light", "dark", or "auto" for that of the notebook
    bos, limit, pair, as_words: as in `attention`

    Raises
    ------
    UserError: anywidget is missing, the text is empty or too long, or there is no such head, score or option.
    """
    try:
        from dashboard.notebook.widget import Explorer
    except ModuleNotFoundError as missing:
        if missing.name != "anywidget":
            raise
        package = '"two-heads[notebook]"' if INSTALLED else "anywidget"
        raise UserError(f"explore shows a widget and needs anywidget. Install it: pip install {package}") from missing
    reading = {"bos": bos, "limit": limit, "pair": pair, "as_words": as_words}
    check_even(model, "the widget")
    encoding = checked_length(text if isinstance(text, Encoding) else model.encode(text, **reading))
    names, clear = names_of(model)
    return Explorer(
        model,
        encoding,
        overview(model, encoding),
        names,
        chosen=(clear or model.all_heads[0]) if head is None else head,
        together=together,
        how=how,
        picture=picture,
        atlas=atlas,
        unit=unit,
        special=special,
        theme=theme,
    )
