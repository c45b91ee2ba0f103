"""What `python -m dashboard app` serves: the pages, behind a door that knows this machine's own names."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # Streamlit puts this folder there instead of the one that holds the package

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from dashboard.ui.door import Door  # noqa: E402

app = st.App(ROOT / "dashboard" / "streamlit_app.py", middleware=[Middleware(Door)])
