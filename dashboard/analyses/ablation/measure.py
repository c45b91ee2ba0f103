"""Run a model over texts with heads or sets of heads ablated, and collect the effects (METRICS §7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch

from dashboard.analyses.ablation.effect import Effects
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import Ablated, By, Heads, Held, Means, ablate, batches, in_order
from dashboard.heads.head_id import HeadId
from dashboard.heads.predictions import Predictions, read, shifts
from dashboard.heads.trials import Trial, trials
from dashboard.models.lm_head import LanguageHead
from dashboard.text.encoding import Encoding


@torch.inference_mode()
def measure(
    model: AttentionModel,
    encodings: Sequence[Encoding],
    sets: Iterable[Iterable[HeadId]],
    *,
    logits: LanguageHead | None,
    by: By = "zero",
    means: Means | None = None,
    keep_each: bool = False,
    progress: Callable[[float], None] | None = None,
    held: Held | None = None,
) -> Effects:
    """Ablate each set of heads on each text and return the effects (METRICS §7).

    Parameters
    ----------
    sets: the sets of heads to ablate together; a single head is a set of one
    logits: the model's language-model head (`dashboard.capture.language`); None: measure the shift
    by, means, held: as in `dashboard.capture.ablate.ablate`. For a masked language model, the mean over the text itself
        is over the text with the token masked, so it does not contain the token
    keep_each: keep each token's figures, and each changed prediction
    progress: called with the fraction done, about every 2,048 tokens; an exception it raises stops the work

    Raises UserError as `ablate` does.
    """
    sets, mask = in_order(sets), model.loaded.tokenizer.mask_token_id
    found = Effects.of(sets, len(encodings), predicts=logits is not None)
    if keep_each:
        found.each = [np.full((len(encoding), len(sets)), np.nan) for encoding in encodings]
        found.each_loss = [np.full(len(encoding), np.nan) for encoding in encodings if logits is not None]
    every = [
        trial
        for text, encoding in enumerate(encodings)
        for trial in trials(text, encoding, causal=model.predicts_next, mask=mask, predicts=logits is not None)
    ]
    done, whole = 0, sum(map(len, every)) * _layers_run(model, sets)
    for batch in batches(model, every):
        reading = _Reading(batch, logits, found)
        vectors, runs = ablate(model, [trial.encoding for trial in batch], sets, by=by, means=means, held=held)
        reading.intact(vectors)
        for run in runs:
            reading.ablated(run)
            done += sum(map(len, batch)) * _layers_run(model, run.sets)
            if progress:
                progress(done / whole)
    return found


def _layers_run(model: AttentionModel, sets: Iterable[Heads]) -> int:
    return sum(model.layers - heads[0].layer for heads in sets)


class _Reading:
    """Adds the figures of a batch of trials (m places) to `found`: of the intact model, then of each ablation."""

    def __init__(self, batch: Sequence[Trial], logits: LanguageHead | None, found: Effects):
        self.logits, self.found, self.keep = logits, found, bool(found.each)
        self.column = {heads: column for column, heads in enumerate(found.sets)}
        self.rows = [row for row, trial in enumerate(batch) for _ in trial.places]
        self.places = [place for trial in batch for place in trial.places]
        self.tokens = [token for trial in batch for token in trial.tokens]
        self.targets = torch.tensor([target for trial in batch for target in trial.targets])
        self.texts = np.array([trial.text for trial in batch for _ in trial.places])

    def intact(self, vectors: torch.Tensor) -> None:
        """Add the figures of the intact model. vectors: (b, n, D)"""
        self.before = self._at(vectors)
        self.found.tokens += self._per_text(np.ones(len(self.texts)))[:, 0].astype(int)
        if self.logits is not None:
            self.targets = self.targets.to(vectors.device)
            self.old = read(self.logits, self.before, self.targets, self.targets)
            loss = _numbers(self.old.loss)
            self.found.loss += self._per_text(loss)[:, 0]
            if self.keep:
                for text, token, one in zip(self.texts, self.tokens, loss, strict=True):
                    self.found.each_loss[text][token] = one

    def ablated(self, run: Ablated) -> None:
        after, columns = self._at(run.vectors), [self.column[heads] for heads in run.sets]
        if self.logits is None or self.found.flips is None:
            self._add(columns, _numbers(shifts(self.before, after)))
            return
        many = len(run.sets)
        new = read(self.logits, after.flatten(0, 1), self.targets.repeat(many), self.old.top.repeat(many))
        change = _numbers(new.loss).reshape(many, -1) - _numbers(self.old.loss)
        flips = (new.top.view(many, -1) != self.old.top).cpu().numpy()
        self._add(columns, change)
        self.found.flips[:, columns] += self._per_text(flips).astype(int)
        if self.keep:
            self._keep_changed(self.logits, run.sets, new, flips)

    def _add(self, columns: list[int], values: np.ndarray) -> None:
        """Add the values (k, m) of k sets of heads at the m places."""
        self.found.sums[:, columns] += self._per_text(values)
        if self.keep:
            for text, token, one in zip(self.texts, self.tokens, values.T, strict=True):
                self.found.each[text][token, columns] = one

    def _keep_changed(self, logits: LanguageHead, sets: Sequence[Heads], new: Predictions, flips: np.ndarray) -> None:
        which, places = np.nonzero(flips)
        if not len(which):
            return
        at = torch.as_tensor(which * flips.shape[1] + places)  # the index among the places of all sets
        old = torch.as_tensor(places)
        p_new = read(logits, self.before[old], self.targets[old], new.top[at]).p_of
        columns = (self.old.top[old], new.top[at], self.old.p[old], new.p_of[at], p_new, new.p[at])
        for one, place, *rest in zip(which, places, *(column.tolist() for column in columns), strict=True):
            self.found.changed.append((sets[one], self.tokens[place], *rest))

    def _at(self, vectors: torch.Tensor) -> torch.Tensor:
        """The vectors at the m places: (…, b, n, D) → (…, m, D)."""
        return vectors[..., self.rows, self.places, :]

    def _per_text(self, values: np.ndarray) -> np.ndarray:
        """Sums over each text's places: (k, m) or (m) → float64 (S, k)."""
        values = np.atleast_2d(values).astype(np.float64)
        sums = np.zeros((len(self.found.tokens), len(values)))
        np.add.at(sums, self.texts, values.T)
        return sums


def _numbers(values: torch.Tensor) -> np.ndarray:
    return values.double().cpu().numpy()
