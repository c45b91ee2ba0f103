"""All heads of a model over a treebank or a text file: METRICS §2 to §4 as tables, resumed where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Literal

import pandas as pd

from dashboard.capture import AttentionModel
from dashboard.corpus.chunk import Chunk
from dashboard.errors import UserError
from dashboard.export.table import table_bytes
from dashboard.export.write import write_file
from dashboard.heads.budget import CHANNELS, budget
from dashboard.heads.dependency import dependencies
from dashboard.heads.explained import explain
from dashboard.heads.features import CorpusCounts, FeatureSpace
from dashboard.heads.gather import WINDOW, gather
from dashboard.text import LeftOut, ParsedSentence, read_text, read_treebank
from dashboard.text.treebank import open_binary

Progress = Callable[[float, str], None]

# A version of what a chunk holds: chunks of another are made again.
_CHUNKS = 1
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
    moments: each head's strongest and typical sentences: the columns of `dashboard.heads.moments`, and the line of the
        file where the sentence begins
    sentences: the sentences that `moments` names: index, line, text; None where only references are kept. The text of
        a treebank's sentence is its words with a space between, as the model read them
    about: model, revision, file and its SHA-256, sentences used and left out with reasons, words, queries, versions,
        seconds, and the source of the file where it was given
    """

    heads: pd.DataFrame
    dependencies: pd.DataFrame
    best: pd.DataFrame
    moments: pd.DataFrame
    sentences: pd.DataFrame | None
    about: dict


