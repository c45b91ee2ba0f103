"""The end of a page before its last line, where there is nothing more to show.

Not `st.stop`: that ends the whole run, and the sidebar may still be to be drawn.
"""

from __future__ import annotations

from typing import NoReturn


class PageEnd(Exception):
    """Raised by `end_page`, caught by the entry."""


def end_page() -> NoReturn:
    raise PageEnd
