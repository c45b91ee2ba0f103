"""A profile in the background: told, stopped, killed, taken up again, and found by another process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from dashboard import UserError
from dashboard.analyses.profile.library import read_profile
from dashboard.jobs import job as jobs
from dashboard.jobs import queue, runner
from dashboard.jobs.job import find, start
from dashboard.jobs.record import JOB
from tests.helpers.sentences import numbers
from tools.server import ROOT


def until(job, *states, seconds=90):
    """Every progress until one is of these states."""
    seen, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        seen.append(job.progress)
        if seen[-1].state in states:
            return seen
        time.sleep(0.05)
    pytest.fail(f"still {seen[-1]}")


def pid_of(job) -> int:
    end = time.monotonic() + 20
    while (pid := json.loads((job.out / JOB).read_bytes())["pid"]) is None and time.monotonic() < end:
        time.sleep(0.05)
    return pid


def test_stopped_killed_and_taken_up_again_it_ends_with_the_same_tables(treebank, whole, tmp_path, refuses):
    """Stopped by another process, then killed, then made to the end; meanwhile no second job gets into the folder."""
    out = tmp_path / "mine"
    job = start("minilm", treebank, out)
    assert find(out) == job
    with refuses(UserError):
        start("minilm", treebank, out)
    pid_of(job)
    code = "import sys; from dashboard.jobs.job import find; find(sys.argv[1]).stop()"
    subprocess.run([sys.executable, "-c", code, str(out)], cwd=ROOT, check=True)
    assert job.progress.state == "stopped"

    job = start(job.model, job.path, out, limit=job.limit)
    end = time.monotonic() + 60
    while not list((out / "chunks").glob("*.npz")) and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(pid_of(job), signal.SIGKILL)
    seen = until(job, "stopped", "done")
    assert seen[-1].state == "stopped" and "go on" in seen[-1].sentence

    seen = until(start(job.model, job.path, out, limit=job.limit), "done", "failed")
    assert seen[-1].state == "done" and seen[-1].fraction >= seen[0].fraction
    found = read_profile(out)
    pd.testing.assert_frame_equal(found.heads, whole[1].heads, rtol=0, atol=1e-6, check_dtype=False)


class Here:
    """A job's process that is this one, which has imported everything."""

    def __init__(self, command, **_):
        self._status, self.stdin = runner.main(Path(command[-1])), None

    def wait(self, seconds: float = 0) -> int:
        return self._status


@pytest.fixture
def here(monkeypatch):
    """Jobs run in this process, and are over when they have been started."""
    monkeypatch.setattr(runner, "end_with_parent", lambda: None)
    monkeypatch.setattr(runner.os, "nice", lambda _: 0)
    monkeypatch.setattr(runner.signal, "signal", lambda *_: None)
    monkeypatch.setattr(queue.subprocess, "Popen", Here)


def test_what_fails_says_why_and_an_upload_stays_until_it_is_done(tmp_path, refuses, snapshot, here):
    out = tmp_path / "wrong"
    (out / "source").mkdir(parents=True)
    (out / "source" / "a.conllu").write_text("no treebank\n")
    job = start("minilm", out / "source" / "a.conllu", out)
    last = until(job, "failed", "done")[-1]
    assert (
        last.state == "failed"
        and numbers(last.sentence)[:2] == [1, 2]
        and last.sentence == snapshot(name="no treebank")
    )
    assert (out / "source" / "a.conllu").exists()
    with refuses(UserError):
        start("minilm", job.path, out / "source" / "a.conllu")


@pytest.mark.parametrize("bytes_", [b"", b"{", b"[]", b"\xff", b"{}", b'{"asked": 3}', b"[" * 100_000])
def test_a_file_that_is_no_jobs_is_none(bytes_, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / JOB).write_bytes(bytes_)
    assert find(out) is None and jobs.jobs(tmp_path) == []


def test_a_job_that_says_nothing_is_stopped(tmp_path):
    """Its number may be another process's by now, so its signs of life decide."""
    asked = {"model": "minilm", "path": "a.conllu", "limit": None, "workers": 1}
    told = {"asked": asked, "pid": os.getpid(), "beat": time.time(), "fraction": 0.5, "sentence": "s", "state": "going"}
    (tmp_path / JOB).write_text(json.dumps(told))
    assert find(tmp_path).progress.state == "going"
    (tmp_path / JOB).write_text(json.dumps(told | {"beat": time.time() - 60}))
    assert find(tmp_path).progress.state == "stopped" and find(tmp_path).progress.fraction == 0.5
    assert find(tmp_path).how.get("parser") is None  # of an older one
    (tmp_path / JOB).write_text(json.dumps(told | {"asked": asked | {"parser": "own"}}))
    assert find(tmp_path).how["parser"] == "own"
    (tmp_path / JOB).write_text(json.dumps(told | {"asked": asked | {"parser": [3]}}))
    assert find(tmp_path) is None


def test_a_job_ends_with_the_process_that_started_it(treebank, tmp_path):
    code = (
        "import sys, time; from dashboard.jobs.job import start; start('minilm', *sys.argv[1:]);"
        "print('on', flush=1); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(treebank), str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as starter:
        assert starter.stdout.readline() == b"on\n"
        job = find(tmp_path)
        pid_of(job)
        starter.kill()
    assert until(job, "stopped", "done", seconds=15)[-1].state == "stopped"


FAULTS = ["a corpus with nothing in it", "a corpus that is gone", "a model that is gone"]


def faulty(fault: str, folder: Path) -> tuple[str, Path, Path]:
    """The model, the corpus and the folder of a job with this fault."""
    corpus, model = folder / "corpus.conllu", "/no/such/model" if "model" in fault else "minilm"
    if fault != "a corpus that is gone":
        corpus.write_text("nothing\n")
    return model, corpus, folder / "out"


def test_a_job_that_fails_ends_without_a_word_on_the_terminal(tmp_path):
    """What went wrong is in its file; the terminal is the dashboard's."""
    code = (
        "import sys, time; from dashboard.jobs.job import _started, start\n"
        "job = start(*sys.argv[1:])\n"
        "print(_started[job.out].wait(60), job.progress.state)"
    )
    asked = [sys.executable, "-c", code, *map(str, faulty(FAULTS[0], tmp_path))]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert said.stdout.split() == ["1", "failed"] and said.stderr == ""


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_says_a_word_on_the_terminal(fault, tmp_path, here, capfd):
    job = start(*faulty(fault, tmp_path))
    assert jobs._started[job.out].wait() == 1 and job.progress.state == "failed"
    assert capfd.readouterr() == ("", "")
