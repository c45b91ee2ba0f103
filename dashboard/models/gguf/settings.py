"""What a GGUF file says of its model and transformers does not take over, put into the configuration.

transformers reads some settings of each architecture and fills the rest with those of the published models: the base of
the rotary positions of StarCoder2, the caps of Gemma 2, the positions of GPT-2. Weights would be wrong in silence.
"""

from __future__ import annotations

from typing import Any

from dashboard.errors import UserError
from dashboard.models.gguf.file import Gguf

# A setting → what configurations call it.
_NAMES = {
    "context_length": ("max_position_embeddings", "n_positions"),
    "feed_forward_length": ("intermediate_size", "n_inner", "ffn_hidden_size"),
    "attention.key_length": ("head_dim",),
    "attention.layer_norm_epsilon": ("layer_norm_epsilon", "layer_norm_eps", "norm_epsilon", "norm_eps"),
    "attention.layer_norm_rms_epsilon": ("rms_norm_eps",),
    "attention.sliding_window": ("sliding_window",),
    "attn_logit_softcapping": ("attn_logit_softcapping",),
    "final_logit_softcapping": ("final_logit_softcapping",),
}
VERSION = 2
"""Of what is taken over: models that were converted when it was another number are converted again."""
_SCALES = {"gemma2": 46, "gemma3": 62}
"""Layers of the one size of an architecture whose queries are scaled by the width over the heads, not by a head's."""


def take_over(config: Any, found: Gguf) -> None:
    """Changes the configuration that transformers made of the file.

    Raises UserError where the file changes rotary positions in a way that is not known here.
    """
    settings = found.settings
    if how := found.scaled or ("" if found.architecture == "gpt-oss" else _rescaled(settings)):
        raise UserError(
            f"“{found.path.name}” changes its rotary positions ({how}), which the installed transformers does not read "
            "from GGUF: its attention would be another one. Choose the model it was made from."
        )
    for setting, names in _NAMES.items():
        value = settings.get(setting)
        for name in names:
            if isinstance(value, int | float) and getattr(config, name, value) != value:
                setattr(config, name, value)
    window = settings.get("attention.sliding_window")
    if isinstance(window, int | float) and window <= 0:
        _without_window(config)
    _positions(config, settings)
    if found.architecture in _SCALES and hasattr(config, "query_pre_attn_scalar"):
        whole = found.layers == _SCALES[found.architecture]
        width = config.hidden_size // config.num_attention_heads if whole else config.head_dim
        config.query_pre_attn_scalar = width


def _rescaled(settings: dict) -> str:
    """The setting, with its value, that changes rotary positions; "" where none does. As llama.cpp reads them: a type
    that is not said is linear, and a factor of 0 is 1."""
    kind = settings.get("rope.scaling.type", "linear")
    name = "rope.scaling.factor" if "rope.scaling.factor" in settings else "rope.scale_linear"
    factor = settings.get(name, 0)
    if kind == "none":
        return ""
    if factor not in (0, 1):
        return f"{name}: {_plain(factor)}"
    if kind != "linear" and factor == 0:  # what the others do without a factor is up to their kind
        return f"rope.scaling.type: {_plain(kind)}"
    strength = "rope.scaling.attn_factor"
    return f"{strength}: {_plain(settings[strength])}" if settings.get(strength, 1) != 1 else ""


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)[:40]


def _without_window(config: Any) -> None:
    """A window of 0 is none: as a number it would hide every position, and attention would be the same everywhere."""
    if not hasattr(config, "sliding_window"):
        return
    config.sliding_window = None
    if "sliding_attention" in (kinds := getattr(config, "layer_types", None) or ()):
        config.layer_types = ["full_attention" if kind == "sliding_attention" else kind for kind in kinds]
        config.sliding_window = config.max_position_embeddings  # of no layer, but Gemma 2 wants a number


def _positions(config: Any, settings: dict) -> None:
    """The base of the rotary positions, and the share of a head that they turn."""
    given = getattr(config, "rope_parameters", None)
    if not isinstance(given, dict):
        return
    base, turned = settings.get("rope.freq_base"), settings.get("rope.dimension_count")
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    kinds = [given] if "rope_theta" in given else [given["full_attention"]] if "full_attention" in given else []
    for one in kinds:
        if isinstance(base, int | float):
            one["rope_theta"] = float(base)
        if isinstance(turned, int) and one.get("partial_rotary_factor", 1.0) != turned / width:
            one["partial_rotary_factor"] = turned / width
