"""All heads of a model over a treebank or a text file: METRICS §2 to §4 as tables. A stopped run resumes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from dashboard.analyses.profile.chunk_store import Store
from dashboard.analyses.profile.collect import Joins, Progress, Seen, collect, write
from dashboard.analyses.profile.features import CorpusCounts, FeatureSpace
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.workers.pool import made_by_pool
from dashboard.analyses.profile.workers.task import Sentence, Task, make_chunk
from dashboard.capture import AttentionModel
from dashboard.corpus.batches import WINDOW, encoded
from dashboard.errors import UserError
from dashboard.text import LeftOut
from dashboard.text.charset import UTF8, encoding_of
from dashboard.text.corpus_file import is_treebank, reader_of
from dashboard.text.files import open_binary
from dashboard.text.parse import PARSER
from dashboard.text.reasons import no_sentence

# Tasks → the number and the bytes of each chunk, in any order.
Make = Callable[[Iterator[Task]], Iterator[tuple[int, bytes]]]

# The version of the chunks' contents: chunks of another version are made again.
_CHUNKS = 4


def profile(
    model: AttentionModel,
    path: str | Path,
    out: str | Path,
    *,
    limit: int | None = None,
    format: str = "parquet",
    texts: bool = True,
    source: Mapping[str, str] | None = None,
    parser: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    as_words: bool = False,
    progress: Progress | None = None,
) -> Profile:
    """Profiles a corpus and writes to a folder ``heads``, ``dependencies``, ``relations`` (the best head of each, held
    out), ``moments``, ``sentences``, each .parquet, .csv or .xlsx, and at last ``profile.json``.

    If stopped at any point, the same call resumes and ends with the same tables: the statistics of every 128 sentences
    stay in ``out/chunks`` until the tables are written. A chunk that is incomplete, or of another file, model, revision
    or limit, is made again. The number of processes changes the chunks only by rounding: below 1e-6 in the tables,
    except for a lean, a quotient of two small figures, and for the choice between two example sentences with nearly the
    same score.

    Parameters
    ----------
    path: a treebank (.conllu) or plain text (.txt, UTF-8), in English where no `parser` is named
    out: the folder to write to; created if missing
    limit: read at most this many sentences
    texts: keep the texts of the example sentences; False: only their lines, for a profile that is shared without its
        corpus
    source: where the corpus comes from (name, licence, commit …), for ``profile.json``
    parser: the spaCy model that parses a text, by its package's name or its folder (default: the English one that
        comes with the dashboard). A treebank has its parses and takes none
    workers: the number of processes on this machine that make chunks and share its cores. 1: this process
    scheduler: the address of a Dask cluster that makes the chunks instead, see `dask_cluster`
    as_words: give a treebank's words to the tokenizer one by one, as Clark et al. 2019 did, not the text as it was
        written
    progress: called with a fraction and a sentence

    Raises UserError where the file cannot be read or gives no sentence, the parser cannot be used, the folder cannot be
    written to or another process is writing a profile to it, and where workers or a scheduler fail.
    """
    begun, tell = time.monotonic(), progress or (lambda fraction, sentence: None)
    path, out = Path(path), Path(out)
    if limit is not None and limit < 1:
        raise UserError("The limit is a number of sentences, 1 or more.")
    if workers < 1:
        raise UserError("The number of workers is 1 or more.")
    read = _reader(path, limit, parser)
    digest = _sha256(path)
    key = {
        "chunks": _CHUNKS,
        "sha256": digest,
        "model": model.name,
        "revision": model.revision,
        "limit": limit,
        "file": path.name,
    }
    key |= ({"parser": parser} if parser else {}) | ({"as": "words"} if as_words else {})
    with Store(out, key) as store:
        tell(0.0, f"Reading {path.name}")
        sentences = read if is_treebank(path) else store.read_once(read)
        counts, seen, joins, left_out = CorpusCounts(), Seen(), Joins(), []
        for sentence in sentences():
            seen.add(sentence)
            found = sentence if isinstance(sentence, LeftOut) else encoded(model, sentence, True, as_words)
            if isinstance(found, tuple):
                counts.add(found[0].sentence)
                joins.add(*found)
            else:
                left_out.append(found if isinstance(found, LeftOut) else LeftOut(sentence.index, sentence.line, found))
        if not counts.lemmas:
            store.clear()
            raise UserError(no_sentence(path.name, left_out))
        space = FeatureSpace.of(counts)
        store.chunks = -(-len(seen) // WINDOW)
        _fill(store, _maker(model, workers, scheduler), sentences(), model, space, tell, len(seen), as_words)
        result = collect(store, model, space, seen, texts, path.name, tell)
        result.about.update(
            format=format,
            sha256=digest,
            limit=limit,
            source=dict(source) if source else None,
            parser=None if is_treebank(path) else (parser or PARSER),
            encoding=_encoding(path),
            read_as="words" if as_words else "text",
            joined=joins.to_dict(),
            seconds=round(time.monotonic() - begun, 1),
        )
        write(result, out, format)
        store.clear()
    tell(1.0, f"Wrote {out}")
    return result


def _fill(
    store: Store,
    make: Make,
    sentences: Iterable[Sentence],
    model: AttentionModel,
    space: FeatureSpace,
    tell: Progress,
    total: int,
    as_words: bool,
) -> None:
    """Makes the missing chunks."""
    stream, sizes, done = iter(sentences), {}, set()

    def missing() -> Iterator[Task]:
        for number in range(store.chunks):
            window = list(islice(stream, WINDOW))
            sizes[number] = len(window)
            if store.read(number) is None:
                yield Task(number, store.seal(number), model.name, model.revision, space, window, as_words)
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
    """The function that makes the chunks: here, by several processes, or on a cluster."""
    if scheduler is not None:
        from dashboard.analyses.profile.workers.dask_cluster import made_by_cluster

        return lambda tasks: made_by_cluster(tasks, scheduler)
    if workers > 1:
        return lambda tasks: made_by_pool(tasks, workers)
    return lambda tasks: ((task.number, make_chunk(task, model)) for task in tasks)


def _reader(path: Path, limit: int | None, parser: str | None) -> Callable[[], Iterator[Sentence]]:
    read = reader_of(path)
    if not is_treebank(path):
        return lambda: islice(read(path, parser), limit)
    if parser:
        raise UserError(f"{path.name} is a treebank and has its parses already. Leave the spaCy model out.")
    return lambda: islice(read(path), limit)


def _sha256(path: Path) -> str:
    with open_binary(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _encoding(path: Path) -> str:
    with open_binary(path) as file:
        return encoding_of(file) if is_treebank(path) else UTF8


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
