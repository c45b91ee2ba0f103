"""The server of the command `app`: the pages, behind the door (`dashboard.ui.server.door`)."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # Streamlit adds this folder instead of the one that holds the package

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from dashboard import serving  # noqa: E402
from dashboard.ui.server.door import Door, LeadOn  # noqa: E402
from dashboard.ui.server.launch import back  # noqa: E402
from dashboard.ui.server.made_files import stay_a_while  # noqa: E402

stay_a_while()
if serving.for_others():
    from dashboard.ui.server import closed

    closed.to_visitors()
app = st.App(HERE / "streamlit_app.py", middleware=[Middleware(Door), Middleware(LeadOn)], lifespan=back)
