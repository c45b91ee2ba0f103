"""The process of a job: what every one does beside its own work, and how it says how far it is."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dashboard.jobs.job import BEAT, RESUMES, STOP, read, say, stopped, work_of

NICE = 10  # the pages go before

Progress = Callable[[float, str], None]


def main(out: Path, work: Callable[[Path, dict, Progress], None]) -> int:
    """Does the work of the job in a folder, and says there how far it is. The exit status: 0, or 1 where it failed.

    work: is given the folder, what was asked for (`dashboard.jobs.job.start`), and what to tell its progress
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_who_started_it, daemon=True).start()
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    told = read(out)
    if told is None:
        return 1
    sign = _Sign(out, told)
    from dashboard.errors import UserError

    try:
        work(out, told["asked"], sign.progress)
    except UserError as error:
        sign.end("failed", str(error))
        return 1
    except Exception as error:
        traceback.print_exc()
        why = (str(error).strip().splitlines() or [""])[0][:200]
        goes_on = ": it goes on where it was" if sign.work in RESUMES else ""
        sign.end("failed", f"It broke off ({type(error).__name__}: {why}). Start it again{goes_on}.")
        return 1
    sign.end("done", "Done")
    return 0


class _Sign:
    """Says every second how far the job is, and that it lives; ends it where a person said so."""

    def __init__(self, out: Path, told: dict):
        self._out, self._told = out, told | {"pid": os.getpid()}
        self.work = work_of(told["asked"])
        self._writing, self._ended = threading.Lock(), threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def progress(self, fraction: float, sentence: str) -> None:
        self._told = self._told | {"fraction": min(1.0, max(0.0, fraction)), "sentence": sentence}

    def end(self, state: str, sentence: str) -> None:
        with self._writing:
            self._ended.set()
            say(self._out, self._told | {"state": state, "sentence": sentence, "beat": time.time()})

    def _beat(self) -> None:
        while not self._ended.is_set():
            if not self._out.exists():
                os._exit(0)
            if (self._out / STOP).exists():
                self.end("stopped", stopped(self.work))
                os._exit(0)
            with self._writing:
                if not self._ended.is_set():
                    say(self._out, self._told | {"beat": time.time()})
            self._ended.wait(BEAT)


def _end_with_who_started_it() -> None:
    """Past `sys.stdin`, whose lock the interpreter wants when it ends: it would find it held here, and abort."""
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(0)
