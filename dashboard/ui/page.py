"""What every page may need: a link to another page that carries the choices along, and the end before its last line.

The end is not `st.stop`: that ends the whole run, and the sidebar may still be to be drawn.
"""

from __future__ import annotations

from typing import Any, NoReturn

import streamlit as st

from dashboard.installed import HOME
from dashboard.ui import paths, session
from dashboard.ui.url_state import to_address

PAGES = HOME / "pages"


class PageEnd(Exception):
    """Raised by `end_page`, caught by the entry."""


def end_page() -> NoReturn:
    raise PageEnd


def to_page(name: str, label: str, icon: str, **changed: Any) -> None:
    """A link to ``pages/name.py``, with other choices where `changed` names them."""
    paths.choose(changed)  # what we link to ourselves lies in the profile library, where a person put it
    address = to_address(session.choices().but(**changed))
    st.page_link(str(PAGES / f"{name}.py"), label=label, icon=icon, query_params=address)
