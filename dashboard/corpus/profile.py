"""All heads of a model over a treebank or a text file: METRICS §2 to §4 as tables, resumed where it stopped."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Literal

import pandas as pd

from dashboard.capture import AttentionModel
from dashboard.corpus.pool import made_by_pool
from dashboard.corpus.store import Store
from dashboard.corpus.task import Sentence, Task, make_chunk
from dashboard.errors import UserError
from dashboard.export.table import table_bytes
from dashboard.export.write import write_file
from dashboard.heads.budget import CHANNELS, budget
from dashboard.heads.dependency import dependencies
from dashboard.heads.explained import explain
from dashboard.heads.features import CorpusCounts, FeatureSpace
from dashboard.heads.gather import WINDOW
from dashboard.text import ParsedSentence, read_text, read_treebank
from dashboard.text.treebank import open_binary

Progress = Callable[[float, str], None]
# Tasks → the number and the bytes of each chunk, in any order.
Make = Callable[[Iterator[Task]], Iterator[tuple[int, bytes]]]

# A version of what a chunk holds: chunks of another are made again.
_CHUNKS = 2
_DEPENDENCIES = ["relation", "direction", "layer", "head", "n", "correct", "accuracy", "baseline", "offset", "lift",
                 "low", "high"]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Profile:
    """A model's heads on a corpus.

    Attributes
    ----------
    heads: a row per head: layer, head, budget_… and twin_… for each channel, then the columns of
        `dashboard.heads.explained.Explained.table`
    dependencies: a row per relation, direction and head (in-sample), see `dashboard.heads.dependency`
    best: a row per relation with its best head, held out and in-sample
    about: model, revision, file and its SHA-256, sentences used and left out with reasons, words, queries, versions,
        seconds
    """

    heads: pd.DataFrame
    dependencies: pd.DataFrame
    best: pd.DataFrame
    about: dict


def profile(
    model: AttentionModel,
    path: str | Path,
    out: str | Path,
    *,
    limit: int | None = None,
    format: Literal["parquet", "csv"] = "parquet",
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Profile:
    """Profiles a corpus and writes to a folder ``heads``, ``dependencies``, ``relations`` (the best head of each, held
    out), each .parquet or .csv, and ``profile.json``.

    Stopped at any point, the same call goes on where it was and ends with the same tables: the statistics of every
    128 sentences are kept in ``out/chunks`` until the tables are written. A chunk that is not whole, or of another
    file, model, revision or limit, is made again. However many processes make them, the chunks are the same but for
    rounding (below 1e-6 in the tables).

    Parameters
    ----------
    path: a treebank (.conllu) or plain English text (.txt, UTF-8)
    out: the folder to write to; made where it is not there
    limit: read only so many sentences
    workers: how many processes of this machine make chunks; they share its cores. 1: this process
    scheduler: the address of a Dask cluster that makes the chunks instead, see `dashboard.corpus.cluster`
    progress: told how far it is: a fraction and a sentence

    Raises UserError where the file cannot be read or gives no sentence, the folder cannot be written to or another
    process is writing a profile to it, and where workers or a scheduler fail.
    """
    begun, tell = time.monotonic(), progress or (lambda fraction, sentence: None)
    path, out = Path(path), Path(out)
    if limit is not None and limit < 1:
        raise UserError("The limit is a number of sentences, 1 or more.")
    if workers < 1:
        raise UserError("The number of workers is 1 or more.")
    read = _reader(path, limit)
    digest = _sha256(path)
    key = {"chunks": _CHUNKS, "sha256": digest, "model": model.name, "revision": model.revision, "limit": limit}
    with Store(out, key) as store:
        tell(0.0, f"Reading {path.name}")
        sentences = store.kept(read) if path.suffix.lower() == ".txt" else read
        counts, number = CorpusCounts(), 0
        for sentence in sentences():
            number += 1
            if isinstance(sentence, ParsedSentence):
                counts.add(sentence)
        if not counts.lemmas:
            store.clear()
            raise UserError(f"{path.name} has no sentence with a parse that can be used. Choose another file.")
        space = FeatureSpace.of(counts)
        store.chunks = -(-number // WINDOW)
        _fill(store, _maker(model, workers, scheduler), sentences(), model, space, tell, number)
        result = _measured(store, model, space, tell, path.name, number)
        result.about.update(sha256=digest, limit=limit, seconds=round(time.monotonic() - begun, 1))
        _write(result, out, format)
        store.clear()
    tell(1.0, f"Wrote {out}")
    return result


def _measured(
    store: Store, model: AttentionModel, space: FeatureSpace, tell: Progress, name: str, number: int
) -> Profile:
    """The tables, from chunks that are all there."""
    left_out = [one for chunk in store for one in chunk.left_out]
    used = number - len(left_out)
    if not used:
        raise UserError(f"No sentence of {name} could be used: {left_out[0].reason}. Choose another file.")
    tell(0.9, "Budgets and dependencies")
    count = model.layers * model.heads
    spending = budget(_Again(lambda: ((one.budget, one.codes) for one in store.used())), count, model.causal)
    found = dependencies((one.dependency for one in store.used()), model.layers, model.heads, model.causal)
    tell(0.92, "Fitting position, syntax and context")
    explained = explain(
        _Again(lambda: (one.explained for one in store.used())), space, model.layers, model.heads, model.causal
    )
    heads = explained.table
    for prefix, shares in (("twin", spending.twin), ("budget", spending.head)):
        for k in reversed(range(len(CHANNELS))):
            heads.insert(2, f"{prefix}_{CHANNELS[k]}", shares[:, k])
    about = {
        "model": model.name, "revision": model.revision, "file": name, "sha256": "", "limit": None,
        "sentences": {
            "used": used, "left_out": len(left_out),
            "reasons": [{"index": one.index, "line": one.line, "reason": one.reason} for one in left_out],
        },
        "words": spending.words, "queries": int(heads["queries"].max()), "silent_queries": explained.silent,
        "versions": {name: version(name) for name in ("torch", "transformers", "numpy", "spacy", "conllu")},
    }  # fmt: skip
    return Profile(heads, found.heads[_DEPENDENCIES], found.best, about)


def _write(result: Profile, out: Path, format: Literal["parquet", "csv"]) -> None:
    """profile.json comes last, and an older one goes first: where it is, the tables beside it are its own."""
    about = out / "profile.json"
    try:
        about.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"“{about}” cannot be replaced: {error.strerror}. Choose another folder.") from error
    tables = {"heads": result.heads, "dependencies": result.dependencies, "relations": result.best}
    for name, table in tables.items():
        write_file(out / f"{name}.{format}", table_bytes(table, format))
    write_file(about, (json.dumps(result.about, indent=1, ensure_ascii=False) + "\n").encode())


class _Again:
    """An iterable that is made anew each time it is read."""

    def __init__(self, make: Callable[[], Iterator]):
        self._make = make

    def __iter__(self) -> Iterator:
        return self._make()


def _fill(
    store: Store, make: Make, sentences: Iterable[Sentence], model: AttentionModel, space: FeatureSpace, tell: Progress,
    total: int,
) -> None:  # fmt: skip
    """Makes the chunks that are not there yet."""
    stream, sizes, done = iter(sentences), {}, set()

    def missing() -> Iterator[Task]:
        for number in range(store.chunks):
            window = list(islice(stream, WINDOW))
            sizes[number] = len(window)
            if store.read(number) is None:
                yield Task(number, store.seal(number), model.name, model.revision, space, window)
            else:
                done.add(number)

    begun = time.monotonic()
    for made, (number, data) in enumerate(make(missing()), 1):
        store.write(number, data)
        done.add(number)
        left = (time.monotonic() - begun) / made * (store.chunks - len(done))
        read = sum(sizes[one] for one in done)
        tell(0.9 * read / total, f"{read:,} of {total:,} sentences, about {_duration(left)} left")


def _maker(model: AttentionModel, workers: int, scheduler: str | None) -> Make:
    """Who makes the chunks."""
    if scheduler is not None:
        from dashboard.corpus.cluster import made_by_cluster

        return lambda tasks: made_by_cluster(tasks, scheduler)
    if workers > 1:
        return lambda tasks: made_by_pool(tasks, workers)
    return lambda tasks: ((task.number, make_chunk(task, model)) for task in tasks)


def _reader(path: Path, limit: int | None) -> Callable[[], Iterator[Sentence]]:
    read = {".conllu": read_treebank, ".txt": read_text}.get(path.suffix.lower())
    if read is None:
        raise UserError(f"{path.name} is neither a treebank (.conllu) nor a text (.txt). Choose one that is.")
    return lambda: islice(read(path), limit)


def _sha256(path: Path) -> str:
    with open_binary(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
