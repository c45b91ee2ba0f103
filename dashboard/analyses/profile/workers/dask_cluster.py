"""Chunks made by a running Dask cluster, on one machine or many."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from dashboard.analyses.profile.workers.task import Task, make_apart
from dashboard.errors import UserError

CONNECT = 5  # seconds in which a scheduler must answer
NO_WORKERS = 30  # seconds to wait for a worker

_at_work = threading.Lock()


def made_by_cluster(tasks: Iterable[Task], address: str) -> Iterator[tuple[int, bytes]]:
    """The number and the bytes of each chunk as it is done, by the workers of the scheduler at `address`.

    Tasks travel as lines of JSON and chunks as bytes; this project unpickles nothing. But Dask itself sends functions
    and exceptions by pickle, so use only a cluster that you trust. Start workers in this project's folder; each opens
    the model by its name, once. If a worker is lost, Dask makes its chunk on another.

    Raises UserError where no scheduler answers, it has no worker, or a chunk cannot be made.
    """
    from distributed import CancelledError, as_completed

    with _connected(address) as client:
        source, numbers, going = iter(tasks), {}, as_completed(loop=client.loop)
        while True:
            capacity = 2 * max(1, _workers(client, address))
            while len(numbers) < capacity and (task := next(source, None)) is not None:
                future = client.submit(_on_worker, task.to_json(), pure=False)
                numbers[future] = task.number
                going.add(future)
            if not numbers:
                return
            try:
                while (future := _first(going)) is None:
                    _workers(client, address)
                data = future.result()
            except UserError:
                raise
            except (CancelledError, OSError, TimeoutError) as error:
                raise UserError(_lost(address)) from error
            except Exception as error:  # KilledWorker, or whatever the workers' own versions raise
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
                raise UserError(
                    f"The workers at “{address[:80]}” did not make a part of the profile: {reason}. Start them in this "
                    "project's folder, with its packages and the model; the same command goes on where it was."
                ) from error
            yield numbers.pop(future), data


def _connected(address: str) -> Any:
    """A client of the scheduler at `address`. It and its thread end where it is closed, or where none answers.

    Raises UserError where none answers.
    """
    from distributed import Client

    class Ended(Client):
        """The library leaves a client that failed to the garbage collection, which may then wait there for itself."""

        def start(self, **how: Any) -> None:
            try:
                super().start(**how)
            except BaseException:
                self.close()
                self._loop_runner.stop()
                raise

    try:
        return Ended(address, timeout=CONNECT, set_as_default=False)
    except Exception as error:  # the library raises many kinds of error for a wrong address
        raise UserError(
            f"No Dask scheduler answers at “{address[:80]}”. Check the address (like tcp://127.0.0.1:8786), or leave "
            "--scheduler out to work on this machine."
        ) from error


def _on_worker(line: bytes) -> bytes:
    """Runs on a worker, one chunk at a time per process: Python threads would block each other, so torch gets all."""
    import torch
    from distributed import get_worker

    with _at_work:
        torch.set_num_threads(get_worker().state.nthreads)
        return make_apart(line)


def _first(going):
    """The next finished future; None where none finishes within a second."""
    for _ in range(20):
        if going.has_ready():
            return next(going)
        time.sleep(0.05)
    return None


def _workers(client, address: str) -> int:
    """The number of workers. Raises UserError where the cluster is gone, or has none for `NO_WORKERS` seconds."""
    until = time.monotonic() + NO_WORKERS
    while True:
        try:
            workers = len(client.nthreads())
        except Exception as error:
            raise UserError(_lost(address)) from error
        if client.status != "running":
            raise UserError(_lost(address))
        if workers:
            return workers
        if time.monotonic() > until:
            raise UserError(
                f"The Dask scheduler at “{address[:80]}” has no workers. Start some in this project's folder "
                f"(dask worker {address[:80]}); the same command goes on where it was."
            )
        time.sleep(0.5)


def _lost(address: str) -> str:
    return (
        f"The Dask scheduler at “{address[:80]}” does not answer any more. Start it and its workers again; the same "
        "command goes on where it was."
    )
