"""What a model predicts of one text, as a function of the vectors of its tokens.

The vectors are what the model's embedding gives for each token, before positions and layers. The text can be read from
them in place of its ids, in a pass through which gradients go: the tap hands on the library's own attention.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from dashboard.capture.find_layers import hooked
from dashboard.capture.gradients.class_head import ClassHead, class_head
from dashboard.capture.language import language_head
from dashboard.capture.model import AttentionModel
from dashboard.capture.visit import batch_inputs
from dashboard.errors import UserError
from dashboard.models.foreign import foreign
from dashboard.models.lm_head import TOLERANCE, LanguageHead
from dashboard.text.encoding import Encoding

Kind = Literal["next", "masked", "class"]
MOST = 256  # tokens of a text: the vectors of all layers are held while gradients are taken
ROWS = 8192  # of an embedding that are read at once


@dataclass(frozen=True, eq=False)
class Predictor:
    """What a model predicts of one text of n tokens.

    Attributes
    ----------
    kind: "next", the token after the text's last one; "masked", the token in the place of its one mask; "class"
    head: what turns last vectors into logits; of a classifier what turns the text into them
    places: the tokens whose last vectors the prediction is read from
    inputs: the vector of each token (n, D)
    mean: the mean vector over the whole vocabulary (D)
    """

    model: AttentionModel
    encoding: Encoding
    kind: Kind
    head: LanguageHead | ClassHead
    places: tuple[int, ...]
    inputs: Tensor
    mean: Tensor

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes; () of a model that predicts tokens."""
        return self.head.labels if isinstance(self.head, ClassHead) else ()

    def logits(self, inputs: Tensor) -> Tensor:
        """Of texts by their vectors (b, n, D): (b, outcomes). Raises UserError as `AttentionModel.run` does."""
        others = {name: one.expand(len(inputs), -1) for name, one in self._beside().items()}
        return _logits(self.model, self.head, self.places, inputs_embeds=inputs, **others)

    def _beside(self) -> dict[str, Tensor]:
        """What the model is given of a text besides its tokens: the token types of a pair."""
        given = batch_inputs(self.model, [self.encoding])
        return {name: one for name, one in given.items() if name != "input_ids"}

    def of_ids(self) -> Tensor:
        """The same of the text as the model reads any text, by its ids: (outcomes)."""
        return _logits(self.model, self.head, self.places, **batch_inputs(self.model, [self.encoding]))[0]


def predictor(model: AttentionModel, encoding: Encoding, place: int) -> Predictor:
    """What the model predicts of a text: the class, if its files hold a classifier, else the next token, else a masked
    one. place: the last token of the text, after which the next one is predicted

    Raises UserError for a model that predicts nothing, or something beside two texts; for a text that is too long or
    not read to its end, and one without exactly one mask where that is predicted; and where the tokens have no vectors
    that gradients reach.
    """
    _check_one_text(model)
    _check_length(model, encoding)
    head, kind = class_head(model), "class"
    if head is None:
        head, kind = language_head(model), "next" if model.causal else "masked"
    if head is None:
        raise UserError(
            f"{model.title} predicts neither words nor classes, so there is nothing to attribute. Choose a language "
            "model or a classifier, like smollm2."
        )
    places = (place,)
    if kind == "masked":
        places = (_mask_of(model, encoding),)
    with torch.inference_mode(False), torch.no_grad(), foreign(f"Reading the vectors of {model.title}"):
        table = _table(model)
        ids = torch.tensor(encoding.ids, device=next(model.loaded.model.parameters()).device)
        inputs, mean = table(ids), _mean(table, ids.device)
    found = Predictor(model, encoding, kind, head, places, inputs, mean)  # type: ignore[arg-type]
    _check_same(found)
    if kind == "class":
        found = Predictor(model, encoding, "class", head, _read_from(found), inputs, mean)
    return found


