"""From the statistics of all chunks to the tables of a profile, and to the files of its folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.analyses.profile.budget import CHANNELS, budget
from dashboard.analyses.profile.chunk_store import Store
from dashboard.analyses.profile.dependency import dependencies
from dashboard.analyses.profile.explained import explain
from dashboard.analyses.profile.features import FeatureSpace
from dashboard.analyses.profile.tables import PROFILE, TABLES, VERSION, Profile, seal
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.export.table import table_bytes
from dashboard.export.write import write_file
from dashboard.text import Encoding, LeftOut, OnPlaces, ParsedSentence
from dashboard.text.reasons import no_sentence

Progress = Callable[[float, str], None]


class Seen:
    """The line and the text of every sentence: small next to the statistics of all heads."""

    def __init__(self):
        self._all: list[tuple[int, str]] = []

    def add(self, sentence: ParsedSentence | LeftOut) -> None:
        text = "" if isinstance(sentence, LeftOut) else sentence.text or " ".join(sentence.words)
        self._all.append((sentence.line, text))

    def __len__(self) -> int:
        return len(self._all)

    def lines(self, indices: Iterable[int]) -> list[int]:
        return [self._all[index][0] for index in indices]

    def table(self, indices: Iterable[int]) -> pd.DataFrame:
        """A table of these sentences, each once, in the order of the file."""
        rows = [(index, *self._all[index]) for index in sorted(set(map(int, indices)))]
        return pd.DataFrame(rows, columns=["index", "line", "text"])


class Joins:
    """Counts of words that share a token, and of relations that are not scored because of it."""

    def __init__(self):
        self._all: dict[str, int] = dict.fromkeys(
            ("places", "words", "inside", "dropped", "unknown_tokens", "tokens"), 0
        )

    def add(self, on: OnPlaces, encoding: Encoding) -> None:
        shared = [len(part) for part in encoding.parts if len(part) > 1]
        counts = (len(shared), sum(shared), on.inside, on.dropped, sum(encoding.unknown), len(encoding))
        for name, count in zip(self._all, counts, strict=True):
            self._all[name] += count

    def to_dict(self) -> dict[str, int]:
        """The counts for ``profile.json``.

        Places that hold several words, and the number of these words; relations inside a place and relations of its
        further words, both not scored (METRICS §0); tokens for characters that the tokenizer does not know, and all
        tokens.
        """
        return dict(self._all)


def collect(
    store: Store, model: AttentionModel, space: FeatureSpace, seen: Seen, texts: bool, file: str, tell: Progress
) -> Profile:
    """The profile, from complete chunks.

    Raises UserError where no sentence could be used, or a chunk is missing.
    """
    left_out = [one for chunk in store for one in chunk.left_out]
    used = len(seen) - len(left_out)
    if not used:
        raise UserError(no_sentence(file, left_out))
    tell(0.9, "Budgets and dependencies")
    every = model.all_heads
    count = len(every)
    budgets = budget(_Again(lambda: ((one.budget, one.codes) for one in store.used())), count, model.causal)
    found = dependencies((one.dependency for one in store.used()), 1, count, model.causal)
    tell(0.92, "Fitting position, syntax and context")
    explained = explain(_Again(lambda: (one.explained for one in store.used())), space, 1, count, model.causal)
    heads = explained.table
    for prefix, shares in (("twin", budgets.position_only), ("budget", budgets.head)):
        for k in reversed(range(len(CHANNELS))):
            heads.insert(2, f"{prefix}_{CHANNELS[k]}", shares[:, k])
    top_examples = explained.top_examples
    # A place among all heads becomes a layer and a head: layers may have none, or fewer than others.
    for table in (heads, found.heads, found.best, top_examples):
        places = table["head"].to_numpy(int)
        table["layer"] = np.array([head.layer for head in every])[places]
        table["head"] = np.array([head.head for head in every])[places]
    top_examples.insert(6, "line", seen.lines(top_examples["sentence"]))
    about = {
        "profile": VERSION,
        "sentences_kept": texts,
        "model": model.name,
        "revision": model.revision,
        "file": file,
        "sentences": {
            "used": used,
            "left_out": len(left_out),
            "reasons": [{"index": one.index, "line": one.line, "reason": one.reason} for one in left_out],
        },
        "words": budgets.words,
        "queries": int(heads["queries"].max()),
        "silent_queries": explained.silent,
        "versions": {name: version(name) for name in ("torch", "transformers", "numpy", "spacy", "conllu")},
    }
    named_sentences = seen.table(top_examples["sentence"]) if texts else None
    return Profile(heads, found.heads[list(TABLES["dependencies"])], found.best, top_examples, named_sentences, about)


def write(result: Profile, out: Path, format: str) -> None:
    """Writes the tables, then profile.json. An older profile.json is removed first, so it never describes other tables.

    Raises UserError for a folder that cannot be written to, or a full disk.
    """
    about = out / PROFILE
    try:
        about.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"“{about}” cannot be replaced: {error.strerror}. Choose another folder.") from error
    tables = {
        "heads": result.heads,
        "dependencies": result.dependencies,
        "relations": result.best,
        "moments": result.moments,
        "sentences": result.sentences,
    }
    files = {}
    for name, table in tables.items():
        if table is not None:
            data = table_bytes(table, format)
            write_file(out / f"{name}.{format}", data)
            files[f"{name}.{format}"] = hashlib.sha256(data).hexdigest()
    seal(result.about, files)
    write_file(about, (json.dumps(result.about, indent=1, ensure_ascii=False) + "\n").encode())


class _Again:
    """An iterable that can be read several times: `make` starts each reading."""

    def __init__(self, make: Callable[[], Iterator]):
        self._make = make

    def __iter__(self) -> Iterator:
        return self._make()
