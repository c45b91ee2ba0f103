"""The process that starts the others: it starts again what ended, and answers a monitor."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from dashboard.commands.app import first_free_port
from dashboard.jobs.queue import Foreman
from dashboard.serving import Rules
from dashboard.ui.server import monitor, processes
from dashboard.ui.server.processes import Processes


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    monkeypatch.setenv(processes.COUNTS, str(tmp_path))


WAITS = "import sys; sys.stdin.read()"


@pytest.fixture
def shown(monkeypatch):
    """Two processes, each of which waits for the end of its standard input."""
    monkeypatch.setattr(processes, "child_process", lambda *_: ([sys.executable, "-c", WAITS], dict(os.environ)))
    made = Processes(Rules(processes=2), [18001, 18002], "127.0.0.1")
    made.step()
    yield made
    made.close()


def test_one_that_ends_is_started_again_after_a_pause_and_the_other_stays(shown, monkeypatch, capsys):
    first, second = shown.pids()
    subprocess.run(["kill", "-9", str(first)], check=True)
    shown._at[18001].wait()
    shown.step()
    assert shown.pids() == [second] and "18001 ended with status -9" in capsys.readouterr().out
    shown.step()
    assert shown.pids() == [second]
    monkeypatch.setattr(processes.time, "monotonic", lambda: 1e12)
    shown.step()
    assert len(shown.pids()) == 2 and second in shown.pids() and first not in shown.pids()


def test_all_end_with_it(shown):
    there = list(shown._at.values())
    shown.close()
    assert [one.poll() is not None for one in there] == [True, True]


def test_what_fails_in_one_step_does_not_end_the_next(capsys, monkeypatch):
    monkeypatch.setattr(processes, "PAUSE", 0)
    taken = []

    def fails():
        raise PermissionError("a folder of ours")

    processes._go_on(fails, lambda: taken.append(1))
    said = capsys.readouterr().out
    assert taken == [1] and "PermissionError" in said and " fails" in said and "a folder of ours" not in said


class Shown:
    def __init__(self):
        self.quiet = []

    def pids(self):
        return [os.getpid(), 2**22 + 1]

    def silent(self):
        return self.quiet


def asked(url, host=None):
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as wrong:
        return wrong.code, wrong.read().decode()


def test_a_monitor_is_told_whether_all_pages_are_shown_and_the_counts():
    port, shown = first_free_port("127.0.0.1", 19464), Shown()
    foreman = Foreman(Rules())
    with monitor.answering(port, shown, foreman):
        url = f"http://127.0.0.1:{port}"
        assert asked(f"{url}/health") == (200, "ok\n")
        shown.quiet = [8502]
        assert asked(f"{url}/health") == (503, "No pages at port 8502.\n")
        status, counts = asked(f"{url}/metrics")
        assert status == 200 and 'two_heads_jobs{state="waiting"} 0.0' in counts
        assert f'two_heads_memory_bytes{{pid="{os.getpid()}"}}' in counts and counts.count("memory_bytes{") == 1
        assert asked(f"{url}/")[0] == 404 and asked(f"{url}/health", "evil.example")[0] == 421
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    foreman.close()


def test_runs_of_pages_are_counted_by_all_processes_and_added_up(tmp_path):
    count = (
        "from contextlib import suppress\n"
        "from dashboard.errors import UserError\n"
        "from dashboard.ui.server import counts\n"
        "with counts.timed('explore'): pass\n"
        "with suppress(UserError), counts.timed('explore'): raise UserError('a sentence')\n"
        "with suppress(ValueError), counts.timed('models'): raise ValueError('a secret')\n"
        "with counts.connected(): pass\n"
    )
    from dashboard.serving import environment

    env = dict(os.environ) | environment(Rules())
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=env, check=True, timeout=60)
    port, foreman = first_free_port("127.0.0.1", 19464), Foreman(Rules())
    with monitor.answering(port, Shown(), foreman):
        _, said = asked(f"http://127.0.0.1:{port}/metrics")
    foreman.close()
    assert 'two_heads_page_seconds_count{page="explore"} 4.0' in said
    assert (
        'two_heads_broken_pages_total{page="models"} 2.0' in said and 'broken_pages_total{page="explore"}' not in said
    )
    assert "two_heads_open_pages 0.0" in said and "secret" not in said


def test_the_process_that_starts_the_others_stays_small():
    code = "import dashboard.commands.serve, dashboard.ui.server.processes, sys\n"
    code += (
        "assert not {'torch', 'transformers', 'streamlit', 'pandas', 'numpy'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_ones_own_machine_counts_nothing(tmp_path):
    code = "from dashboard.ui.server import counts\nwith counts.timed('explore'), counts.connected(): pass\n"
    code += "import sys; assert 'prometheus_client' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert not list(tmp_path.glob("*.db"))
