"""`python -m dashboard profile` killed, without room and without leave to write: it goes on, or says why it cannot."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel

from dashboard import UserError, open_model, profile
from dashboard.analyses.profile.library import compare_profiles, read_profile
from dashboard.analyses.profile.roles import FIGURES
from dashboard.cli import main
from dashboard.text import read_treebank
from tools.server import ROOT

# Each process forks from one that has imported everything, so that a kill falls into the work.
FORKED = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
FORKED.set_forkserver_preload(["dashboard.cli", "dashboard.capture", "dashboard.analyses.profile.run"])


def asked(treebank, out, *more) -> list[str]:
    return ["profile", str(treebank), "--out", str(out), *more]


def same_bytes(out: Path, expected: Path) -> None:
    assert {one.name for one in out.iterdir()} == {one.name for one in expected.iterdir()}
    for one in expected.glob("*.parquet"):
        assert (out / one.name).read_bytes() == one.read_bytes(), one.name


def test_killed_at_three_random_moments(treebank, whole, tmp_path):
    """What is left never reads as a profile, and with a chunk that was damaged it ends with the same bytes."""
    moments = np.random.default_rng().uniform(0.3, 3, 3)
    for moment in moments:
        process = FORKED.Process(target=main, args=(asked(treebank, tmp_path),))
        process.start()
        process.join(moment)
        process.kill()
        process.join()
        if not (tmp_path / "profile.json").exists():
            with pytest.raises(UserError):
                read_profile(tmp_path)
    for chunk in sorted((tmp_path / "chunks").glob("*.npz"))[:1]:
        data = bytearray(chunk.read_bytes())
        data[len(data) // 2] ^= 1
        chunk.write_bytes(data)
    (tmp_path / ".two-heads-0123456789abcdef.part").write_bytes(b"PAR1")  # of a kill in the middle of a table
    assert main(asked(treebank, tmp_path)) == 0, moments
    same_bytes(tmp_path, whole[0])


def test_killed_with_workers(treebank, whole, tmp_path, refuses):
    """The workers end with it, and one process alone goes on with what they made."""
    command = [sys.executable, "-m", "dashboard", *asked(treebank, tmp_path, "--workers", "2")]
    with open(tmp_path.parent / "told.txt", "wb") as told:
        process = subprocess.Popen(command, cwd=ROOT, stdout=told, stderr=told)
    until = time.monotonic() + 120
    while process.poll() is None and not list((tmp_path / "chunks").glob("0*.npz")) and time.monotonic() < until:
        time.sleep(0.01)
    assert process.poll() is None, (tmp_path.parent / "told.txt").read_text()
    workers = psutil.Process(process.pid).children()
    process.kill()
    process.wait()
    assert workers and not psutil.wait_procs(workers, timeout=10)[1]
    with refuses(UserError):
        read_profile(tmp_path)
    assert main(asked(treebank, tmp_path)) == 0
    columns = [f"bits_{figure}" for figure in FIGURES]
    found, expected = (one.heads[columns] for one in (read_profile(tmp_path), whole[1]))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


class Disk:
    """A disk of its own of so many bytes, or where none may be mounted a limit on the size of files."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        self.mounted = self._mount("size=1m", "-t", "tmpfs", "none")

    def _mount(self, options: str, *more: str) -> bool:
        try:
            done = subprocess.run(["mount", "-o", options, *more, self.folder], capture_output=True)
        except OSError:
            return False
        return done.returncode == 0

    def room(self, size: int) -> None:
        if self.mounted:
            assert self._mount(f"remount,rw,size={size}")
        else:
            import resource

            most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (most if size < 0 else size, most))

    def close(self) -> Path:
        """Read-only from now on; a folder in it to write to."""
        if self.mounted:
            assert self._mount("remount,ro")
            return self.folder
        if os.geteuid():
            self.folder.chmod(0o500)
            return self.folder
        return Path("/sys")  # nobody makes a folder there

    def remove(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder], check=True)
        else:
            self.room(-1)
            self.folder.chmod(0o700)


@pytest.fixture
def disk(tmp_path):
    found = Disk(tmp_path / "disk")
    yield found
    found.remove()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no way to make a small disk there without a driver")
def test_a_full_disk_and_a_read_only_one(minilm, treebank, whole, disk, capsys):
    """Full in the first chunk, then among the tables; then with room it ends with the same bytes."""
    out = disk.folder / "out"

    def refused(because: str) -> None:
        assert main(asked(treebank, out)) == 2
        last = capsys.readouterr().err.splitlines()[-1]
        assert because in last and last.endswith(".")
        with pytest.raises(UserError):
            read_profile(out)
        assert not list(out.rglob("*.part"))

    full = "disk is full" if disk.mounted else "too large"
    disk.room(1_000_000)
    refused(full)
    assert not list(out.rglob("*.npz"))
    if disk.mounted:
        disk.room(64_000_000)
        with pytest.raises(KeyboardInterrupt):
            profile(minilm, treebank, out, progress=stop_before_tables)
        used = sum(one.stat().st_blocks * 512 for one in out.rglob("*"))
        disk.room(used + 40_000)
        refused(full)
        assert list(out.rglob("*.npz"))
    out = disk.close() / "out"
    refused("cannot be written to")
    out = disk.folder / "out"
    disk.room(64_000_000 if disk.mounted else -1)
    disk.folder.chmod(0o700)
    assert main(asked(treebank, out)) == 0
    same_bytes(out, whole[0])


def stop_before_tables(fraction, sentence):
    if sentence.startswith("Budgets"):
        raise KeyboardInterrupt


@pytest.fixture(scope="module")
def tiny(minilm, tmp_path_factory):
    """A model of two heads that reads what MiniLM reads."""
    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=24
    )
    BertModel(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        if (minilm.source.folder / name).exists():
            shutil.copy(minilm.source.folder / name, folder)
    return open_model(str(folder))


ROW = "{}\t{}\t_\t{}\t_\t_\t{}\t{}\t_\t_\n"
words = st.lists(
    st.tuples(
        st.sampled_from(["a", "of", "10 000", "\x01", "\u2028", "\u4f60", "x" * 90]) | st.text("ab\u0301 ", min_size=1),
        st.sampled_from(["NOUN", "PUNCT", "_", "=1"]),
        st.sampled_from(["punct", "nsubj", "nsubj:pass", "=cmd", "root", "\x7f"]),
    ),
    max_size=30,
)


def as_rows(sentence) -> bytes:
    rows = (ROW.format(i + 1, form, upos, i, relation) for i, (form, upos, relation) in enumerate(sentence))
    return ("".join(rows) + "\n").encode()


@settings(max_examples=40)
@given(st.lists(words.map(as_rows) | st.binary(max_size=60), max_size=5).map(b"".join))
def test_any_treebank_is_profiled_or_refused(tiny, tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    (folder / "any.conllu").write_bytes(content)
    try:
        result = profile(tiny, folder / "any.conllu", folder, format="csv")
    except UserError as said:
        assert str(said).endswith(".") and not (folder / "profile.json").exists()
        return
    sentences = list(read_treebank(folder / "any.conllu"))
    assert result.about["sentences"]["used"] + result.about["sentences"]["left_out"] == len(sentences)
    assert compare_profiles(read_profile(folder), result).filter(like="difference").fillna(0).eq(0).all(axis=None)