def profile(
    model: AttentionModel,
    path: str | Path,
    out: str | Path,
    *,
    limit: int | None = None,
    format: Literal["parquet", "csv"] = "parquet",
    texts: bool = True,
    source: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Profile:
    """Profiles a corpus and writes to a folder ``heads``, ``dependencies``, ``relations`` (the best head of each, held
    out), ``moments``, ``sentences``, each .parquet or .csv, and at last ``profile.json``.

    Stopped at any point, the same call goes on where it was and ends with the same tables: the statistics of every
    128 sentences are kept in ``out/chunks`` until the tables are written. A chunk that is not whole, or of another
    file, model, revision or limit, is made again.

    Parameters
    ----------
    path: a treebank (.conllu) or plain English text (.txt, UTF-8)
    out: the folder to write to; made where it is not there
    limit: read only so many sentences
    texts: keep the sentences that the moments name; False: only where they stand, for a profile that is given away
        without its corpus
    source: where the corpus comes from, like its name, licence and commit, for ``profile.json``
    progress: told how far it is: a fraction and a sentence

    Raises UserError where the file cannot be read or gives no sentence, or the folder cannot be written to.
    """
    begun, tell = time.monotonic(), progress or (lambda fraction, sentence: None)
    path, out = Path(path), Path(out)
    if limit is not None and limit < 1:
        raise UserError("The limit is a number of sentences, 1 or more.")
    sentences = _reader(path, limit)
    tell(0.0, f"Reading {path.name}")
    counts, number, seen = CorpusCounts(), 0, _Seen()
    for sentence in sentences():
        number += 1
        seen.add(sentence)
        if isinstance(sentence, ParsedSentence):
            counts.add(sentence)
    if not counts.lemmas:
        raise UserError(f"{path.name} has no sentence with a parse that can be used. Choose another file.")
    space = FeatureSpace.of(counts)
    digest = _sha256(path)
    key = {"chunks": _CHUNKS, "sha256": digest, "model": model.name, "revision": model.revision, "limit": limit}
    store = _Store(out, key, -(-number // WINDOW))
    store.fill(model, sentences(), space, tell, number)

    left_out = [one for chunk in store for one in chunk.left_out]
    used = number - len(left_out)
    if not used:
        raise UserError(f"No sentence of {path.name} could be used: {left_out[0].reason}. Choose another file.")

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
        "model": model.name, "revision": model.revision, "file": path.name, "sha256": digest, "limit": limit,
        "sentences": {
            "used": used, "left_out": len(left_out),
            "reasons": [{"index": one.index, "line": one.line, "reason": one.reason} for one in left_out],
        },
        "words": spending.words, "queries": int(heads["queries"].max()), "silent_queries": explained.silent,
        "versions": {name: version(name) for name in ("torch", "transformers", "numpy", "spacy", "conllu")},
        "source": dict(source) if source else None, "seconds": round(time.monotonic() - begun, 1),
    }  # fmt: skip
    moments = explained.moments
    moments.insert(6, "line", seen.lines(moments["sentence"]))
    kept = seen.table(moments["sentence"]) if texts else None
    result = Profile(heads, found.heads[_DEPENDENCIES], found.best, moments, kept, about)
    tables = {"heads": heads, "dependencies": result.dependencies, "relations": result.best, "moments": moments,
              "sentences": kept}  # fmt: skip
    for name, table in tables.items():
        if table is not None:
            write_file(out / f"{name}.{format}", table_bytes(table, format))
    write_file(out / "profile.json", (json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())
    store.clear()
    tell(1.0, f"Wrote {out}")
    return result


class _Seen:
    """The line and the text of every sentence: next to the statistics, which all heads have of it, a trifle."""

    def __init__(self):
        self._all: list[tuple[int, str]] = []

    def add(self, sentence: ParsedSentence | LeftOut) -> None:
        text = "" if isinstance(sentence, LeftOut) else sentence.text or " ".join(sentence.words)
        self._all.append((sentence.line, text))

    def lines(self, indices: Iterable[int]) -> list[int]:
        return [self._all[index][0] for index in indices]

    def table(self, indices: Iterable[int]) -> pd.DataFrame:
        """Of these sentences, each once, in the order of the file."""
        rows = [(index, *self._all[index]) for index in sorted(set(map(int, indices)))]
        return pd.DataFrame(rows, columns=["index", "line", "text"])


class _Again:
    """An iterable that is made anew each time it is read."""

    def __init__(self, make: Callable[[], Iterator]):
        self._make = make

    def __iter__(self) -> Iterator:
        return self._make()


class _Store:
    """The chunks of a profile, in a folder of their own within the profile's."""

    def __init__(self, out: Path, key: dict, chunks: int):
        self.folder, self.chunks = out / "chunks", chunks
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder “{out}” cannot be made: {error.strerror}. Choose another.") from error
        mark = self.folder / "key.json"
        wanted = json.dumps(key, sort_keys=True).encode()
        with suppress(OSError):
            if mark.read_bytes() == wanted:
                return
        self.clear()
        self.folder.mkdir(exist_ok=True)
        write_file(mark, wanted)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npz"

    def read(self, number: int) -> Chunk | None:
        """The chunk, None where there is no whole one."""
        try:
            return Chunk.from_bytes(self._path(number).read_bytes())
        except OSError:
            return None

    def fill(
        self, model: AttentionModel, sentences: Iterable[ParsedSentence | LeftOut], space: FeatureSpace, tell: Progress,
        total: int,
    ) -> None:  # fmt: skip
        """Makes the chunks that are not there yet."""
        stream, begun, made = iter(sentences), time.monotonic(), 0
        for number in range(self.chunks):
            window = list(islice(stream, WINDOW))
            if self.read(number) is None:
                chunk = Chunk.of(list(gather(model, window, space)))
                write_file(self._path(number), chunk.to_bytes())
                made += 1
            done = min((number + 1) * WINDOW, total)
            left = (time.monotonic() - begun) / max(made, 1) * (self.chunks - number - 1)
            tell(0.9 * done / total, f"{done:,} of {total:,} sentences, about {_duration(left)} left")

    def __iter__(self) -> Iterator[Chunk]:
        for number in range(self.chunks):
            chunk = self.read(number)
            if chunk is None:
                raise UserError(f"A part of the profile in “{self.folder}” was changed or removed. Start it again.")
            yield chunk

    def used(self) -> Iterator:
        return (one for chunk in self for one in chunk.used)

    def clear(self) -> None:
        """Removes the chunks, and the folder where nothing else is in it."""
        with suppress(OSError):
            for file in [*self.folder.glob("[0-9]*.npz"), self.folder / "key.json"]:
                file.unlink(missing_ok=True)
            os.rmdir(self.folder)


def _reader(path: Path, limit: int | None) -> Callable[[], Iterator[ParsedSentence | LeftOut]]:
    read = {".conllu": read_treebank, ".txt": read_text}.get(path.suffix.lower())
    if read is None:
        raise UserError(f"{path.name} is neither a treebank (.conllu) nor a text (.txt). Choose one that is.")
    return lambda: islice(read(path), limit)


def _sha256(path: Path) -> str:
    with open_binary(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
