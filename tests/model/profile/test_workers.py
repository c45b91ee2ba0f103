"""The chunks of a profile made by several processes: the same tables, whoever is lost on the way."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import distributed
import numpy as np
import pandas as pd
import psutil
import pytest

from dashboard import UserError, cli, profile
from dashboard.analyses.profile import run
from dashboard.analyses.profile.features import CorpusCounts, FeatureSpace
from dashboard.analyses.profile.library import read_profile
from dashboard.analyses.profile.workers import dask_cluster as clusters
from dashboard.analyses.profile.workers.dask_cluster import made_by_cluster
from dashboard.analyses.profile.workers.pool import made_by_pool
from dashboard.analyses.profile.workers.task import Task, from_plain, make_apart, make_chunk, to_plain
from dashboard.commands import profile as command
from dashboard.text import LeftOut, parse
from tests.helpers.processes import living
from tools.server import ROOT

SAID = "The chef who trained in Osaka says ramen is her favourite food. She cooks it at home."


def same_tables(found, expected):
    """To 1e-6. A lean is a quotient of figures in bits, so its share in them is compared; of two sentences whose
    scores are nearly alike either may be named, so scores are compared rank by rank, in single precision."""
    assert found.about["sentences"] == expected.about["sentences"]
    heads = [one.heads.drop(columns="lean") for one in (found, expected)]
    pd.testing.assert_frame_equal(*heads, rtol=0, atol=1e-6, check_dtype=False)
    leans = [one.heads.lean * (one.heads.bits_syntax + one.heads.bits_context) for one in (found, expected)]
    np.testing.assert_allclose(*leans, rtol=0, atol=1e-5)
    for table in ("dependencies", "best"):
        pd.testing.assert_frame_equal(
            getattr(found, table), getattr(expected, table), rtol=0, atol=1e-6, check_dtype=False
        )
    place = ["layer", "head", "figure", "kind", "decile"]
    pd.testing.assert_frame_equal(found.moments[place], expected.moments[place], check_dtype=False)
    np.testing.assert_allclose(found.moments.score, expected.moments.score, rtol=0, atol=1e-5)
    for one in (found, expected):
        assert set(one.sentences["index"]) == set(one.moments.sentence)


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    return living(process, "dashboard.analyses.profile.workers.worker")


def one_task(minilm, **changed) -> Task:
    sentences = [*parse(SAID), LeftOut(2, 9, "it has no root")]
    space = FeatureSpace.of(CorpusCounts.of(sentences))
    told = {
        "number": 4,
        "seal": "s",
        "model": "minilm",
        "revision": minilm.revision,
        "space": space,
        "sentences": sentences,
    }
    return Task(**told | changed)


def test_a_task_travels_as_a_line(minilm):
    task = one_task(minilm)
    line = task.to_json()
    assert b"\n" not in line
    there = Task.from_json(line)
    assert list(there.sentences) == task.sentences and there.number == 4
    assert there.space.relations == task.space.relations and there.space.total == task.space.total
    assert make_chunk(there, minilm) == make_chunk(task, minilm)
    odd = parse("A \ud800 «lone» 你好 \x01 sign.")[0]
    assert from_plain(to_plain(odd)) == odd


def test_the_command_line_with_workers_one_of_which_is_killed(treebank, whole, tmp_path, monkeypatch):
    """Two processes, and what the one had not finished made by the other, give the numbers of one."""
    me, killed = psutil.Process(), []

    def progress(fraction, sentence):
        if " of " in sentence and not killed:
            killed.append(workers_of(me)[0])
            killed[0].kill()

    monkeypatch.setattr(command, "show_progress", progress)
    monkeypatch.setattr(run, "WINDOW", 16)  # nine chunks
    assert cli.main(["profile", str(treebank), "--out", str(tmp_path), "--workers", "2"]) == 0
    assert killed and not workers_of(me)
    same_tables(read_profile(tmp_path), whole[1])


def test_a_worker_ends_with_who_started_it(minilm):
    worker = subprocess.Popen(
        [sys.executable, "-m", "dashboard.analyses.profile.workers.worker", "1"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    worker.stdin.write(one_task(minilm).to_json() + b"\n")
    worker.stdin.close()  # as the system does it for one that was killed
    assert worker.wait(20) == 0 and worker.stdout.read() == b""


@pytest.fixture
def scripted(tmp_path, monkeypatch):
    """Has a few lines of Python, after the task is read, work in place of the worker."""

    def scripted(lines: str) -> None:
        script = tmp_path / "worker"
        script.write_text(
            f"#!{sys.executable}\nimport os, sys\ntask = sys.stdin.readline()\n{lines}\nsys.stdin.read()\n"
        )
        script.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(script))

    if os.name != "posix":
        pytest.skip("a script is a program only where its first line may name one")
    return scripted


def test_a_chunk_that_ends_every_worker_is_given_up(minilm, tmp_path, scripted, refuses):
    tries = tmp_path / "tries"
    scripted(f"if task: sys.exit(bool(open({str(tries)!r}, 'a').write('x')))")
    with refuses(UserError, "1 to 3", "3 times"):
        list(made_by_pool([one_task(minilm)], 2))
    assert tries.read_text() == "xxx"  # not again and again


def test_a_worker_that_ended_is_started_anew(minilm, tmp_path, scripted):
    lived = str(tmp_path / "lived")
    scripted(
        f"if not os.path.exists({lived!r}): sys.exit(bool(open({lived!r}, 'w')))\n"
        "print('{\"bytes\": 2}\\nok', end='', flush=True)"
    )
    assert list(made_by_pool([one_task(minilm)], 1)) == [(4, b"ok")] and os.path.exists(lived)


def test_an_interrupt_ends_the_workers(treebank, tmp_path, scripted, monkeypatch, capsys, snapshot):
    seen, before = [], set(psutil.Process().children())  # a browser of other tests, say

    def progress(fraction, sentence):
        if " of " in sentence:
            seen.extend(set(psutil.Process().children()) - before)
            raise KeyboardInterrupt

    scripted("print('{\"bytes\": 2}\\nok', end='', flush=True)")
    monkeypatch.setattr(command, "show_progress", progress)
    assert cli.main(["profile", str(treebank), "--out", str(tmp_path / "out"), "--workers", "2"]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == snapshot
    assert len(seen) == 2 and not psutil.wait_procs(seen, timeout=5)[1]


def test_a_worker_with_other_weights_says_so(minilm, scripted, refuses):
    with refuses(UserError, "minilm") as said:
        make_apart(one_task(minilm, revision="sha256:0").to_json())
    scripted(f"print({json.dumps({'error': str(said.value)})!r}, flush=True)")
    with refuses(UserError):
        list(made_by_pool([one_task(minilm)], 1))


@pytest.fixture
def cluster():
    """A scheduler in this process and two worker processes, on loopback alone."""
    from distributed import LocalCluster

    quiet = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=0, host="127.0.0.1", **quiet) as found:
        command = [
            sys.executable,
            "-m",
            "distributed.cli.dask_worker",
            found.scheduler_address,
            "--no-nanny",
            "--no-dashboard",
            "--nthreads",
            "1",
            "--host",
            "127.0.0.1",
        ]
        unheard = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        workers = [subprocess.Popen(command, cwd=ROOT, **unheard) for _ in range(2)]
        yield found, workers
        for worker in workers:
            worker.kill()
            worker.wait()


def test_a_cluster_that_loses_a_worker(minilm, treebank, whole, tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(run, "WINDOW", 16)  # nine chunks
    found, workers = cluster
    until = time.monotonic() + 60
    while len(found.scheduler.workers) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    lost = []

    def progress(fraction, sentence):
        if " of " in sentence and not lost:
            lost.append(workers[0].pid)
            os.kill(workers[0].pid, signal.SIGKILL)

    result = profile(minilm, treebank, tmp_path, scheduler=found.scheduler_address, progress=progress)
    assert lost and len(found.scheduler.workers) == 1
    same_tables(result, whole[1])
    heard = {one.laddr.ip for one in psutil.Process().net_connections("inet") if one.status == psutil.CONN_LISTEN}
    assert heard <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("address", ["nowhere", "tcp://127.0.0.1:{free}", "ftp://x", ""])
def test_an_address_where_no_scheduler_is(address, monkeypatch, refuses_alike):
    monkeypatch.setattr(clusters, "CONNECT", 1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = address.format(free=probe.getsockname()[1])
    waits, start = [], distributed.Client.start
    monkeypatch.setattr(
        distributed.Client, "start", lambda *at, **how: waits.append(how["timeout"]) or start(*at, **how)
    )
    threads = set(threading.enumerate())
    with refuses_alike(UserError, f"“{address}”"):
        list(made_by_cluster([], address))
    assert waits == [1]  # seconds, and once
    assert not [one for one in set(threading.enumerate()) - threads if one.name == "IO loop"]
    assert not [one for one in gc.get_objects() if isinstance(one, distributed.Client) and one.status != "closed"]


@pytest.mark.parametrize(
    "asked, said",
    [
        (["--workers", "0"], "1 or more"),
        (["--workers", "two"], "“two”"),
        (["--scheduler", "nowhere"], "“nowhere”"),
        (["--scheduler", ""], "“”"),
        (["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "--scheduler"),
    ],
)
def test_the_command_line_refuses_with_a_sentence(asked, said, treebank, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(clusters, "CONNECT", 1)
    assert cli.main(["profile", str(treebank), "--limit", "9", "--out", str(tmp_path / "out"), *asked]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert said in last and last.endswith(".")
    assert not (tmp_path / "out" / "profile.json").exists()
