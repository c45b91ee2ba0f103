"""A language model's head: from the last vector of a token to a score for every token of the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboard.errors import UserError
from dashboard.models import bfloat16
from dashboard.models.load import Loaded, alone_and_quiet

# Relative to the largest logit: what rounding does in another attention function, and far below a part that is missing.
TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class LanguageHead:
    """The part of a language model that comes after the base model.

    Attributes
    ----------
    model: the language model of transformers, with a base that hands on the vectors it is given
    vocabulary: how many tokens it has scores for
    """

    model: Any
    vocabulary: int

    @property
    def settings(self) -> Any:
        """How the model generates by itself: transformers' `GenerationConfig`, or None."""
        return getattr(self.model, "generation_config", None)

    def __call__(self, vectors):
        """Logits (m, vocabulary) of last vectors (m, D), with all that the model does to them (a scale, a softcap)."""
        return self.model(inputs_embeds=vectors[None]).logits[0]


@dataclass(frozen=True, eq=False)
class OwnHead(LanguageHead):
    """The same of a decoder that ends with its head (FSMT), which is `model`. generation: the whole model's settings"""

    generation: Any

    @property
    def settings(self) -> Any:
        return self.generation

    def __call__(self, vectors):
        return self.model(vectors)


class TargetHead(LanguageHead):
    """The same of an encoder–decoder: the vectors are the decoder's."""

    def __call__(self, vectors):
        unread = self.model.get_encoder()(inputs_embeds=vectors[None, :1])
        return self.model(encoder_outputs=unread, decoder_inputs_embeds=vectors[None]).logits[0]


def load_head(loaded: Loaded, causal: bool) -> LanguageHead | None:
    """The head that predicts the next token (`causal`), or a masked one; None where the model's files hold none.

    The base model is not held twice; while this runs, its weights are read once more and dropped. Raises UserError
    where the files cannot be read, or the head does more than to read the last vectors.
    """
    import torch
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING, MODEL_MAPPING

    base, kind = loaded.model, type(loaded.model.config)
    mapping = MODEL_FOR_CAUSAL_LM_MAPPING if causal else MODEL_FOR_MASKED_LM_MAPPING
    if kind not in mapping or _is_bare(loaded, MODEL_MAPPING):
        return None
    with alone_and_quiet():
        whole, report = whole_model(loaded, mapping[kind], base)
        if any(not key.startswith("pooler") and ".pooler." not in key for key in report["missing_keys"]):
            return None
        whole = whole.eval().requires_grad_(False)
    ids = torch.arange(1, 9)[None]
    with torch.inference_mode():
        expected = whole(ids).logits[0].to(loaded.device)
        head = LanguageHead(_without_base(whole, base).to(loaded.device), expected.shape[-1])
        try:
            found = head(base(ids.to(loaded.device)).last_hidden_state[0])
        except Exception:  # whatever it asks its base for besides the last vectors
            found = None
    if found is None or found.shape != expected.shape or not _close(found, expected):
        raise _does_more(loaded)
    return head


def load_target_head(loaded: Loaded, root: Any) -> LanguageHead | None:
    """The head by which an encoder–decoder predicts the next token of its target; None where its files hold none.

    loaded: of its decoder; root: the base model with both stacks. Memory and errors as in `load_head`.
    """
    import torch
    from transformers import MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING, MODEL_MAPPING

    if (own := getattr(loaded.model, "head", None)) is not None:
        return OwnHead(own, own.out_features, _generation(loaded, root.config))
    kind = type(root.config)
    if kind not in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING or _is_bare(loaded, MODEL_MAPPING, root.config):
        return None
    with alone_and_quiet():
        whole, report = whole_model(loaded, MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING[kind], root)
        if any("pooler" not in key for key in report["missing_keys"]):
            return None
        whole = whole.eval().requires_grad_(False)
    source, target = torch.arange(1, 9)[None], torch.arange(2, 7)[None]
    with torch.inference_mode():
        expected = whole(input_ids=source, decoder_input_ids=target).logits[0].to(loaded.device)
        vectors = _last_of(root, source.to(loaded.device), target.to(loaded.device))
        head = TargetHead(_without_stacks(whole, root).to(loaded.device), expected.shape[-1])
        try:
            found = head(vectors)
        except Exception:  # ProphetNet predicts from another stream than the target's own
            found = None
    if found is None or found.shape != expected.shape or not _close(found, expected):
        raise _does_more(loaded)
    return head


def _generation(loaded: Loaded, config: Any) -> Any:
    """The settings of the model's folder, else those that its configuration names."""
    from transformers import GenerationConfig

    try:
        return GenerationConfig.from_pretrained(loaded.source.folder)
    except (OSError, ValueError):
        return GenerationConfig.from_model_config(config)


