"""The queue of a server: who comes first, how many go at once, what takes too long, and what breaks off."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from dashboard.errors import UserError
from dashboard.jobs import job, queue
from dashboard.jobs.queue import Foreman, line_up, tickets, turn
from dashboard.jobs.record import STOP, read, write
from dashboard.serving import Rules
from dashboard.serving.rules import Jobs

ONE, OTHER = "1" * 32, "2" * 32
ASKED = {"model": "minilm", "path": "/x", "limit": None, "work": "dashboard.analyses.profile.job"}


class Process:
    """A job's process that does what a test says."""

    begun: dict[Path, Process]

    def __init__(self, out: Path):
        self.out, self.status, self.killed = out, None, False
        self.stdin, self.pid = None, 2**22 + 1  # larger than any process's number
        Process.begun[out] = self

    def poll(self):
        return self.status

    def wait(self, _seconds=0):
        self.status = 0 if self.status is None else self.status
        return self.status

    def finish(self, state="done"):
        write(self.out, read(self.out) | {"state": state})
        self.status = 0


@pytest.fixture(autouse=True)
def own_queue(tmp_path, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    monkeypatch.setattr(queue, "process_of", Process)
    Process.begun = {}


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(queue.time, "monotonic", lambda: now[0])
    return now


def waits(folder: Path, name: str, owner: str = ONE, most: int = 9) -> Path:
    out = folder / name
    out.mkdir(exist_ok=True)
    record = {"asked": ASKED, "owner": owner, "pid": None, "beat": time.time(), "fraction": 0.0, "sentence": ""}
    line_up(out, owner, most, lambda: write(out, record | {"state": "waiting"}))
    return out


def states(*folders: Path) -> list[str]:
    return [read(one)["state"] for one in folders]


@pytest.fixture
def foreman():
    made = []

    def make(**jobs):
        made.append(Foreman(Rules(jobs=Jobs(**jobs))))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_jobs_begin_in_their_order_and_so_many_at_once(tmp_path, foreman):
    a, b, c = (waits(tmp_path, name) for name in "abc")
    assert [turn(one) for one in (a, b, c)] == [
        "Waiting: it comes next",
        "Waiting: 1 comes first",
        "Waiting: 2 come first",
    ]
    one = foreman(at_once=2)
    one.step()
    one.step()
    assert states(a, b, c) == ["going", "going", "waiting"] and one.going == 2 and turn(c) == "Waiting: it comes next"
    Process.begun[b].finish()
    one.step()
    assert states(a, b, c) == ["going", "done", "going"] and [ticket.out for ticket in tickets()] == [a, c]
    Process.begun[a].finish("failed")
    Process.begun[c].finish()
    one.step()
    assert tickets() == [] and one.going == 0 and turn(c) == ""


def test_nobody_has_more_than_their_share(tmp_path):
    waits(tmp_path, "a", most=2)
    waits(tmp_path, "b", most=2)
    with pytest.raises(UserError, match="2 jobs"):
        waits(tmp_path, "c", most=2)
    assert not (tmp_path / "c" / "job.json").exists() and len(tickets()) == 2
    waits(tmp_path, "d", OTHER, most=2)
    waits(tmp_path, "b", most=2)  # again: it is no third, and goes to the end
    assert [ticket.out.name for ticket in tickets()] == ["a", "d", "b"]


def test_what_was_cut_off_by_the_end_of_the_server_begins_again(tmp_path, foreman):
    a, b = waits(tmp_path, "a"), waits(tmp_path, "b")
    one = foreman()
    one.step()
    one.close()
    assert states(a, b) == ["going", "waiting"] and len(tickets()) == 2
    Process.begun = {}
    foreman().step()
    assert list(Process.begun) == [a] and states(a, b) == ["going", "waiting"]


def test_one_foreman_alone_works_through_a_queue(tmp_path, foreman):
    waits(tmp_path, "a")
    waits(tmp_path, "b")
    one, two = foreman(), foreman()
    one.step()
    two.step()
    assert len(Process.begun) == 1 and two.going == 0
    one.close()
    two.step()
    assert two.going == 1


def test_a_job_that_takes_too_long_is_asked_to_stop_and_then_made_to(tmp_path, foreman, clock):
    a = waits(tmp_path, "a")
    one = foreman(minutes=1)
    one.step()
    clock[0] += 59
    one.step()
    assert not (a / STOP).exists()
    clock[0] += 2
    one.step()
    assert (a / STOP).exists() and one.going == 1
    clock[0] += queue.PATIENCE
    one.step()
    assert one.going == 0 and tickets() == [] and states(a) == ["stopped"]
    assert "1 minute at most" in read(a)["sentence"]


def test_what_breaks_off_without_a_word_is_tried_again_but_not_for_ever(tmp_path, foreman):
    a = waits(tmp_path, "a")
    one = foreman()
    for _ in range(queue.MOST_TRIES):
        one.step()
        assert states(a) == ["going"]
        Process.begun[a].status = -9  # as the system ends what takes too much memory
    one.step()
    one.step()
    assert states(a) == ["failed"] and "3 times" in read(a)["sentence"] and tickets() == []


def test_a_job_that_takes_too_much_memory_is_ended_and_the_next_begins(tmp_path, foreman, monkeypatch):
    a, b = waits(tmp_path, "a"), waits(tmp_path, "b")
    one, taken = foreman(memory_gigabytes=2), [1_900_000_000]
    monkeypatch.setattr(queue, "_memory", lambda process: taken[0] if process.out == a else 0)
    one.step()
    one.step()
    assert states(a, b) == ["going", "waiting"]
    taken[0] = 2_100_000_000
    one.step()
    assert states(a, b) == ["failed", "going"] and "2 GB" in read(a)["sentence"]


def test_the_memory_of_a_process_is_that_of_all_it_started():
    code = "import sys; held = bytes(1) * 60_000_000; sys.stdin.read()"
    both = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    process = subprocess.Popen([sys.executable, "-c", both, code], stdin=subprocess.PIPE)
    until = time.monotonic() + 20
    while queue._memory(process) < 75_000_000 and time.monotonic() < until:
        time.sleep(0.05)
    assert 75_000_000 < queue._memory(process) < 300_000_000
    queue.end(process)
    assert queue._memory(process) == 0


def test_where_no_process_can_be_started_the_job_waits_on(tmp_path, foreman, monkeypatch):
    def none(_):
        raise OSError("no more")

    a, one = waits(tmp_path, "a"), foreman()
    monkeypatch.setattr(queue, "process_of", none)
    with pytest.raises(OSError, match="no more"):
        one.step()
    assert states(a) == ["waiting"]
    monkeypatch.setattr(queue, "process_of", Process)
    one.step()
    assert states(a) == ["going"]


def test_stopping_and_going_on_is_no_breaking_off(tmp_path, foreman):
    a, one = waits(tmp_path, "a"), foreman()
    for _ in range(queue.MOST_TRIES + 2):
        one.step()
        Process.begun[a].finish("stopped")
        queue.leave(a)
        one.step()
        waits(tmp_path, "a")
    one.step()
    assert states(a) == ["going"]


def test_so_many_wait_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(queue, "MOST_WAITING", 3)
    for k in range(3):
        waits(tmp_path, f"{k}", owner=f"{k}" * 32)
    with pytest.raises(UserError, match="Many jobs wait"):
        waits(tmp_path, "x", owner="f" * 32)


def test_a_job_whose_folder_is_removed_ends_and_the_next_begins(tmp_path, foreman):
    a, b = waits(tmp_path, "a"), waits(tmp_path, "b")
    one = foreman()
    one.step()
    queue.leave(a)
    one.step()
    assert Process.begun[a].status == 0 and states(b) == ["going"]
    (b / "job.json").unlink()
    Process.begun[b].status = 0
    one.step()
    assert tickets() == []


def test_a_file_that_is_no_ticket_is_left_alone(tmp_path, foreman):
    queue.place().mkdir(parents=True, exist_ok=True)
    for name, what in (
        ("x.json", b"{}"),
        (f"{1:020}-{ONE}-00000000.json", b"["),
        (f"{2:020}-{ONE}-00000000.json", b"{}"),
        (f"{3:020}-{ONE}-00000000.json", b"[" * 100_000),
    ):
        (queue.place() / name).write_bytes(what)
    a = waits(tmp_path, "a")
    assert [ticket.out for ticket in tickets()] == [a]
    foreman().step()
    assert states(a) == ["going"]


def test_a_job_shows_its_turn_while_it_waits(tmp_path):
    waits(tmp_path, "a")
    b = waits(tmp_path, "b")
    found = job.find(b)
    assert found.progress == job.Progress(0.0, "Waiting: 1 comes first", "waiting") and found.progress.active
    queue.leave(b)
    assert found.progress.state == "stopped"
