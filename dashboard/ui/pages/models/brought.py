"""A file of attention weights that a person brings with the browser."""

from __future__ import annotations

import hashlib
import re

import streamlit as st

from dashboard import serving
from dashboard.errors import UserError
from dashboard.files import atomically, not_written
from dashboard.models import bounded
from dashboard.ui import caches, paths, session
from dashboard.ui.page import problem

MOST_MEGABYTES = 200
_KEY, _WRONG = "weights_upload", "weights_wrong"


def own_weights() -> None:
    """The place to drop such a file. Once it is read, it is the model in use."""
    st.file_uploader(
        "Attention weights (.npz)",
        type=["npz"],
        key=_KEY,
        max_upload_size=MOST_MEGABYTES,
        on_change=_take,
        help="The file is copied to the cache of Two Heads on the machine where the dashboard runs.",
    )
    if wrong := st.session_state.pop(_WRONG, ""):
        problem(UserError(wrong))


def _take() -> None:
    upload = st.session_state[_KEY]
    if upload is None:
        return
    try:
        name = _kept(upload.name, upload.getbuffer())
        paths.choose({"model": name})
        model, _ = caches.opened(name)
        assert model.own_text is not None  # of a file of weights
        session.change(model=name, text=model.own_text.texts[0], pair=model.own_text.pair, start=0)
    except UserError as wrong:
        st.session_state[_WRONG] = str(wrong)


def _kept(title: str, data: memoryview) -> str:
    """Where the file lies in the cache, among what may be removed when room is needed. Raises UserError."""
    serving.own_machine_only("Files of weights are opened")
    title = re.sub(r"[^\w.-]+", "-", title).strip("-.")[-60:] or "weights.npz"
    path = bounded.root() / f"brought-{hashlib.sha256(data).hexdigest()[:16]}" / title
    try:
        bounded.free_space(len(data), path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomically(path, bytes(data))
    except OSError as wrong:
        raise not_written(wrong, path) from None
    return str(path)
