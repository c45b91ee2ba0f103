"""People in Chromium: a page each of a fresh session, and a test that fails when the console shows an error."""

from __future__ import annotations

import pytest


def pytest_itemcollected(item) -> None:
    """A person's walk that fails is walked once more: a busy machine draws late. What fails twice has failed."""
    item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def kept_files(chromium):
    """Where the pages of all tests are opened: the browser fetches and compiles Streamlit's scripts once."""
    context = chromium.new_context(accept_downloads=True)
    yield context
    context.close()


@pytest.fixture(scope="session")
def errors():
    """What went wrong in any page of the test that runs."""
    return []


@pytest.fixture(scope="session")
def left():
    """Pages that tests have left, empty again: a page of the dashboard opens in half the time of a new one."""
    return []


@pytest.fixture
def new_page(kept_files, errors, left):
    """Makes an empty page of a fresh session: ``new_page(width=900)``; sizes in pixels.

    unused: one in which nothing was ever opened, for a test that gives the page functions or a clock of its own.
    Fails when the test is over and a page raised an error, or asked for something that did not come. What a page
    breaks off itself, as somebody leaves it, is no error.
    """
    pages, to_close = [], []
    errors.clear()

    def failed(request) -> None:
        if "_stcore" not in request.url and "ERR_ABORTED" not in (request.failure or ""):
            errors.append(f"{request.url} failed: {request.failure}")

    def created():
        page = kept_files.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", failed)
        return page

    def make(width: int = 1440, height: int = 1400, scheme: str = "light", unused: bool = False):
        page = left.pop() if left and not unused else created()
        (to_close if unused else pages).append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        return page

    yield make
    for page in pages + to_close:
        page.evaluate("() => location.href.startsWith('http') && (localStorage.clear(), sessionStorage.clear())")
        page.close() if page in to_close else emptied(page)
    kept_files.clear_cookies()
    left.extend(pages)
    assert not errors


def emptied(page) -> None:
    """Leave what the page shows; nothing of it stays in the page, its history and under the pointer."""
    page.goto("about:blank")
    page.mouse.up()
    page.mouse.move(0, 0)
    session = page.context.new_cdp_session(page)
    session.send("Page.resetNavigationHistory")
    session.detach()


@pytest.fixture
def person(new_page, dashboard_url):
    """Opens a page of the dashboard in a fresh session: ``person("?layer=2", width=900)``."""

    def opened(address: str = "", **screen):
        page = new_page(**screen)
        page.goto(f"{dashboard_url}/{address}")
        page.wait_for_selector("h1")
        return page

    return opened