def _last_of(root, source, target):
    """The decoder's last vectors of a whole pass (m, D)."""
    output = root(input_ids=source, decoder_input_ids=target, output_hidden_states=True)
    last = getattr(output, "last_hidden_state", None)
    return (output.decoder_hidden_states[-1] if last is None else last)[0]


def _without_stacks(whole, root):
    """The language model whose decoder hands on what it is given, and whose encoder is gone."""
    output, shared = whole.get_output_embeddings(), whole.get_input_embeddings()
    if output is not None and shared is not None and output.weight is shared.weight:
        output.weight = root.get_input_embeddings().weight
    encoder, decoder = whole.get_encoder(), whole.get_decoder()
    decoder = bare(decoder)
    for path, module in list(whole.named_modules()):
        if module is encoder or module is decoder:
            parent, _, name = path.rpartition(".")
            stand = _given()
            stand.config = module.config
            setattr(whole.get_submodule(parent), name, stand)
    return whole


def bare(stack: Any) -> Any:
    """A stack of layers without the head that it may stand in (two models side by side)."""
    return getattr(stack, getattr(stack, "base_model_prefix", None) or "", stack)


def _is_bare(loaded: Loaded, mapping, config=None) -> bool:
    """Whether the files say that they are of the base model alone.

    A model that shares its embeddings with its head has a head in any case; where it was trained to be none, as for
    embedding sentences, that one says nothing.
    """
    config = loaded.model.config if config is None else config
    architectures, kind = config.architectures or (), type(config)
    return list(architectures) == [mapping[kind].__name__] if kind in mapping else False


def whole_model(loaded: Loaded, kind: Any, root: Any, what: str = "language-model head") -> tuple[Any, dict[str, Any]]:
    """A model of this class from the same files, with its base, and what the library says of its weights.

    root: its base model, which is open; what: the part that is wanted of it. Raises UserError where the files cannot be
    read.
    """
    import torch

    try:
        whole, report = kind.from_pretrained(
            loaded.source.folder,
            dtype=getattr(torch, loaded.dtype),
            attn_implementation="eager",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
            key_mapping=loaded.key_mapping,
        )
    except Exception as error:
        raise UserError(
            f"The {what} of “{loaded.source.name}” cannot be opened. Choose another model for this."
        ) from error
    if loaded.source.trained is not None:
        whole = _untrained(loaded, type(whole), root)
    if loaded.dtype == "bfloat16":
        bfloat16.widen(whole)
    return whole, report


def _untrained(loaded: Loaded, kind: type, root: Any) -> Any:
    """Of an untrained twin: the language model, drawn as a whole, over the base model that is open."""
    import torch
    from transformers import AutoConfig

    from dashboard.models.twin.draw import draw

    config = AutoConfig.from_pretrained(loaded.source.folder, trust_remote_code=False, local_files_only=True)
    whole = draw(kind, config, dtype=loaded.dtype, attn_implementation="eager")
    base = getattr(whole, _base_name(whole, root), whole)
    drawn = {name.replace(bfloat16.STORED, ""): one.cpu() for name, one in root.state_dict().items()}
    with torch.no_grad():
        base.load_state_dict(drawn, strict=False)
    return whole


def _without_base(whole, base):
    """The language model with a base that hands on what it is given; shared embeddings are those of `base`."""
    output = whole.get_output_embeddings()
    if output is not None and output.weight is whole.get_input_embeddings().weight:
        output.weight = base.get_input_embeddings().weight
    given = _given()
    for name, value in vars(base).items():
        if isinstance(value, int | float) and name not in vars(given):
            setattr(given, name, value)  # a factor that the head takes from its base (Falcon-H1)
    setattr(whole, _base_name(whole, base), given)
    return whole


def _base_name(whole, base) -> str:
    """Where in a model its base stands: by the name that its class says, or else (Llama 4) by its kind."""
    said = whole.base_model_prefix
    same = (name for name, child in whole.named_children() if type(child) is type(base))
    return said if hasattr(whole, said) else next(same, said)


def _given():
    import torch
    from transformers.modeling_outputs import BaseModelOutput

    class Output(BaseModelOutput):
        """The last vectors, and None for all else that a model asks its base for (its cache, its router's logits)."""

        def __getattr__(self, name: str):
            if name.startswith("__"):
                raise AttributeError(name)

    class Given(torch.nn.Module):
        """Stands where the base model was, and where the decoder within it was (OPT)."""

        @property
        def decoder(self):
            return self

        def forward(self, *_, inputs_embeds, **__):
            return Output(last_hidden_state=inputs_embeds)

    return Given()


def _does_more(loaded: Loaded) -> UserError:
    return UserError(
        f"The language-model head of “{loaded.source.name}” does more than read the last vectors, so it cannot be "
        "used here. Choose another model for this."
    )


def _close(found, expected) -> bool:
    return bool((found - expected).abs().max() <= TOLERANCE * expected.abs().max())
