"""The process of a job, `python -m dashboard.jobs.runner DIR`: it does the work that ``job.json`` in the folder names,
and writes its progress there."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

from dashboard import serving
from dashboard.errors import UserError, places
from dashboard.installed import end_with_parent
from dashboard.jobs.record import BEAT, STOP, read, write
from dashboard.jobs.work import load, resumes, stopped, work_of

NICE = 10  # the pages have priority


def main(out: Path) -> int:
    """Do the work of the job in a folder. Returns the exit status: 0, or 1 if it failed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    record = read(out)
    if record is None:
        return 1
    sign = _Sign(out, record)
    try:
        load(sign.work).make(out, record["asked"], sign.progress)
    except UserError as error:
        sign.end("failed", str(error))
        return 1
    except Exception as error:
        if serving.for_others():  # what it says may be a visitor's text, or name a folder
            print(places(type(error), error.__traceback__), file=sys.stderr)
            why = "tell the one who runs this server"
        else:
            traceback.print_exc()
            why = (str(error).strip().splitlines() or [""])[0][:200]
        goes_on = ": it goes on where it was" if resumes(sign.work) else ""
        sign.end("failed", f"It broke off ({type(error).__name__}: {why}). Start it again{goes_on}.")
        return 1
    sign.end("done", "Done")
    return 0


class _Sign:
    """Writes the progress and a sign of life every second; ends the job when a person stops it."""

    def __init__(self, out: Path, record: dict):
        self._out, self._record = out, record | {"pid": os.getpid()}
        self.work = work_of(record["asked"])
        self._writing, self._ended = threading.Lock(), threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def progress(self, fraction: float, sentence: str) -> None:
        self._record = self._record | {"fraction": min(1.0, max(0.0, fraction)), "sentence": sentence}

    def end(self, state: str, sentence: str) -> None:
        with self._writing:
            self._ended.set()
            write(self._out, self._record | {"state": state, "sentence": sentence, "beat": time.time()})

    def _beat(self) -> None:
        while not self._ended.is_set():
            if not self._out.exists():
                os._exit(0)
            if (self._out / STOP).exists():
                self.end("stopped", stopped(self.work))
                os._exit(0)
            with self._writing:
                if not self._ended.is_set():
                    write(self._out, self._record | {"beat": time.time()})
            self._ended.wait(BEAT)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
