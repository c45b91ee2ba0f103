"""Who a session belongs to on a server for others: the key in its browser's cookie."""

from __future__ import annotations

import streamlit as st

from dashboard.serving import visitor


def known_by_cookies() -> None:
    """From now on `dashboard.serving.visitor` knows who a script runs for. In other threads nobody is known."""
    visitor.asked_by(_key)


def _key() -> str:
    return st.context.cookies.get(visitor.COOKIE, "")
