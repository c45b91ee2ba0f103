"""The sentence with the arcs of one head above it and of another below, and the minimal attention beside it.

Everything that follows the pointer or the focus happens in the browser. A click on one word and then on another tells
the pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from dashboard.analyses.start.choose import Side, strongest
from dashboard.analyses.start.text import of_word
from dashboard.charts.browser import SENTENCE_JS
from dashboard.charts.labels import right_to_left
from dashboard.charts.theme import PALETTES, Theme
from dashboard.heads.chance_words import MARK, beyond
from dashboard.ui import session

_JS, _CSS = (Path(__file__).with_name(f"two_sides.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
_JS = SENTENCE_JS + _JS
_HTML = '<div class="sides"></div>'


def show(
    top: Side,
    bottom: Side,
    *,
    code: Sequence[str],
    sameness: str,
    pair: tuple[int, int] | None,
    theme: Theme,
    take: Callable[[int, int], None],
) -> None:
    """The two heads over the sentence, and the code that made the weights of the top one.

    pair: the two words that are marked; take: is told two words that were clicked one after the other
    """
    view = top.view
    rest, _, _ = strongest(view)
    key = "two_sides"
    component("two_heads_sides", html=_HTML, css=_CSS, js=_JS)(
        key=key,
        data={
            "words": list(view.drawn),
            "backwards": right_to_left(view.text),
            "sides": [_side(top, theme), _side(bottom, theme)],
            "lines": [of_word(i, top, bottom) for i in range(len(view))],
            "rest": rest,
            "pair": list(pair) if pair else None,
            "code": list(code),
            "sameness": sameness,
        },
        on_pair_change=lambda: _take(key, take),
    )


def _side(side: Side, theme: Theme) -> dict[str, Any]:
    return {
        "head": str(side.head),
        "name": f"{side.name.text} {MARK}" if beyond(side.name.q) else side.name.text,
        "why": side.name.evidence,
        "colour": getattr(PALETTES[theme], side.name.role),
        "weights": side.view.weights.astype(float).round(3).tolist(),
    }


def _take(key: str, take: Callable[[int, int], None]) -> None:
    if chosen := session.told(key).get("pair"):
        take(int(chosen[0]), int(chosen[1]))
