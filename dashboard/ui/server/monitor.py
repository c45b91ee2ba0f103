"""What a monitor on this machine is told: `/health`, whether all pages are shown, and `/metrics`, counts and times in
the format of Prometheus. No text, no address, nobody's key."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dashboard.jobs.queue import Foreman, tickets

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

HERE = "127.0.0.1"
OWN = {HERE, "localhost"}


class Shown(Protocol):
    """The processes that show the pages."""

    def pids(self) -> list[int]: ...

    def silent(self) -> list[int]: ...


@contextmanager
def answering(port: int, shown: Shown, foreman: Foreman) -> Iterator[None]:
    """Answer a monitor at this port of this machine meanwhile."""
    with make_server(HERE, port, _app(shown, foreman), _Server, _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def forget(pid: int) -> None:
    """Leave out what a process that has ended says of the present, like its open pages."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid)


def _app(shown: Shown, foreman: Foreman) -> Callable[..., Iterable[bytes]]:
    os.environ["PROMETHEUS_DISABLE_CREATED_SERIES"] = "true"
    from prometheus_client import CollectorRegistry, make_wsgi_app
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(_Now(shown, foreman))  # type: ignore[arg-type]
    metrics = make_wsgi_app(registry)

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").partition(":")[0] not in OWN:  # a page of another site under a name of its own
            return _said(start, "421 Misdirected Request", "This address is for a monitor on this machine.")
        if environ["PATH_INFO"] == "/metrics":
            return metrics(environ, start)
        if environ["PATH_INFO"] != "/health":
            return _said(start, "404 Not Found", "There are /health and /metrics.")
        if silent := shown.silent():
            ports = ", ".join(map(str, silent))
            return _said(start, "503 Service Unavailable", f"No pages at port {ports}.")
        return _said(start, "200 OK", "ok")

    return app


def _said(start: Callable[..., Any], status: str, sentence: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [sentence.encode() + b"\n"]


class _Now:
    """What holds at this moment: jobs, and the memory of each process."""

    def __init__(self, shown: Shown, foreman: Foreman):
        self._shown, self._foreman = shown, foreman

    def collect(self) -> Iterator[GaugeMetricFamily]:
        import psutil
        from prometheus_client.core import GaugeMetricFamily

        jobs = GaugeMetricFamily("two_heads_jobs", "Jobs that go and that wait", labels=["state"])
        going = self._foreman.going
        jobs.add_metric(["going"], going)
        jobs.add_metric(["waiting"], max(0, len(tickets()) - going))
        yield jobs
        memory = GaugeMetricFamily("two_heads_memory_bytes", "Memory of a process that shows pages", labels=["pid"])
        for pid in self._shown.pids():
            try:
                memory.add_metric([str(pid)], psutil.Process(pid).memory_info().rss)
            except psutil.Error:  # it has just ended
                continue
        yield memory


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each question."""
