"""What a run of the script looks up is looked up once, and anew in the next."""

import threading
from pathlib import Path

import pytest

from dashboard.ui.server import this_run


@pytest.fixture(autouse=True)
def no_run():
    yield
    if hasattr(this_run._here, "found"):
        del this_run._here.found


def counted(calls: list[int]) -> int:
    calls.append(1)
    return len(calls)


def test_each_time_where_no_run_has_begun():
    calls: list[int] = []
    assert [this_run.once("a", lambda: counted(calls)) for _ in range(2)] == [1, 2]


def test_once_in_a_run_for_each_key():
    calls: list[int] = []
    this_run.begin()
    assert [this_run.once(key, lambda: counted(calls)) for key in ("a", "a", "b", "a")] == [1, 1, 2, 1]
    this_run.begin()
    assert this_run.once("a", lambda: counted(calls)) == 3


def test_an_error_is_not_kept():
    this_run.begin()
    with pytest.raises(OSError):
        this_run.once("a", Path("/nowhere/at/all").read_text)
    assert this_run.once("a", lambda: 1) == 1


def test_threads_do_not_share_what_they_found():
    this_run.begin()
    this_run.once("a", lambda: "mine")
    seen = []

    def other() -> None:
        this_run.begin()
        seen.append(this_run.once("a", lambda: "other"))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == ["other"] and this_run.once("a", lambda: 1) == "mine"
