"""Sentences of a corpus as a model sees them, spread evenly over it, and each head's mean output over our own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import torch

from dashboard.capture import AttentionModel
from dashboard.capture.ablate import Means, mean_outputs
from dashboard.corpus.search import READERS
from dashboard.corpus.shipped import builtin_corpus
from dashboard.errors import UserError
from dashboard.heads.gather import encoded
from dashboard.text import Encoding, LeftOut, ParsedSentence

Progress = Callable[[float, str], None]

_means: WeakKeyDictionary[torch.nn.Module, dict[bool, Means]] = WeakKeyDictionary()
_lock = threading.Lock()


def sample(
    model: AttentionModel, path: str | Path, count: int | None = None, *, bos: bool = True
) -> tuple[list[Encoding], list[LeftOut]]:
    """The sentences of `parsed_sample` as the model sees them, and those that cannot be used, with the reason."""
    used, left_out = parsed_sample(model, path, count, bos=bos)
    return [encoding for _, encoding in used], left_out


def parsed_sample(
    model: AttentionModel, path: str | Path, count: int | None = None, *, bos: bool = True
) -> tuple[list[tuple[ParsedSentence, Encoding]], list[LeftOut]]:
    """`count` sentences of a treebank (.conllu) or an English text (.txt, UTF-8), with their parse and as the model
    sees them, evenly spread over those that can be used (the k-th of c among S is number ⌊k · S / c⌋, from 0); all of
    them where there are no more. And the sentences that cannot be used, with the reason.

    Raises UserError where the file cannot be read or has no sentence that can be used.
    """
    path = Path(path)
    if path.suffix.lower() not in READERS:
        raise UserError(f"{path.name} is neither a treebank (.conllu) nor a text (.txt). Choose one that is.")
    if count is not None and count < 1:
        raise UserError("The number of sentences is 1 or more.")
    used, left_out = [], []
    for sentence in READERS[path.suffix.lower()](path):
        one = sentence if isinstance(sentence, LeftOut) else encoded(model, sentence, bos)
        if isinstance(one, str):
            one = LeftOut(sentence.index, sentence.line, one)
        if isinstance(one, LeftOut):
            left_out.append(one)
        else:
            used.append((sentence, one))
    if not used:
        raise UserError(f"{path.name} has no sentence that {model.title} can read. Choose another file.")
    if count is not None and count < len(used):
        used = [used[place] for place in np.arange(count) * len(used) // count]
    return used, left_out


def reference_means(model: AttentionModel, *, bos: bool = True, progress: Progress | None = None) -> Means:
    """Each head's mean output over all tokens of our own corpus, special ones counted (METRICS §7): layer → (h, d').

    Made once for each model. Raises UserError as `dashboard.capture.ablate.mean_outputs` does.
    """
    root = model.loaded.model
    with _lock:
        made = _means.setdefault(root, {})
        if bos not in made:
            encodings, _ = sample(model, builtin_corpus(), bos=bos)

            def tell(done: int) -> None:
                if progress:
                    progress(0.0, f"What heads say on average: {done:,} of {len(encodings):,} sentences")

            made[bos] = mean_outputs(model, encodings, tell)
        return made[bos]
