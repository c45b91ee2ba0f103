"""A server for others logs what broke and where, without what it says: that may be a visitor's text."""

import io
import logging
import threading

import pytest

from dashboard.ui.server import logs

SECRET = "what a visitor typed"


@pytest.fixture
def written(monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    usual = logging.getLogRecordFactory()
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("dashboard")
    logger.addHandler(handler)
    logs.without_texts()
    yield out.getvalue
    logger.removeHandler(handler)
    logging.setLogRecordFactory(usual)


def breaks():
    raise ValueError(SECRET)


def test_an_exception_is_logged_with_its_lines_and_not_with_what_it_says(written):
    logger = logging.getLogger("dashboard.test")
    try:
        breaks()
    except ValueError as wrong:
        logger.error("Uncaught app execution", exc_info=wrong)
        logger.exception(wrong)
        logger.exception("It said: %s", wrong)
    assert SECRET not in written() and written().count("builtins.ValueError") == 3 and written().count(" breaks") == 3
    assert "Uncaught app execution" in written() and __file__ in written()
    logger.warning("A word without an exception")
    assert "A word without an exception" in written()


def test_so_is_what_ends_a_thread(written):
    thread = threading.Thread(target=breaks)
    thread.start()
    thread.join()
    assert SECRET not in written() and "ValueError" in written() and " breaks" in written()
