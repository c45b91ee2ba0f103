"""What the tests share: both models, a running dashboard, a browser.

tests/unit needs no model; tests/model opens the embedded one and SmolLM2; tests/page runs pages without a
browser; tests/browser does what a person does.
"""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach for the hub

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def minilm():
    from dashboard.capture import open_model

    return open_model("minilm")


@pytest.fixture(scope="session")
def smollm2():
    from dashboard.capture import open_model

    return open_model("smollm2", fetch_missing=True)


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    from tools.chromium import ARGUMENTS, NONE, find

    path = find()
    if path is None:
        pytest.fail(NONE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def dashboard_url(tmp_path_factory):
    """The address of a dashboard that runs for the whole session, as `make app` launches it."""
    from tools.server import running

    with running(tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url
