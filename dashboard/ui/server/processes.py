"""A server for others: the processes that show its pages, the queue of jobs, and what a monitor is told.

This process holds no model and knows no page. It starts the others, starts one again that has ended, lets jobs begin in
their turn, deletes what nobody has changed for long, and answers a monitor on this machine.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from dashboard import serving
from dashboard.errors import places
from dashboard.installed import child_process
from dashboard.jobs.queue import Foreman
from dashboard.jobs.queue import end as end_process
from dashboard.serving import visitor
from dashboard.ui.server import monitor

STEP = 0.5  # seconds between two looks at processes and jobs
PAUSE = 2.0  # seconds before a process that ended is started again
COUNTS = "PROMETHEUS_MULTIPROC_DIR"


class Processes:
    """The processes that show the pages, each on a port of its own."""

    def __init__(self, rules: serving.Rules, ports: list[int], address: str):
        self._rules, self._address = rules, address
        self._at: dict[int, subprocess.Popen] = {}
        self._again: dict[int, float] = dict.fromkeys(ports, 0.0)  # when one is started that is not there

    def step(self) -> None:
        """Start what has ended, or never was."""
        for port, process in list(self._at.items()):
            if (status := process.poll()) is not None:
                print(f"The process at port {port} ended with status {status}. It is started again.", flush=True)
                monitor.forget(process.pid)
                del self._at[port]
                self._again[port] = time.monotonic() + PAUSE
        for port, when in list(self._again.items()):
            if time.monotonic() >= when:
                del self._again[port]
                self._at[port] = self._start(port)

    def close(self) -> None:
        for process in self._at.values():
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()
        for process in self._at.values():
            end_process(process)

    def pids(self) -> list[int]:
        return [process.pid for process in self._at.values()]

    def silent(self) -> list[int]:
        """The ports at which no pages are shown now."""
        return [port for port in sorted([*self._at, *self._again]) if not self._answers(port)]

    def _answers(self, port: int) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._address, self._address)
        base = f"/{self._rules.path}" if self._rules.path else ""
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{base}/_stcore/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _start(self, port: int) -> subprocess.Popen:
        command, env = child_process("dashboard.ui.server.one_process", str(port), self._address)
        threads = max(1, (os.cpu_count() or 1) // self._rules.processes)
        env.setdefault("OMP_NUM_THREADS", str(threads))  # together they have as many as the machine has cores
        return subprocess.Popen(command, env=env, stdin=subprocess.PIPE)


def serve(rules: serving.Rules, ports: list[int], address: str, monitored: int) -> None:
    """Serve until this process is told to end.

    ports: one for each process that shows pages; monitored: the port of this machine at which a monitor asks
    """
    os.environ.update(serving.environment(rules))
    told = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: told.set())
    with _folder_of_counts():
        shown, foreman = Processes(rules, ports, address), Foreman(rules)
        day = 0.0
        try:
            shown.step()
            with monitor.answering(monitored, shown, foreman):
                while not told.is_set():
                    _go_on(shown.step, foreman.step)
                    if time.monotonic() - day > visitor.DAY or not day:
                        day = time.monotonic()
                        _go_on(lambda: visitor.forget_old(rules))
                    told.wait(STEP)
        finally:
            foreman.close()
            shown.close()


def _go_on(*steps: Callable[[], object]) -> None:
    """Take each step, whatever became of the one before: a full disk or a lack of processes ends nobody's page."""
    for step in steps:
        try:
            step()
        except Exception as wrong:
            print(places(type(wrong), wrong.__traceback__), flush=True)
            time.sleep(PAUSE)


@contextmanager
def _folder_of_counts() -> Iterator[None]:
    folder = tempfile.mkdtemp(prefix="two-heads-counts-")
    os.environ[COUNTS] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
