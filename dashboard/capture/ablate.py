"""What a model makes of a text when one head, or several together, say nothing, or always the same: METRICS §7.

An ablation is the same forward pass with an edit of the heads' outputs before the output projection. The rows of one
batch are the texts several times over, each time with other heads ablated; the layers before the first of them run
once for all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar, get_args

import torch

from dashboard.capture.maps import own_mixes
from dashboard.capture.model import AttentionModel
from dashboard.capture.partial_forward import Edit, repeated_pass, resumable, whole_pass
from dashboard.capture.visit import batch_inputs
from dashboard.capture.weight_file import check_tap
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.text.encoding import Encoding

By = Literal["zero", "mean"]
Heads = tuple[HeadId, ...]  # ablated together, in order
Means = Mapping[int, torch.Tensor]  # layer → each head's mean output (h, d')

Text = TypeVar("Text", bound=Sized)  # an Encoding, or what has the length of one

# Tokens of a batch that runs at once, padding and all heads counted.
TOKENS = 2048
RUNS = 8
MOST_HELD = 64_000_000  # bytes


@dataclass(frozen=True, eq=False)
class Ablated:
    """The last vectors of a batch of texts without each of some sets of heads.

    Attributes
    ----------
    sets: which (k); the first head of each is of the same layer
    vectors: `last_hidden_state` without each of them (k, b, n, D); what stands at padding means nothing
    """

    sets: tuple[Heads, ...]
    vectors: torch.Tensor


class Held:
    """What has run of one text, for whoever ablates one head of it after another: the vectors that each layer takes,
    the last vectors, and those without the last `RUNS` sets of heads.

    Holds n · D numbers for each layer and each of these sets. A text for which that is more than `MOST_HELD` bytes runs
    anew each time. Safe to share between threads.
    """

    def __init__(self, model: AttentionModel, encoding: Encoding):
        self._model, self._encoding = model, encoding
        self._lock = threading.Lock()
        self._whole: tuple[torch.Tensor, dict[int, torch.Tensor]] | None = None
        self._long = False
        self._runs: dict[tuple[Heads, By], torch.Tensor] = {}

    def whole(self, model: AttentionModel, encodings: Sequence[Encoding]) -> tuple[torch.Tensor, dict] | None:
        """The last vectors of the text, and what each layer takes at which a pass can begin; None for other texts."""
        if model is not self._model or [one.ids for one in encodings] != [self._encoding.ids]:
            return None
        with self._lock:
            if self._whole is None and not self._long:
                keep = resumable(model, encodings[0], model.numbers)
                vectors, inputs = whole_pass(model, batch_inputs(model, list(encodings)), keep=keep)
                self._long = (len(inputs) + RUNS) * vectors.numel() * vectors.element_size() > MOST_HELD
                self._whole = None if self._long else (vectors, inputs)
                return vectors, inputs.copy()
            return self._whole and (self._whole[0], self._whole[1].copy())

    def without(self, heads: Heads, by: By, run: Callable[[], torch.Tensor]) -> torch.Tensor:
        """The last vectors without these heads: those of before, or of `run`. Only for a text of `whole`."""
        with self._lock:
            known = self._runs.get((heads, by))
        if known is not None:
            return known
        found = run()
        with self._lock:
            if self._whole is not None:
                self._runs[heads, by] = found
                while len(self._runs) > RUNS:
                    del self._runs[next(iter(self._runs))]
        return found


@torch.inference_mode()
def ablate(
    model: AttentionModel,
    encodings: Sequence[Encoding],
    sets: Iterable[Iterable[HeadId]],
    *,
    by: By = "zero",
    means: Means | None = None,
    held: Held | None = None,
) -> tuple[torch.Tensor, Iterator[Ablated]]:
    """The last vectors of a batch of texts as they are (b, n, D), and, as they are asked for, those without each set
    of heads.

    Parameters
    ----------
    encodings: the texts (b), padded to one batch of n tokens, see `batches`
    sets: which heads. Those of a set are ablated together, of one layer or of several; a
        head alone is a set of one. They come by the layer of their first head
    by: what takes the place of a head's output before the output projection: "zero", or "mean", the mean of its
        output over the tokens of the text, special ones counted, padding not. Of a set the mean is that of what the
        head says without those before it
    means: by the mean over other texts than these, see `mean_outputs`. A causal model needs it: its text's own mean
        would carry later tokens back
    held: what has run before of the only text, always with the same `means`

    Where a model cannot begin at a layer (`partial_forward`), a whole pass runs for each of its sets, which
    takes about twice as long. Safe to call from several threads at once with one model.

    Raises UserError for a head that the model does not have, a text that is too long, a model of route "eager" whose
    heads' outputs cannot be told (`maps.own_mixes`), and a causal model's mean without `means`.
    """
    wanted = _by_layer(model, sets)
    _check(model, encodings, by, means)
    inputs = batch_inputs(model, list(encodings))
    known = held.whole(model, encodings) if held else None
    vectors, inputs_of_layers = known or whole_pass(model, inputs, keep=resumable(model, encodings[0], wanted))
    lengths = torch.tensor([len(encoding) for encoding in encodings], device=vectors.device)

    @torch.inference_mode()
    def runs() -> Iterator[Ablated]:
        together = max(1, TOKENS // inputs["input_ids"].numel())
        for layer, which in wanted.items():
            given = inputs_of_layers.pop(layer, None)
            for start in range(0, len(which), together):
                some = which[start : start + together]
                edit = edit_of(some, lengths, by, means)
                run = partial(repeated_pass, model, inputs, len(some), layer, given, edit)
                found = held.without(some[0], by, run) if held and known and len(some) == 1 else run()
                yield Ablated(tuple(some), found.unflatten(0, (len(some), -1)))

    return vectors, runs()


@torch.inference_mode()
def mean_outputs(
    model: AttentionModel, encodings: Iterable[Encoding], progress: Callable[[int], None] | None = None
) -> Means:
    """Each head's mean output over all tokens of some texts, special ones counted: layer → float32 (h, d').

    progress: called with how many texts are read. Raises UserError as `ablate` does.
    """
    sums: dict[int, torch.Tensor] = {}
    tokens = texts = 0
    for batch in batches(model, encodings):
        _check(model, batch, "zero", None)
        inputs = batch_inputs(model, batch)
        real = inputs.get("attention_mask", torch.ones_like(inputs["input_ids"])).bool()

        def add(layer: int, outputs: torch.Tensor, real: torch.Tensor = real) -> torch.Tensor:
            found = outputs[real].double().sum(0)
            sums[layer] = sums[layer] + found if layer in sums else found
            return outputs

        whole_pass(model, inputs, edit=add)
        tokens, texts = tokens + int(real.sum()), texts + len(batch)
        if progress:
            progress(texts)
    return {layer: (one / tokens).float() for layer, one in sums.items()}


def batches(model: AttentionModel, texts: Iterable[Text], tokens: int = TOKENS // 2) -> Iterator[list[Text]]:
    """Texts of similar length together, so many tokens at a time, padding counted; a longer text alone. Of a model that
    padding changes, texts of one length."""
    batch: list[Text] = []
    for text in sorted(texts, key=len):
        if batch and (len(text) * (len(batch) + 1) > tokens or (len(text) > len(batch[0]) and model.alone)):
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch


def in_order(sets: Iterable[Iterable[HeadId]]) -> list[Heads]:
    """Each set once, its heads in order: by the layer of the first head, then the rest."""
    return sorted({tuple(sorted(set(heads))) for heads in sets})


def edit_of(sets: Sequence[Heads], lengths: torch.Tensor, by: By, means: Means | None = None) -> Edit:
    """The edit of a batch whose rows are all texts (of these lengths) without the first set of heads, then all without
    the second …: of each layer's outputs (k · b, n, h, d')."""

    def edit(at: int, outputs: torch.Tensor) -> torch.Tensor:
        here = [(place, head.head) for place, heads in enumerate(sets) for head in heads if head.layer == at]
        each = outputs.unflatten(0, (len(sets), len(lengths)))
        for place, head in here:
            mine = each[place, :, :, head]  # (b, n, d')
            if by == "zero":
                mine.zero_()
            elif means is not None:
                mine.copy_(means[at][head].expand_as(mine))
            else:
                real = torch.arange(mine.shape[1], device=mine.device) < lengths[:, None]
                mine.copy_(((mine * real[..., None]).sum(1) / lengths[:, None])[:, None].expand_as(mine))
        return outputs

    return edit


def _by_layer(model: AttentionModel, sets: Iterable[Iterable[HeadId]]) -> dict[int, list[Heads]]:
    """The sets by the layer of their first head."""
    wanted: dict[int, list[Heads]] = {}
    for heads in in_order(sets):
        if not heads:
            raise UserError("There is no head to ablate. Name at least one, like L2H9.")
        for head in heads:
            model.check_head(head)
        wanted.setdefault(heads[0].layer, []).append(heads)
    return wanted


def _check(model: AttentionModel, encodings: Sequence[Encoding], by: By, means: Means | None) -> None:
    if own_mixes(model) is None:
        check_tap(model, "none of its heads can be ablated")
    if by not in get_args(By):
        raise UserError(f"A head is ablated by zero or by its mean, not by “{by}”.")
    if by == "mean" and model.predicts_next and means is None:
        raise UserError(
            f"{model.title} is causal, and the mean of a head over the text itself would include later words. "
            "Give its means over other texts."
        )
    model.check_length(max(map(len, encodings)))
