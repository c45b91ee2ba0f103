"""Chunks made by several processes on this machine."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections import Counter
from collections.abc import Iterable, Iterator

from dashboard.analyses.profile.workers.task import Task
from dashboard.errors import UserError
from dashboard.installed import child_process

TRIES = 3


def cores() -> int:
    """The number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def made_by_pool(tasks: Iterable[Task], workers: int) -> Iterator[tuple[int, bytes]]:
    """The number and the bytes of each chunk as it is done, by processes that share the cores.

    Reads only as many `tasks` as are in work or come next. A process that ends in the middle of a chunk is replaced and
    the chunk made again, up to 3 times. The processes end with this generator, and when this process ends in any way.

    Raises UserError where a worker reports one, and where a chunk ended 3 processes.
    """
    todo: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Task, bytes | UserError | None]] = queue.SimpleQueue()
    threads = max(1, cores() // workers)
    pool = [_Worker(todo, done, threads) for _ in range(workers)]
    source, waiting, tries = iter(tasks), 0, Counter()
    try:
        while True:
            while waiting < 2 * workers and (task := next(source, None)) is not None:
                todo.put(task)
                waiting += 1
            if not waiting:
                return
            task, result = _next(done)
            if isinstance(result, UserError):
                raise result
            if result is None:
                tries[task.number] += 1
                if tries[task.number] == TRIES:
                    raise UserError(_broke_off(task))
                todo.put(task)
                continue
            waiting -= 1
            yield task.number, result
    finally:
        for worker in pool:
            worker.end()


def _next(done: queue.SimpleQueue):
    """The next finished task. Waits in short steps: on some systems a long wait ignores an interrupt."""
    while True:
        try:
            return done.get(timeout=0.5)
        except queue.Empty:
            continue


def _broke_off(task: Task) -> str:
    first, last = task.sentences[0].index + 1, task.sentences[-1].index + 1
    return (
        f"The process that worked on sentences {first:,} to {last:,} ended {TRIES} times, perhaps for want of memory. "
        "Close other programs or use fewer workers, and start it again: it goes on where it was."
    )


class _Worker:
    """A process and the thread that talks to it. A process that has ended is restarted when there is work."""

    def __init__(self, todo: queue.SimpleQueue, done: queue.SimpleQueue, threads: int):
        self._todo, self._done, self._threads = todo, done, threads
        self._ended = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def end(self) -> None:
        with self._starting:
            self._ended.set()
            self._kill()
        self._todo.put(None)  # wakes one waiting thread; each worker puts one

    def _serve(self) -> None:
        while (task := self._todo.get()) is not None and not self._ended.is_set():
            try:
                self._done.put((task, self._ask(task)))
            except (OSError, ValueError):  # ValueError: its pipe was closed, or its reply is incomplete
                self._kill()
                self._done.put((task, None))

    def _ask(self, task: Task) -> bytes | UserError:
        with self._starting:
            if self._ended.is_set():
                raise OSError
            if self._process is None:
                self._process = self._start()
            process = self._process
        assert process.stdin is not None and process.stdout is not None  # `_start` asks for both
        process.stdin.write(task.to_json() + b"\n")
        process.stdin.flush()
        reply = json.loads(process.stdout.readline())
        if "error" in reply:
            return UserError(reply["error"])
        data = process.stdout.read(reply["bytes"])
        if len(data) < reply["bytes"]:
            raise ValueError
        return data

    def _start(self) -> subprocess.Popen:
        command, env = child_process("dashboard.analyses.profile.workers.worker", str(self._threads))
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env=env | {"OMP_NUM_THREADS": str(self._threads)},
        )

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
