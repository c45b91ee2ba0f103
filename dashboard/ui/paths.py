"""A link may name a model or a parser anywhere on this machine; only a person here opens it.

Otherwise the sender of a link could learn from the page whether a path exists and what it holds, and one click could
open a folder or connect to another machine (``\\\\host\\share``). So a path in a link is not even looked up until it is
typed or chosen in this session, and the page says the same about every path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from dashboard import serving
from dashboard.errors import UserError
from dashboard.models import CATALOGUE, hub
from dashboard.models.twin.source import UNTRAINED
from dashboard.text import installed_parsers, parser_missing
from dashboard.ui.url_state import KINDS

_ELSEWHERE = re.compile(r"[\\/]{2}|[A-Za-z][A-Za-z0-9+.-]+:")  # \\host\share, file:…; C:\ has one letter
_LONGEST_QUOTED = 80


class NotChosenHere(UserError):
    """A link names something by a path, and nobody here has chosen it.

    Attributes
    ----------
    name: the path in the link; elsewhere: whether it is an address of another machine, which no button opens
    """

    def __init__(self, name: str):
        self.name, self.elsewhere = name, bool(_ELSEWHERE.match(name))
        quoted = name if len(name) <= _LONGEST_QUOTED else f"{name[:_LONGEST_QUOTED]}…"
        if self.elsewhere:
            super().__init__(
                f"The link names the address “{quoted}”. Links do not open addresses. Type it yourself if you trust it."
            )
        else:
            super().__init__(
                f"The link names the path or model “{quoted}”. Links do not open paths of this machine. Open it "
                "yourself if you know what it is."
            )


def choose(choices: Mapping[str, object]) -> None:
    """Allow the paths among these choices from now on: a person typed or chose them in this session. On a server for
    others nobody may."""
    if serving.for_others():
        return
    _chosen().update(str(choices[name]).strip() for name, kind in KINDS.items() if kind.is_path and name in choices)


def may_open(name: str) -> bool:
    """Whether `check_model` accepts this name."""
    try:
        check_model(name)
    except UserError:
        return False
    return True


def check_model(name: str) -> None:
    """Accept a model of the catalogue, a hub model on this machine, or one chosen in this session.

    Raises NotChosenHere for any other, or UserError for a single word, and on a server for others for all but its
    models. The message does not depend on any path.
    """
    serving.check_model(name.strip())
    if name in CATALOGUE or name.strip() in _chosen():
        return
    if name.startswith(UNTRAINED):
        check_model(name.removeprefix(UNTRAINED))
        return
    # A revision with “..” would lead out of the hub's cache.
    if hub.HUB_ID.fullmatch(name) and ".." not in name and not Path(name).exists() and hub.cached(name) is not None:
        return
    if re.fullmatch(r"\w[\w.-]*", name) and len(name) <= _LONGEST_QUOTED:  # a folder here may have this name
        raise UserError(f"There is no model “{name}”, and links do not open folders. Choose a model at the top.")
    raise NotChosenHere(name)


def check_parser(name: str) -> None:
    """Raises NotChosenHere for a parser that is a path not chosen in this session, UserError for one not installed, and
    on a server for others for any."""
    if name:
        serving.own_machine_only("Parsers of your own are used")
    if not name or name in _chosen() or name in installed_parsers():
        return
    if re.fullmatch(r"\w+", name):  # a folder here may have this name, and a link must not reveal it
        raise parser_missing(name)
    raise NotChosenHere(name)


def _chosen() -> set[str]:
    return st.session_state.setdefault("chosen_here", set())
