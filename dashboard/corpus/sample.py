"""Sentences of a corpus as a model sees them, spread evenly over it, and each head's mean output over our own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch

from dashboard.capture import AttentionModel
from dashboard.capture.ablate import Means, mean_outputs
from dashboard.corpus.batches import encoded
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.text import Encoding, LeftOut, ParsedSentence
from dashboard.text.corpus_file import reader_of
from dashboard.text.reasons import no_sentence

Progress = Callable[[float, str], None]
Found = TypeVar("Found")

_Key = tuple[bool, str, str]  # bos, and of a decoder or its cross attention the part and the source
_means: WeakKeyDictionary[torch.nn.Module, dict[_Key, Means]] = WeakKeyDictionary()
_lock = threading.Lock()


def sample(
    model: AttentionModel, path: str | Path, count: int | None = None, *, bos: bool = True
) -> tuple[list[Encoding], list[LeftOut]]:
    """The sentences of `parsed_sample` as the model sees them, so many of them, and those that cannot be used."""
    used, left_out = parsed_sample(model, path, bos=bos)
    return [encoding for _, encoding in spread(used, count)], left_out


def spread(used: Sequence[Found], count: int | None) -> Sequence[Found]:
    """`count` of these, evenly spread: the k-th of c among S is number ⌊k · S / c⌋, from 0. All if there are no more.

    Raises UserError for a count under 1.
    """
    if count is not None and count < 1:
        raise UserError("The number of sentences is 1 or more.")
    if count is None or count >= len(used):
        return used
    return [used[int(place)] for place in np.arange(count) * len(used) // count]


def parsed_sample(
    model: AttentionModel, path: str | Path, *, bos: bool = True
) -> tuple[list[tuple[ParsedSentence, Encoding]], list[LeftOut]]:
    """The sentences of a treebank or an English text (.txt, UTF-8) that can be used, with their parse and as
    the model sees them; and those that cannot, with the reason.

    Raises UserError where the file cannot be read or has no sentence that can be used.
    """
    path = Path(path)
    used, left_out = [], []
    for sentence in reader_of(path)(path):
        read = sentence if isinstance(sentence, LeftOut) else encoded(model, sentence, bos)
        if isinstance(read, str):
            read = LeftOut(sentence.index, sentence.line, read)
        if isinstance(read, LeftOut):
            left_out.append(read)
        else:
            used.append((read[0].sentence, read[1]))
    if not used:
        raise UserError(no_sentence(path.name, left_out))
    return used, left_out


def reference_means(model: AttentionModel, *, bos: bool = True, progress: Progress | None = None) -> Means:
    """Each head's mean output over all tokens of our own corpus, special ones counted (METRICS §7): layer → (h, d').

    Of a decoder and its cross attention, with each sentence as a target beside the one source.
    Made once for each model, and for a part's last source. Raises UserError as `dashboard.capture.ablate.mean_outputs`
    does.
    """
    root, key = model.loaded.model, (bos, *model.read_beside)
    with _lock:
        made = _means.setdefault(root, {})
        if key not in made:
            for other in [one for one in made if one[:2] == key[:2]]:
                del made[other]
            encodings, _ = sample(model, builtin_corpus(), bos=bos)

            def tell(done: int) -> None:
                if progress:
                    progress(0.0, f"What heads say on average: {done:,} of {len(encodings):,} sentences")

            made[key] = mean_outputs(model, encodings, tell)
        return made[key]