def _logits(model: AttentionModel, head: LanguageHead | ClassHead, places: Sequence[int], **inputs: Tensor) -> Tensor:
    if isinstance(head, ClassHead):
        with foreign(f"Reading the text with {model.title}"):
            return head(model.loaded.model, **inputs)
    [place] = places
    return head(model.last_vectors(**inputs)[:, place])


def _check_one_text(model: AttentionModel) -> None:
    if model.own_text is not None:
        raise UserError(
            f"{model.title} holds attention weights alone, so no gradient can be taken. Choose a model that runs."
        )
    if model.parts or model.given is not None:
        raise UserError(
            f"{model.title} reads a source and a target. Gradients are taken of models that read one text, like "
            "smollm2."
        )


def _check_length(model: AttentionModel, encoding: Encoding) -> None:
    model.check_length(len(encoding))
    if encoding.left_out or len(encoding) > MOST:
        many = len(encoding) + encoding.left_out
        raise UserError(
            f"The text has {many:,} tokens, and gradients are taken over at most {min(MOST, model.limit)}. Use a "
            "shorter text."
        )


def _mask_of(model: AttentionModel, encoding: Encoding) -> int:
    tokenizer = model.loaded.tokenizer
    found = [place for place, one in enumerate(encoding.ids) if one == tokenizer.mask_token_id]
    if len(found) != 1:
        raise UserError(
            f"{model.title} predicts the word behind {tokenizer.mask_token}, and this text has {len(found) or 'none'}. "
            f"Put one {tokenizer.mask_token} where you ask for a word."
        )
    return found[0]


def _table(model: AttentionModel) -> Any:
    """What gives each token its vector."""
    try:
        table = model.token_table
    except (NotImplementedError, AttributeError):
        table = None
    takes = inspect.signature(type(model.loaded.model).forward).parameters
    if table is None or getattr(table, "weight", None) is None or "inputs_embeds" not in takes:
        raise UserError(
            f"{model.title} gives its tokens no vectors that gradients can reach. Choose another model for this."
        )
    return table


def _mean(table: Any, device: torch.device) -> Tensor:
    """The mean over the whole vocabulary of what an embedding gives (D)."""
    rows = len(table.weight)
    parts = [table(torch.arange(start, min(rows, start + ROWS), device=device)) for start in range(0, rows, ROWS)]
    return (torch.stack([part.double().sum(0) for part in parts]).sum(0) / rows).to(parts[0].dtype)


def _check_same(found: Predictor) -> None:
    """Raises UserError where the text is read otherwise by its vectors than by its ids (tables of its own in every
    layer, vectors that are mixed), and where no gradient reaches the vectors."""
    model = found.model
    with torch.inference_mode(False), torch.no_grad():
        expected, given = found.of_ids(), found.logits(found.inputs[None])[0]
    if given.shape != expected.shape or not bool((given - expected).abs().max() <= TOLERANCE * expected.abs().max()):
        raise UserError(
            f"{model.title} reads this text otherwise by its tokens’ vectors than by the tokens, so gradients do not "
            "tell all. Choose another model for this."
        )


def _read_from(found: Predictor) -> tuple[int, ...]:
    """The tokens whose last vectors a classifier reads: those that its logits have a gradient at."""
    held: list[Tensor] = []

    def leaves(_module: torch.nn.Module, _args: tuple, output: Any) -> None:
        held.append(getattr(output, "last_hidden_state", output[0]))

    root = found.model.loaded.model
    with torch.inference_mode(False), torch.enable_grad(), foreign(f"Taking gradients of {found.model.title}"):
        with hooked([root], lambda *_: None, leaves):
            logits = found.logits(found.inputs[None].clone().requires_grad_())
        [gradient] = torch.autograd.grad(logits.norm(), held[-1:])
    return tuple(gradient[0].abs().amax(-1).nonzero()[:, 0].tolist())


def predicts_something(model: AttentionModel) -> bool:
    """Whether the model predicts a class, the next token or a masked one. Raises UserError where its files cannot be
    read for that, and for a model of two texts."""
    _check_one_text(model)
    return class_head(model) is not None or language_head(model) is not None
