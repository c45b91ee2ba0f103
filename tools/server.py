"""A dashboard of our own on a free port, started as `make app` starts it and stopped at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dashboard.commands.app import first_free_port

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def running(
    log: Path,
    seconds: float = 60,
    *,
    program: Sequence[str] = (sys.executable, "-m", "dashboard"),
    asked: Sequence[str] = ("app", "--headless"),
    folder: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """The address of a running server: our command `app`, or what is asked for, with this program, folder, environment.

    Raises RuntimeError with its log if it does not start.
    """
    # Parallel tests must not choose the same free port.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    port = first_free_port("127.0.0.1", start=18501 + 500 * worker, tries=500)
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*program, *asked, "--port", str(port)],
            cwd=folder,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + seconds
        while not answers(url):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"The dashboard did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.1)
        yield url
    finally:
        stop(server)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def stop(server: subprocess.Popen) -> None:
    """End the launcher and the server it started."""
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
