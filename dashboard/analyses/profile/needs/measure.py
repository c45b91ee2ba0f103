"""Each head ablated and replaced by its models over the sentences of a corpus: METRICS §9. What is done is kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from dashboard.analyses.profile.needs.head_models import Read, Tell
from dashboard.analyses.profile.needs.spread import spread
from dashboard.analyses.profile.needs.state import READING, State, Store
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import TOKENS, batches
from dashboard.capture.interventions import own_attention, with_outputs
from dashboard.capture.language import language_head
from dashboard.capture.partial_forward import resumable, whole_pass
from dashboard.capture.visit import batch_inputs
from dashboard.corpus.sample import parsed_sample
from dashboard.corpus.sample import spread as evenly
from dashboard.errors import UserError
from dashboard.heads.bootstrap import intervals
from dashboard.heads.head_id import HeadId
from dashboard.heads.predictions import losses, shifts
from dashboard.heads.trials import Trial, trials
from dashboard.models.lm_head import LanguageHead
from dashboard.text import LeftOut

LONGEST = 512  # tokens of a sentence: all weights of a layer between them are held at once
BATCH = 256  # tokens of the texts that are read together: what is stopped between two layers of them is done again
EVERY = 10.0  # seconds, after which what is done is written down


@dataclass(frozen=True, eq=False)
class Found:
    """What H heads give over S sentences, ablated and replaced by each of G models (`MODELS`).

    Attributes
    ----------
    heads: which (H)
    bits: `head_models.bits_table`, of these heads
    measure: "loss_change" (nats), or "shift" of a model that predicts nothing
    tokens: how many are measured of each sentence: int64 (S)
    ablated: Σ over a sentence's tokens of L_ablated − L_intact: float64 (S, H); L of a shift is 0 where nothing changes
    replaced: Σ of L_replaced − L_intact: float64 (S, H, G); NaN for a head whose ablation is not told from 0
    fitted_on: how many sentences the models were fitted on
    left_out: those of the file that could not be used
    """

    heads: tuple[HeadId, ...]
    bits: pd.DataFrame
    measure: str
    tokens: np.ndarray
    ablated: np.ndarray
    replaced: np.ndarray
    fitted_on: int
    left_out: tuple[LeftOut, ...] = ()


def told(ablated: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """For which heads the 95 % interval of L_ablated − L_intact leaves 0 out: bool (H)."""
    some = tokens > 0
    low, high = intervals(ablated[some], tokens[some])
    return (low > 0) | (high < 0)


@torch.inference_mode()
def measure(
    model: AttentionModel,
    path: Path,
    heads: Sequence[HeadId],
    *,
    sentences: int | None,
    bos: bool = True,
    progress: Tell | None = None,
    store: Store | None = None,
) -> Found:
    """Fit the heads' models on a corpus, and measure each head ablated and replaced by them over its sentences.

    A sentence's heads are replaced by the models of the half of the corpus that it is not in.

    Parameters
    ----------
    sentences: over how many, evenly spread; None for all
    store: what was done before; new work is put into it

    Raises UserError where the file cannot be read, where fewer than two sentences can be measured, and for a model
    whose heads' outputs cannot be told.
    """
    tell = progress or (lambda fraction, sentence: None)
    used, _ = parsed_sample(model, path, bos=bos)
    state = State.begun(model, path, used, heads, bos, tell, store)
    fits = set(state.indices)
    some = evenly([one for one in used if one[0].index in fits and len(one[1]) <= LONGEST], sentences)
    state.make_room(len(some))
    work = _Work(model, state, some, heads)
    if int((work.tokens > 0).sum()) < 2:
        raise UserError(f"{path.name} has fewer than two sentences that can be measured. Choose a longer file.")
    work.run("ablated", np.ones(len(heads), bool), tell)
    counts = told(state.ablated, work.tokens)
    work.run("replaced", counts, tell)
    state.replaced[:, ~counts] = np.nan
    tell(1.0, "Done")
    places = [model.place(head) for head in heads]
    return Found(
        tuple(heads),
        state.bits.iloc[places].reset_index(drop=True),
        "shift" if work.logits is None else "loss_change",
        work.tokens,
        state.ablated,
        state.replaced,
        len(fits),
        tuple(state.left_out),
    )


class _Work:
    """The passes over the sentences, a batch of texts and a layer at a time."""

    def __init__(self, model: AttentionModel, state: State, some: Sequence[Read], heads: Sequence[HeadId]):
        self.model, self.state, self.some, self.heads = model, state, some, heads
        self.logits = language_head(model)
        mask = model.loaded.tokenizer.mask_token_id
        how: dict[str, Any] = {"causal": model.predicts_next, "mask": mask, "predicts": self.logits is not None}
        every = [trial for text, (_, encoding) in enumerate(some) for trial in trials(text, encoding, **how)]
        self.batches = list(batches(model, every, BATCH))
        self.tokens = np.zeros(len(some), np.int64)
        for trial in every:
            self.tokens[trial.text] += len(trial.places)
        self.columns: dict[int, list[int]] = {}
        for column, head in enumerate(heads):
            self.columns.setdefault(head.layer, []).append(column)

    def run(self, step: str, which: np.ndarray, tell: Tell) -> None:
        """One of `STEPS`, of these heads: bool (H)."""
        units = [
            (number, batch, layer, [column for column in columns if which[column]])
            for number, batch in enumerate(self.batches)
            for layer, columns in sorted(self.columns.items())
        ]
        left = [one for one in units if f"{one[0]} {one[2]}" not in self.state.done[step]]
        report = _Report(tell, step, sum(map(self._cost, units)), sum(map(self._cost, left)))
        reading: _Reading | None = None
        saved = time.monotonic()
        for unit in left:
            number, batch, layer, columns = unit
            if columns:
                if reading is None or reading.batch is not batch:
                    reading = _Reading(self.model, batch, self.logits, sorted(self.columns))
                self._unit(step, reading, layer, columns)
            self.state.done[step].append(f"{number} {layer}")
            if unit is left[-1] or time.monotonic() - saved >= EVERY:
                self.state.save()
                saved = time.monotonic()
            report.more(self._cost(unit))

    def _cost(self, unit: tuple[int, list[Trial], int, list[int]]) -> int:
        _, batch, layer, columns = unit
        return sum(map(len, batch)) * len(columns) * (len(self.model.numbers) - self.model.numbers.index(layer))

    def _unit(self, step: str, reading: _Reading, layer: int, columns: list[int]) -> None:
        heads = [self.heads[column].head for column in columns]
        if step == "ablated":
            variants: list[tuple[int, Tensor | None]] = [(head, None) for head in heads]
            self.state.ablated[:, columns] += reading.sums(layer, variants, len(self.some))
            return
        new = self._replaced(reading, layer, heads)  # (k, G, b, n, d')
        variants = [(head, one) for head, models in zip(heads, new, strict=True) for one in models]
        found = reading.sums(layer, variants, len(self.some))
        self.state.replaced[:, columns] += found.reshape(len(found), len(columns), -1)

    def _replaced(self, reading: _Reading, layer: int, heads: list[int]) -> Tensor:
        """What some heads of a layer say by each model: (k, G, b, n, d'); 0 at padding."""
        model, models = self.model, self.state.models
        encodings = [trial.encoding for trial in reading.batch]
        first = model.place(HeadId(layer, 0, self.heads[0].part))
        where = slice(first, first + model.heads_of(layer))
        longest, found = max(map(len, encodings)), []
        shares: dict[int, Tensor] = {}
        for trial, own in zip(reading.batch, own_attention(model, encodings, layer), strict=True):
            sentence, encoding = self.some[trial.text]
            if trial.text not in shares:
                features = models.features(sentence, encoding)
                shares[trial.text] = models.shares(features, sentence.index, where, causal=model.causal)
            rows = [0 if word is None else word for word in encoding.word_of]
            by_token = shares[trial.text][:, heads][:, :, rows].to(own.weights.device)
            weights = spread(own.weights[heads], by_token, encoding.word_of, causal=model.causal)
            said = weights @ own.values[heads]  # (G, k, n, d')
            found.append(torch.nn.functional.pad(said, (0, 0, 0, longest - len(encoding))))
        return torch.stack(found, 2).transpose(0, 1)


class _Reading:
    """A batch of trials as it is, and the figures of it in other variants."""

    def __init__(self, model: AttentionModel, batch: list[Trial], logits: LanguageHead | None, layers: Sequence[int]):
        self.model, self.batch, self.logits = model, batch, logits
        self.inputs = batch_inputs(model, [trial.encoding for trial in batch])
        keep = resumable(model, batch[0].encoding, layers)
        self.rows = [row for row, trial in enumerate(batch) for _ in trial.places]
        self.places = [place for trial in batch for place in trial.places]
        self.texts = np.array([trial.text for trial in batch for _ in trial.places])
        vectors, self.given = whole_pass(model, self.inputs, keep=keep)
        self.before = vectors[self.rows, self.places]
        self.targets = torch.tensor([one for trial in batch for one in trial.targets], device=vectors.device)
        self.loss = None if logits is None else losses(logits, self.before, self.targets)

    def sums(self, layer: int, variants: Sequence[tuple[int, Tensor | None]], texts: int) -> np.ndarray:
        """Σ over each of S texts' places of L − L_intact in each of k variants: float64 (S, k)."""
        together = max(1, TOKENS // self.inputs["input_ids"].numel())
        found = np.zeros((texts, len(variants)))
        for start in range(0, len(variants), together):
            some = variants[start : start + together]
            vectors = with_outputs(self.model, self.inputs, layer, self.given.get(layer), some)
            after = vectors[:, self.rows, self.places]
            if self.logits is None or self.loss is None:
                change = shifts(self.before, after)
            else:
                new = losses(self.logits, after.flatten(0, 1), self.targets.repeat(len(some)))
                change = new.view(len(some), -1).double() - self.loss.double()
            np.add.at(found[:, start : start + len(some)], self.texts, change.double().cpu().numpy().T)
        return found


SPAN = {"ablated": (READING, 0.3), "replaced": (0.3, 1.0)}  # of the work


class _Report:
    """Progress of a step by the work that is done. The replacements come after the ablations: five times as many."""

    def __init__(self, tell: Tell, step: str, whole: int, left: int):
        self.tell, self.step, self.whole, self.left = tell, step, max(1, whole), left
        self.begun, self.now = time.monotonic(), 0

    def more(self, cost: int) -> None:
        self.now += cost
        low, high = SPAN[self.step]
        share = (self.whole - self.left + self.now) / self.whole
        seconds = (time.monotonic() - self.begun) / max(1, self.now) * (self.left - self.now)
        what = "Ablating each head" if self.step == "ablated" else "Replacing each head by its models"
        lasts = f", about {seconds / 60:.0f} min left of it" if seconds >= 90 else ""
        self.tell(low + (high - low) * share, f"{what}: {share:.0%}{lasts}")
