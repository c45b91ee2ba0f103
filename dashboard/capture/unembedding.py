"""From the vectors after the last layer to the logits: a model's final norm and what reads from it, taken apart.

The final norm is found by running the model, not by its name, and its numbers by asking it: what it makes of a vector
of zeros, of ones, and of one whose mean is 0. Frozen, it multiplies by what the intact vector of a token gives, and
so does the same to every part that the vector is a sum of: the logits are then the sum of what the parts write.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from dashboard.capture.find_layers import PROBE_TOKENS, blocks_of, hooked, vectors_in
from dashboard.capture.language import language_head
from dashboard.capture.model import AttentionModel
from dashboard.errors import UserError
from dashboard.models.lm_head import LanguageHead
from dashboard.text.encoding import Encoding

# Relative to the largest number there is.
TOLERANCE = 1e-3
# So large that what a norm adds to a square before its root does not count.
LARGE = 1e3

_found: WeakKeyDictionary[torch.nn.Module, Unembedding | None] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Unembedding:
    """How a causal language model reads its last vectors x (D numbers): logits = unembed(frozen(x)) + constant.

    Attributes
    ----------
    head: the model's own language-model head
    norm: the module of the final norm, None where there is none
    rest: the modules between the norm and the head, all linear (OPT has one)
    gain: what the norm multiplies each number with after scaling (D)
    centred: whether it takes each vector's mean away first (LayerNorm), or not (RMSNorm)
    offset: what it adds after that (D)
    nothing: the logits of a vector of zeros (V)
    constant: the logits that are there whatever the vector: the norm's and the head's biases (V)
    linear: whether the head is one; Gemma 2 caps its logits, so that only `logits` says what a change does to them
    """

    head: LanguageHead
    norm: torch.nn.Module | None
    rest: tuple[torch.nn.Module, ...]
    gain: Tensor
    centred: bool
    offset: Tensor
    nothing: Tensor
    constant: Tensor
    linear: bool = True

    @property
    def vocabulary(self) -> int:
        return len(self.constant)

    def frozen(self, vectors: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """(v − mean v, where the norm is centred) · gain · scale: (…, D) → (…, D). Linear in v.

        scale: of the token, from `scales`; broadcastable to (…, 1)
        """
        if self.centred:
            vectors = vectors - vectors.mean(-1, keepdim=True)
        return vectors * self.gain * scale

    def unembed(self, normed: Tensor) -> Tensor:
        """How frozen vectors (m, D) change every logit: (m, V). Linear. How many at once is for the caller to say."""
        return self.logits(normed).sub_(self.nothing)

    def logits(self, normed: Tensor) -> Tensor:
        """The logits (m, V) of what comes out of the final norm (m, D)."""
        for module in self.rest:
            normed = module(normed[None])[0]
        return self.head(normed)


def unembedding(model: AttentionModel, encoding: Encoding, *, linear: bool = True) -> Unembedding | None:
    """How the model reads its last vectors, found once for each model on the first tokens of any text.

    None where it predicts no next token: it reads both ways, or its files hold no language-model head. Raises
    UserError where what comes after its last layer is not a norm and products with weights; with `linear` False the
    head may be any function of what comes out of the norm.
    """
    if not model.predicts_next:
        return None
    root = model.loaded.model
    head = language_head(model)
    with _lock:
        if root not in _found:
            _found[root] = None if head is None else _taken_apart(model, encoding, head)
        found = _found[root]
    if found is not None and linear and not found.linear:
        raise _unclear()
    return found


@torch.inference_mode()
def final_norm(model: AttentionModel, encoding: Encoding, unembedding: Unembedding) -> tuple[Tensor, Tensor]:
    """What the final norm multiplies each token's vector with on this text, float64 (n), and what comes out of it (n,
    D), in one forward pass.

    1 / √(mean x² + ε) of the vectors after the last layer, each vector's mean taken away first where the norm does;
    1 where there is no norm.
    """
    if unembedding.norm is None:
        return torch.ones(len(encoding), dtype=torch.float64), model.last_vectors(_ids(model, encoding.ids))[0]
    model.check_length(len(encoding))
    seen: list[tuple[Tensor, Tensor]] = []
    given: list[Tensor | None] = []

    def enters(_module: torch.nn.Module, args: tuple, kwargs: dict) -> None:
        given.append(vectors_in([*args, *kwargs.values()]))

    def leaves(_module: torch.nn.Module, _args: tuple, output: Any) -> None:
        if (taken := given.pop()) is not None:
            seen.append((taken[0], output[0]))

    with hooked([unembedding.norm], enters, leaves):
        model.run(_ids(model, encoding.ids))
    before, after = seen[-1]
    return _scales(unembedding, before, after), after


def _scales(unembedding: Unembedding, before: Tensor, after: Tensor) -> Tensor:
    plain = unembedding.frozen(before.double())
    scale = ((after.double() - unembedding.offset) * plain).sum(-1) / (plain * plain).sum(-1).clamp(min=1e-300)
    if not _equal(plain * scale[:, None] + unembedding.offset, after.double()):
        raise _unclear()
    return scale


@torch.inference_mode()
def _taken_apart(model: AttentionModel, encoding: Encoding, head: LanguageHead) -> Unembedding:
    stream, modules, given, last = _after_layers(model, encoding)
    norm, rest = (modules[0], tuple(modules[1:])) if modules else (None, ())
    size = stream.shape[-1]
    gain, offset, centred = torch.ones(size, device=stream.device), torch.zeros(size, device=stream.device), False
    if norm is not None:
        gain, offset, centred = _norm_parameters(norm, stream)
    nothing = torch.zeros(1, device=stream.device)
    found = Unembedding(head, norm, rest, gain, centred, offset, nothing, nothing)
    zero, constant = found.logits(torch.stack([torch.zeros_like(offset), offset]))
    found = Unembedding(head, norm, rest, gain, centred, offset, zero, constant)
    logits = head(last)
    normed = found.frozen(stream.double(), 1.0 if norm is None else _scales(found, stream, given)[:, None]).float()
    turned = normed.flip(-1)
    apart = found.unembed(normed) + found.unembed(turned)
    if _equal(found.unembed(normed) + constant, logits) and _equal(apart, found.unembed(normed + turned)):
        return found
    if not _equal(found.logits(normed + offset), logits):
        raise _unclear()
    return replace(found, linear=False)


def _after_layers(model: AttentionModel, encoding: Encoding) -> tuple[Tensor, list[torch.nn.Module], Tensor, Tensor]:
    """The vectors after the last layer (n, D), the modules that they pass through then, what the first of them gives,
    and the last vectors."""
    blocks = set(blocks_of(model, encoding))
    done, stack, chain = 0, [], []
    at = torch.empty(0)

    def enters(_module: torch.nn.Module, args: tuple, kwargs: dict) -> None:
        stack.append(vectors_in([*args, *kwargs.values()]) if done == len(model.numbers) else None)

    def leaves(module: torch.nn.Module, _args: tuple, output: Any) -> None:
        nonlocal done, at
        given, found = stack.pop(), vectors_in(output if isinstance(output, tuple | list) else [output])
        if module in blocks and found is not None and done < len(model.numbers):
            done, at = done + 1, found[0]
        elif given is not None and found is not None and all(one is None for one in stack):
            chain.append((module, given[0], found[0]))

    root = model.loaded.model
    with hooked(tuple(root.modules()), enters, leaves):
        last = model.last_vectors(_ids(model, encoding.ids[:PROBE_TOKENS]))[0]
    reached = [at, *(found for _, _, found in chain)]
    if not all(torch.equal(one, given) for one, (_, given, _) in zip(reached[:-1], chain, strict=True)):
        raise _unclear()
    if not torch.equal(reached[-1], last):
        raise _unclear()
    return at, [module for module, _, _ in chain], reached[min(1, len(chain))], last


def _norm_parameters(norm: torch.nn.Module, like: Tensor) -> tuple[Tensor, Tensor, bool]:
    """The gain, the bias and whether the mean is taken away, by what the norm makes of three vectors."""
    size = like.shape[-1]
    turns = torch.ones(size, dtype=like.dtype, device=like.device)
    turns[1::2] = -1.0
    if size % 2:
        turns[-3:] = torch.tensor([2.0, -1.0, -1.0], dtype=like.dtype, device=like.device)
    zeros, ones = torch.zeros_like(turns), torch.ones_like(turns)
    offset, flat, answer = norm(torch.stack([zeros, ones, LARGE * turns])[None])[0]
    gain = (answer - offset) / (turns / turns.square().mean().sqrt())
    return gain, offset, bool((flat - offset).abs().max() < 0.5 * gain.abs().max())


def _ids(model: AttentionModel, ids: Sequence[int]) -> Tensor:
    return torch.tensor([list(ids)], device=next(model.loaded.model.parameters()).device)


def _equal(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool((a - b).abs().max() <= TOLERANCE * b.abs().max())


def _unclear() -> UserError:
    return UserError(
        "Before it predicts, this model does more to its last vectors than a norm and one matrix product. So what a "
        "head adds to the logits cannot be measured. Choose another model for this."
    )
