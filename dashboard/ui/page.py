"""Helpers for every page: a link to another page that keeps the choices, and an early end.

The early end is not `st.stop`, which would end the whole run before the sidebar is drawn.
"""

from __future__ import annotations

from typing import Any, NoReturn

import streamlit as st

from dashboard.installed import HOME
from dashboard.ui import paths, session
from dashboard.ui.frame import address
from dashboard.ui.markdown import error_said

PAGES = HOME / "pages"


class PageEnd(Exception):
    """Raised by `end_page`, caught by the entry script."""


def end_page() -> NoReturn:
    raise PageEnd


def to_page(name: str, label: str, icon: str, **changed: Any) -> None:
    """A link to ``pages/name.py`` with the current choices, except those in `changed`."""
    paths.choose(changed)  # what we link to ourselves lies in the profile library, where a person put it
    there = address.of(session.choices().but(**changed))
    st.page_link(str(PAGES / f"{name}.py"), label=label, icon=icon, query_params=there)


def problem(error: Exception) -> None:
    """Show an error's own sentence: what is wrong, and what to do."""
    st.error(error_said(error), icon=":material/error:")
