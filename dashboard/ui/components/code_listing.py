"""The code that ran, with the line of one step marked."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.builtin.source_listing import Listing
from dashboard.charts.theme import PALETTES, Theme


def code(listing: Listing, step: str, theme: Theme, *, min_lines: int = 0) -> None:
    """The source, with the line that computes `step` marked if these functions have one.

    min_lines: the least height in lines, so that what follows on the page does not move
    """
    st.html(html(listing, step, theme, min_lines=min_lines))


def html(listing: Listing, step: str, theme: Theme, *, min_lines: int = 0) -> str:
    """As `code`: one block of lines; comments recede. It can be scrolled sideways, by keyboard too."""
    p, marked = PALETTES[theme], listing.lines.get(step)
    lines = []
    for number, line in enumerate(listing.code.split("\n"), 1):
        before, sign, comment = line.partition("#")
        shown_line = escape(before) + (f'<span style="color:{p.quiet}">#{escape(comment)}</span>' if sign else "")
        here = number == marked
        look = f"background:{p.hair};box-shadow:inset 3px 0 {p.text};color:{p.text};" if here else ""
        if here:
            shown_line = f"<mark style='background:none;color:inherit'>{escape(line)}</mark>"
        lines.append(f'<span style="display:block;padding:0 0.8em;{look}">{shown_line or " "}</span>')
    return (
        '<pre tabindex="0" role="region" aria-label="The code that ran" style="font-family:\'Source Code Pro\','
        f"'Source Code',monospace;font-size:12.5px;line-height:1.5;margin:0;padding:0.6em 0;overflow-x:auto;"
        f'border:1px solid {p.hair};border-radius:6px;background:none;color:{p.text}">'
        f'<code style="display:inline-block;min-width:100%;min-height:{1.5 * min_lines}em;background:none;'
        f'color:inherit;font:inherit;padding:0">'
        f"{''.join(lines)}</code></pre>"
    )
