"""A head's arcs over the words, which a hand cuts: by a click on an arc, or on the query and then on the key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.components.v2 import component

from dashboard.analyses.explore.link_strokes import links_of
from dashboard.charts.browser import SENTENCE_JS
from dashboard.charts.labels import right_to_left
from dashboard.charts.theme import PALETTES, Theme
from dashboard.heads.view import HeadView
from dashboard.ui import session
from dashboard.ui.components.head_map import Edits

_JS, _CSS = (Path(__file__).with_name(f"cut_arcs.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
_HTML = '<div class="cut-arcs"></div>'


def show(
    key: str,
    view: HeadView,
    edits: Edits,
    *,
    theme: Theme,
    alt: str,
) -> None:
    """The arcs. view: over one axis; edits: of the head, and what is told the link that was clicked"""
    links, palette = links_of(view), PALETTES[theme]
    component("two_heads_cut_arcs", html=_HTML, css=_CSS, js=SENTENCE_JS + _JS)(
        key=key,
        data={
            "words": list(view.drawn),
            "special": [k for k, special in enumerate(view.special) if special],
            "backwards": right_to_left(view.text),
            "causal": view.causal,
            "links": [[one["i"], one["j"], one["w"]] for one in links.rows],
            "threshold": links.threshold,
            "cuts": [list(cell) for cell in edits.cuts],
            "replaced": list(edits.replaced),
            "colours": {"ink": palette.ink, "cut": palette.context},
            "alt": alt,
        },
        on_cut_change=lambda: _take(key, len(view), edits.take),
    )


def _take(key: str, m: int, take: Callable[[list[tuple[int, int]]], None]) -> None:
    told = session.told(key).get("cut")
    if isinstance(told, list) and len(told) == 2 and all(isinstance(k, int) and 0 <= k < m for k in told):
        take([(told[0], told[1])])
