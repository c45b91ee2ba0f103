"""People in Chromium: a page each of a fresh session, and a test that fails when the console shows an error."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def kept_files(chromium):
    """Where the pages of all tests are opened: the browser fetches and compiles Streamlit's scripts once."""
    context = chromium.new_context(accept_downloads=True)
    yield context
    context.close()


@pytest.fixture
def new_page(kept_files):
    """Makes an empty page of a fresh session: ``new_page(width=900)``; sizes in pixels.

    Fails when the test is over and a page raised an error, or asked for something that did not come. What a page
    breaks off itself, as somebody leaves it, is no error.
    """
    pages, errors = [], []

    def failed(request) -> None:
        if "_stcore" not in request.url and "ERR_ABORTED" not in (request.failure or ""):
            errors.append(f"{request.url} failed: {request.failure}")

    def make(width: int = 1440, height: int = 1400, scheme: str = "light"):
        page = kept_files.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", failed)
        return page

    yield make
    for page in pages:
        page.evaluate("() => location.href.startsWith('http') && (localStorage.clear(), sessionStorage.clear())")
        page.close()
    kept_files.clear_cookies()
    assert not errors


@pytest.fixture
def person(new_page, dashboard_url):
    """Opens a page of the dashboard in a fresh session: ``person("?layer=2", width=900)``."""

    def opened(address: str = "", **screen):
        page = new_page(**screen)
        page.goto(f"{dashboard_url}/{address}")
        page.wait_for_selector("h1")
        return page

    return opened
