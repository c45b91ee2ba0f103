"""Every file of every page is made outside the session: it is asked for when its page may be long gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.ui import downloads
from tests.helpers.pages import opened

PAGES = [
    ("start", {"pairs": "8 > 1"}),
    ("explore", {}),
    ("explore", {"atlas": "maps", "view": "lines", "together": "layer"}),
    ("explore", {"text": "the cook says that " * 15, "measure_of": "contribution"}),
    ("explore", {"text": "the cook says that " * 15}),
    ("compare", {"tray": "L2H0,L2H8"}),
    ("profile", {}),
    ("ablation", {"against": "self"}),
    ("ablation", {"against": "position", "out": "layer"}),
    ("attribution", {}),
    ("patching", {}),
    ("similarity", {}),
    ("find_heads", {}),
    ("inside", {}),
    ("long_range", {}),
    ("chance", {}),
    ("layers", {}),
    ("query_key", {}),
    ("toy", {}),
    ("recall", {}),
]


@pytest.mark.parametrize(("page", "address"), PAGES, ids=lambda one: one if isinstance(one, str) else "-".join(one))
def test_the_picture_and_the_data_are_made_in_a_thread_of_their_own(monkeypatch, page, address):
    offered: list[downloads.Files] = []
    monkeypatch.setattr(downloads, "offer", lambda files, key: offered.append(files))
    app = opened(page, **address)
    assert not app.exception and offered
    with ThreadPoolExecutor(1) as elsewhere:
        for files in offered:
            assert elsewhere.submit(files.drawn).result().description
            assert len(elsewhere.submit(files.rows).result().columns)
