"""The session's own state and its widgets share one dictionary: Streamlit deletes a widget's value with its page."""

import re

from tools.server import ROOT

UI = [*(ROOT / "dashboard" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
WIDGET = re.compile(r"""\bkey="(\w+)""")
OWN = re.compile(r"""\b(?:st\.session_state|state)(?:\[|\.(?:get|pop|setdefault)\()"(\w+)""")


def test_no_widget_has_the_key_of_the_sessions_own_state():
    kept = {
        name for file in UI if file.stem in ("session", "address", "in_menu") for name in OWN.findall(file.read_text())
    }
    widgets = {name for file in UI for name in WIDGET.findall(file.read_text())}
    assert {"choices", "address", "notices"} <= kept and {"press", "text_menu"} <= widgets
    assert not kept & widgets
