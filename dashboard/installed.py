"""Where Two Heads runs from: its repository, or a wheel.

The pages and Streamlit's settings stand next to the package in the repository. A wheel has them in
``dashboard/_project``, so that it installs one package and nothing else.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "_project"
INSTALLED = _SHIPPED.is_dir()
HOME = _SHIPPED if INSTALLED else _PACKAGE.parent
"""The folder with ``pages`` and ``.streamlit``."""
COMMAND = "two-heads" if INSTALLED else "python -m dashboard"
"""The program's name in messages."""


def child_process(module: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command and the environment that run ``python -m module arguments`` from any folder.

    The process stays in the current folder, as paths may be relative to it, but imports nothing from there.
    """
    env = dict(os.environ)
    if not INSTALLED:
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_PACKAGE.parent), env.get("PYTHONPATH")]))
    return [sys.executable, "-P", "-m", module, *arguments], env


def end_with_parent() -> None:
    """End this process when the one that started it ends, however that ended, or closes our standard input."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    """It reads the file descriptor, not `sys.stdin`: the interpreter needs that lock when it ends and would abort."""
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(0)
