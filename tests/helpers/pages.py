"""Pages run from the entry, without a browser: opened with what an address says, and everything they say."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from streamlit.testing.v1 import AppTest

from dashboard.ui import page_list
from tests.helpers.sentences import plain
from tools.server import ROOT

ENTRY = str(ROOT / "dashboard" / "streamlit_app.py")


def opened(page: str | None = "explore", /, **address: str) -> AppTest:
    """A page by the name of its file, None for the first one, with these parameters in its address."""
    app = AppTest.from_file(ENTRY, default_timeout=120)
    for name, value in address.items():
        app.query_params[name] = value
    if page:
        app.switch_page(f"../pages/{page}.py")
    return app.run()


def step_back(app: AppTest, **address: Any) -> AppTest:
    """As after a step back in the browser to this address."""
    for name in dict(app.query_params):
        del app.query_params[name]
    for name, value in address.items():
        app.query_params[name] = value
    with patch("dashboard.ui.frame.address.get_script_run_ctx", lambda: SimpleNamespace(is_history_navigation=True)):
        return app.run()


def component(app: AppTest, name: str) -> dict[str, Any]:
    """What the page sends to the component of our own with this name."""
    [sent] = [one.proto for one in app.get("bidi_component") if one.proto.component_name == f"two_heads_{name}"]
    return json.loads(sent.json)


def framed(app: AppTest) -> bool:
    """Whether the links to all pages stand beside the page."""
    pages = [one["name"] for _, group in component(app, "pages")["groups"] for one in group]
    return pages == [page.name for page in page_list.PAGES]


def said(app: AppTest) -> str:
    """Everything that a person reads on the page, as Markdown."""
    kinds = (app.title, app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def read(app: AppTest) -> str:
    """The same as a person reads it, without Markdown's escapes and the signs that keep it from reading more."""
    return said(app).replace("\\", "").replace("\u2060", "")


def lines(app: AppTest, *facts: object) -> list[str]:
    """The lines, as a person reads them, that name all of these facts: a head, a number, a word of the text."""
    every = [plain(line) for line in read(app).splitlines()]
    return [line for line in every if all(plain(str(fact)) in line for fact in facts)]


def headings(app: AppTest) -> list[str]:
    """The findings over the pictures."""
    return [element.value for element in app.main.markdown if element.value.startswith("#####")]


def heading(app: AppTest) -> str:
    """The finding over the first picture."""
    return headings(app)[0]


def notices(app: AppTest) -> list[str]:
    """What a page tells in boxes, the kind first: "info: There is no text yet."."""
    return [f"{kind}: {plain(element.value)}" for kind in ("error", "warning", "info") for element in app.get(kind)]
