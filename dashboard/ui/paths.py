"""A link may name a model or a parser that lies anywhere on this machine; only a person here opens it.

Whoever sends a link would else learn from what the page says whether a path is there and what lies in it, and could
have a folder opened, or a connection made to another machine (``\\\\host\\share``), by a click. So what a link names by
a path is not even looked at until it is typed or chosen in this session: the page says the same of every path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from dashboard.errors import UserError
from dashboard.models import CATALOGUE, hub
from dashboard.text import installed_parsers, parser_missing
from dashboard.ui.url_state import KINDS

_ELSEWHERE = re.compile(r"[\\/]{2}|[A-Za-z][A-Za-z0-9+.-]+:")  # \\host\share, file:…; C:\ has one letter
_SHOWN = 80


class NotChosenHere(UserError):
    """A link names something by a path, and nobody here has chosen it.

    Attributes
    ----------
    name: what the link names; elsewhere: whether that is an address of another machine, which no button opens
    """

    def __init__(self, name: str):
        self.name, self.elsewhere = name, bool(_ELSEWHERE.match(name))
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        if self.elsewhere:
            super().__init__(
                f"The link names the address “{shown}”. Links do not open addresses. Type it yourself if you trust it."
            )
        else:
            super().__init__(
                f"The link names the path or model “{shown}”. Links do not open paths of this machine. Open it "
                "yourself if you know what it is."
            )


def choose(choices: Mapping[str, object]) -> None:
    """A person of this session typed or chose these: the paths among them may be opened from now on."""
    _chosen().update(str(choices[name]).strip() for name, kind in KINDS.items() if kind.is_path and name in choices)


def may_open(name: str) -> bool:
    """Whether `check_model` lets this one pass."""
    try:
        check_model(name)
    except UserError:
        return False
    return True


def check_model(name: str) -> None:
    """Raises NotChosenHere, or UserError for a mere word, where a model is neither one of the catalogue, nor one of the
    hub that is on this machine, nor chosen in this session. What is said does not depend on any path."""
    if name in CATALOGUE or name.strip() in _chosen():
        return
    # A revision that climbs would lead out of the hub's cache.
    if hub.HUB_ID.fullmatch(name) and ".." not in name and not Path(name).exists() and hub.cached(name) is not None:
        return
    if re.fullmatch(r"\w[\w.-]*", name) and len(name) <= _SHOWN:  # a folder here may be called so too
        raise UserError(f"There is no model “{name}”, and links do not open folders. Choose a model at the top.")
    raise NotChosenHere(name)


def check_parser(name: str) -> None:
    """Raises NotChosenHere for a parser that is named by a path and not chosen in this session, and UserError for one
    that is not installed."""
    if not name or name in _chosen() or name in installed_parsers():
        return
    if re.fullmatch(r"\w+", name):  # a folder here may be called so too, which a link must not tell
        raise parser_missing(name)
    raise NotChosenHere(name)


def _chosen() -> set[str]:
    return st.session_state.setdefault("chosen_here", set())
