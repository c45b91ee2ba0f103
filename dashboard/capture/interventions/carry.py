"""A text's pass with parts of another text's pass in it: METRICS §9, "Carry over".

The two texts have the same number of tokens. What a head says (its output before the output projection) or what a
feed-forward part adds is taken from the donor, at all tokens or at some, and the pass goes on. Of one text that runs in
many variants only what can differ is computed: the layers from the first changed one on, and in them the tokens from
the first changed one on. What stands before comes from the keys and values that the text itself has there.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from dashboard.capture.interventions.writers import at_writers, writers
from dashboard.capture.language import language_head
from dashboard.capture.maps import own_mixes
from dashboard.capture.model import AttentionModel
from dashboard.capture.partial_forward import Edit, repeated_pass, resumable, resumed_pass, whole_pass
from dashboard.capture.visit import batch_inputs
from dashboard.capture.weight_file import check_tap
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.models.lm_head import LanguageHead
from dashboard.text.encoding import Encoding

MOST = 512  # tokens of a text: what all layers take and say of it is held
TOKENS = 2048  # of a batch that runs at once
SHARED = 4096  # the same, with those counted whose keys and values are only copied
FEWEST = 64  # tokens, below which a batch is not worth its own pass
TOLERANCE = 1e-4  # relative to the largest number of the last vectors, as in `partial_forward`

Measure = Callable[[Tensor], Tensor]  # last vectors (k, D) → a figure of each (k)


@dataclass(frozen=True)
class Patch:
    """What is taken from the donor in one pass.

    Attributes
    ----------
    heads: whose outputs, before the output projection
    mlps: the layers whose feed-forward parts
    positions: at which tokens, from 0; None for all
    """

    heads: tuple[HeadId, ...] = ()
    mlps: tuple[int, ...] = ()
    positions: tuple[int, ...] | None = None

    @property
    def layer(self) -> int:
        """The first layer that it changes."""
        return min([*(head.layer for head in self.heads), *self.mlps])


@dataclass(frozen=True, eq=False)
class Run:
    """One pass over one text of n tokens.

    Attributes
    ----------
    encoding: the text
    last: the last token of the text; what a tokenizer puts behind it does not count
    vectors: the vectors after the last layer (n, D)
    inputs: what each layer takes at which a pass can begin (1, n, D)
    said: by layer, what its heads say before the output projection (n, h, d')
    added: by layer, what the module of its feed-forward part gives (n, D); {} where that was not asked for
    """

    encoding: Encoding
    last: int
    vectors: Tensor
    inputs: dict[int, Tensor]
    said: dict[int, Tensor]
    added: dict[int, Tensor] = field(default_factory=dict)


def head_of_language(model: AttentionModel) -> LanguageHead:
    """What turns last vectors into logits of the next token.

    Raises UserError for a model that predicts no next token of a text, and one whose heads' outputs cannot be told.
    """
    if own_mixes(model) is None:
        check_tap(model, "none of its heads can be carried over")
    head = language_head(model) if model.causal and model.start is None and model.given is None else None
    if head is None:
        raise UserError(
            f"{model.title} predicts no next word, so no answer’s logit can change. Choose a causal language model, "
            "like smollm2."
        )
    return head


@torch.inference_mode()
def run_of(model: AttentionModel, encoding: Encoding, last: int, *, mlps: bool = False) -> Run:
    """One pass over a text. mlps: also what the feed-forward parts add.

    Raises UserError for a text that is too long, and with `mlps` as `writers` does.
    """
    model.check_length(len(encoding))
    if len(encoding) > MOST:
        raise UserError(
            f"The text has {len(encoding):,} tokens, and a head is carried over in texts of up to {MOST}. Use a "
            "shorter text."
        )
    said: dict[int, Tensor] = {}
    added: dict[int, Tensor] = {}

    def keep(layer: int, outputs: Tensor) -> Tensor:
        said[layer] = outputs[0].clone()
        return outputs

    def kept(layer: int, given: Tensor) -> None:
        added[layer] = given.reshape(len(encoding), -1).clone()

    modules = {layer: one.feed_forward for layer, one in writers(model, encoding).items()} if mlps else {}
    places = resumable(model, encoding, model.numbers)
    with at_writers(modules, kept, model.numbers):
        vectors, inputs = whole_pass(model, batch_inputs(model, [encoding]), keep=places, edit=keep)
    return Run(encoding, last, vectors[0], inputs, said, added)


class Base:
    """The text into whose pass the donors' parts are put, for one patch after another."""

    def __init__(self, model: AttentionModel, run: Run, measure: Measure):
        """measure: of last vectors, such as the difference of two logits"""
        self.model, self.run, self.measure = model, run, measure
        self.inputs = batch_inputs(model, [run.encoding])
        self._shares: dict[int, Any] = {}  # the keys and values of the tokens before the last start that was asked for

    @cached_property
    def intact(self) -> float:
        """The figure of the text as it is."""
        return self.of_vectors(self.run.vectors[None])[0]

    def of_vectors(self, vectors: Tensor) -> list[float]:
        """The figure of each of some passes, from last vectors (k, n', D) of the text's last n' tokens."""
        last = vectors.shape[1] - len(self.run.encoding) + self.run.last
        return self.measure(vectors[:, last]).double().tolist()

    @torch.inference_mode()
    def with_parts_of(self, donor: Run, patches: Sequence[Patch]) -> Iterator[tuple[int, float]]:
        """The place of each patch and the figure with it, as they are computed: those of one start together.

        A patch that changes nothing, bit for bit, gives the figure of the text as it is.
        """
        waits: dict[int, dict[int, list[int]]] = {}
        for place, patch in enumerate(patches):
            start = self._first_changed(donor, patch)
            if start is None:
                yield place, self.intact
            else:
                waits.setdefault(start, {}).setdefault(patch.layer, []).append(place)
        for start, by_layer in _joined(waits, len(self.run.encoding)).items():
            shared = self._prefix(start)
            start = 0 if shared is None else start
            n = len(self.run.encoding)
            together = max(1, min(TOKENS // (n - start), SHARED // n))
            for layer, places in sorted(by_layer.items()):
                for begin in range(0, len(places), together):
                    some = places[begin : begin + together]
                    vectors = self._pass(donor, [patches[place] for place in some], layer, start, shared)
                    yield from zip(some, self.of_vectors(vectors), strict=True)

    def _first_changed(self, donor: Run, patch: Patch) -> int | None:
        """The first token at which a patch changes something that the text's last token can see; None for none.

        Before the first token that differs, a causal model has the same numbers: rounding alone differs there.
        """
        ours, theirs = self.run.encoding.ids, donor.encoding.ids
        differ = [k for k, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
        first = differ[0] if differ else 0  # the same text: no token is left out
        asked = range(len(ours)) if patch.positions is None else sorted(patch.positions)
        for position in asked:
            if first <= position <= self.run.last and any(
                not torch.equal(mine[position], other[position])
                for mine, other in (
                    *((self.run.said[h.layer][:, h.head], donor.said[h.layer][:, h.head]) for h in patch.heads),
                    *((self.run.added[layer], donor.added[layer]) for layer in patch.mlps),
                )
            ):
                return position
        return None

    def _pass(self, donor: Run, patches: Sequence[Patch], layer: int, start: int, shared: Any) -> Tensor:
        """The last vectors (k, n − start, D) with each of k patches, in a pass that begins at a layer."""
        modules = {}
        if any(patch.mlps for patch in patches):
            modules = {k: one.feed_forward for k, one in writers(self.model, self.run.encoding).items()}
        given = self.run.inputs.get(layer)
        runs = self.model.numbers[0 if given is None else self.model.numbers.index(layer) :]
        n = len(self.run.encoding) - start
        edit = edit_of(donor, patches, start)

        def add(layer: int, vectors: Tensor) -> Tensor | None:
            new = vectors.clone()
            each = new.reshape(len(patches), n, -1)
            for place, patch in enumerate(patches):
                if layer in patch.mlps:
                    at = _positions(patch, start, n)
                    each[place, at] = donor.added[layer][start:][at]
            return each.reshape(vectors.shape)

        with at_writers(modules, add, runs):
            if shared is None:
                return repeated_pass(self.model, self.inputs, len(patches), layer, given, edit)
            assert given is not None  # `_prefix`
            ids = self.inputs["input_ids"][:, start:].repeat(len(patches), 1)
            inputs = {"input_ids": ids, "use_cache": True, "cache": _repeated(shared, len(patches))}
            return resumed_pass(self.model, inputs, layer, given[:, start:].repeat(len(patches), 1, 1), edit)

    def _prefix(self, start: int) -> Any:
        """The keys and values of the tokens before this one, where the model hands them out, goes on with them and then
        gives what a whole pass gives; else None."""
        if start not in self._shares:
            self._shares = {start: self._tried(start)}
        return self._shares[start]

    def _tried(self, start: int) -> Any:
        model, ids = self.model, self.inputs["input_ids"]
        if start == 0 or model.route != "tap" or model.hidden or len(self.run.inputs) < len(model.numbers):
            return None
        try:
            shared = getattr(model.run(input_ids=ids[:, :start], use_cache=True), "cache", None)
            if shared is None:
                return None
            again = model.last_vectors(input_ids=ids[:, start:], use_cache=True, cache=_repeated(shared, 1))[0]
        except Exception:  # whatever a model's own code makes of keys that it was not made for
            return None
        whole = self.run.vectors[start:]
        return shared if bool((again - whole).abs().max() <= TOLERANCE * whole.abs().max()) else None


def edit_of(donor: Run, patches: Sequence[Patch], start: int = 0) -> Edit:
    """The edit of a batch whose rows are the text with each patch, its tokens from `start` on: of each layer's outputs
    (k, n − start, h, d')."""

    def edit(layer: int, outputs: Tensor) -> Tensor:
        for place, patch in enumerate(patches):
            if here := [head.head for head in patch.heads if head.layer == layer]:
                at = _positions(patch, start, outputs.shape[1])
                for head in here:
                    outputs[place, at, head] = donor.said[layer][start:][at, head]
        return outputs

    return edit


def _positions(patch: Patch, start: int, n: int) -> slice | list[int]:
    """Those of a patch among the n tokens from `start` on."""
    if patch.positions is None:
        return slice(None)
    return [position - start for position in patch.positions if start <= position < start + n]


def _repeated(shared: Any, times: int) -> Any:
    """A copy of keys and values, for so many texts: a pass adds its own to it."""
    again = copy.deepcopy(shared)
    if times > 1:
        again.batch_repeat_interleave(times)
    return again


def _joined(waits: dict[int, dict[int, list[int]]], n: int) -> dict[int, dict[int, list[int]]]:
    """Patches by start and layer; starts of few tokens are joined with the one before them."""
    found: dict[int, dict[int, list[int]]] = {}
    for start in sorted(waits):
        previous = next(reversed(found), None)
        few = max(map(len, waits[start].values())) * (n - start) < FEWEST
        into = found.setdefault(previous if few and previous is not None else start, {})
        for layer, places in waits[start].items():
            into.setdefault(layer, []).extend(places)
    return found
