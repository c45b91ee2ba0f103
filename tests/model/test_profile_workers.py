"""The chunks of a profile made by several processes: the same tables, whoever is lost on the way."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest

from dashboard import UserError, profile
from dashboard.corpus import pool as pools
from dashboard.corpus.cluster import made_by_cluster
from dashboard.corpus.pool import ROOT, made_by_pool
from dashboard.corpus.task import Task, from_plain, make_chunk, to_plain
from dashboard.heads.features import CorpusCounts, FeatureSpace
from dashboard.text import LeftOut, parse

SAID = "The chef who trained in Osaka says ramen is her favourite food. She cooks it at home."


def same_tables(found, expected):
    for table in ("heads", "dependencies", "best", "moments", "sentences"):
        pd.testing.assert_frame_equal(getattr(found, table), getattr(expected, table), rtol=0, atol=1e-6)
    assert found.about["sentences"] == expected.about["sentences"]


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    """Those that live: one that has ended and was not yet taken leave of has no command line."""
    living = [child for child in process.children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in living if "dashboard.corpus.worker" in child.cmdline()]


def one_task(minilm, **changed) -> Task:
    sentences = [*parse(SAID), LeftOut(2, 9, "it has no root")]
    space = FeatureSpace.of(CorpusCounts.of(sentences))
    told = {"number": 4, "seal": "s", "model": "minilm", "revision": minilm.revision, "space": space,
            "sentences": sentences}  # fmt: skip
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


def test_a_killed_worker_and_an_interrupt(minilm, treebank, whole, tmp_path):
    """The pool goes on without the one, ends with the other, and leaves nobody behind."""
    me, seen, killed = psutil.Process(), [], []

    def progress(fraction, sentence):
        if " of " not in sentence:
            return
        seen.append(fraction)
        if len(seen) == 1:
            killed.extend(workers_of(me))
            for one in killed:
                one.kill()
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        profile(minilm, treebank, tmp_path, workers=2, progress=progress)
    assert len(killed) == 2 and not workers_of(me)
    assert len(list((tmp_path / "chunks").glob("*.npz"))) == 2
    same_tables(profile(minilm, treebank, tmp_path), whole[1])


def test_a_worker_ends_with_who_started_it(minilm):
    worker = subprocess.Popen(
        [sys.executable, "-m", "dashboard.corpus.worker", "1"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    worker.stdin.write(one_task(minilm).to_json() + b"\n")
    worker.stdin.close()  # as the system does it for one that was killed
    assert worker.wait(20) == 0 and worker.stdout.read() == b""


def test_a_chunk_that_ends_every_worker_is_given_up(minilm, monkeypatch):
    monkeypatch.setattr(pools.sys, "executable", "/bin/false" if os.name == "posix" else "where")
    began = time.monotonic()
    with pytest.raises(UserError, match="sentences 1 to 3 ended 3 times"):
        list(made_by_pool([one_task(minilm)], 2))
    assert time.monotonic() - began < 10


def test_a_worker_with_other_weights_says_so(minilm):
    with pytest.raises(UserError, match="other weights of minilm"):
        list(made_by_pool([one_task(minilm, revision="sha256:0")], 1))
    assert not workers_of(psutil.Process())


@pytest.fixture
def cluster():
    """A scheduler in this process and two worker processes, on loopback alone."""
    from distributed import LocalCluster

    quiet = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=0, host="127.0.0.1", **quiet) as found:
        command = [
            sys.executable, "-m", "distributed.cli.dask_worker", found.scheduler_address, "--no-nanny",
            "--no-dashboard", "--nthreads", "1", "--host", "127.0.0.1",
        ]  # fmt: skip
        unheard = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        workers = [subprocess.Popen(command, cwd=ROOT, **unheard) for _ in range(2)]
        yield found, workers
        for worker in workers:
            worker.kill()
            worker.wait()


def test_a_cluster_that_loses_a_worker(minilm, treebank, whole, tmp_path, cluster):
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
def test_an_address_where_no_scheduler_is(address):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = address.format(free=probe.getsockname()[1])
    began = time.monotonic()
    with pytest.raises(UserError, match="No Dask scheduler answers"):
        list(made_by_cluster([], address))
    assert time.monotonic() - began < 15
