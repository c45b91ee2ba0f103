"""What a configuration may ask for: everything that published models ask for, and nothing that would never end."""

import math

import pytest
from transformers import CONFIG_MAPPING

from dashboard.errors import UserError
from dashboard.models.fits import check_config
from dashboard.models.weights import prefix_of, wrapper


def test_the_defaults_of_every_kind_pass():
    passed = 0
    for kind in CONFIG_MAPPING:
        try:
            config = CONFIG_MAPPING[kind]().to_dict()
        except Exception:  # a few have none
            continue
        check_config(config, 150, kind)
        passed += 1
    assert passed > 200


@pytest.mark.parametrize(
    "settings",
    [
        {"rope_theta": 10**9},
        {"max_position_embeddings": 10_485_760},
        {"vocab_size": 262_144},
        {"mask": -1e30},
        {"num_parameters": 7 * 10**9},
        {"num_tokens_seen": 3 * 10**12},
        {"time_step_limit": [0.0, math.inf]},
        {"attention_bias_value": -1e9},
        {"num_hidden_layers": 126},
        {"seed": 2**40},
        {"pad_token_id": None},
    ],
    ids=repr,
)
def test_what_published_models_ask_for(settings):
    check_config({"model_type": "llama"} | settings, 1200, "x")


@pytest.mark.parametrize(
    "settings",
    [
        {"num_hidden_layers": 10**6},
        {"n_layer": 5000},
        {"encoder_layers": 10**9},
        {"num_layers": math.nan},
        {"num_decoder_layers": math.inf},
        {"text_config": {"n_layers": 10**7}},
        {"d": [{"num_blocks": 10**5}]},
        {"hidden_size": 10**12},
        {"vocab_size": -(10**12)},
        {"num_labels": 10**8},
        {"n_positions": 10**10},
        {"model_type": "xlm", "max_position_embeddings": 10**6},
        {"num_hidden_layers": 1e7},
        {"sinusoidal_pos_embds": True, "max_position_embeddings": 10**6},
        {"intermediate_size": 10**400},
    ],
    ids=lambda settings: repr(settings)[:60],
)
def test_what_would_never_end(settings, refuses):
    with refuses(UserError, "config.json", "“x”", "1,200 tensors") as caught:
        check_config({"model_type": "llama"} | settings, 1200, "x")
    assert len(str(caught.value)) < 300


def test_the_marks_of_wrappers():
    assert wrapper(["module.a", "module.b"]) == "module."
    assert wrapper(["module._orig_mod.a", "module._orig_mod.b.c"]) == "module._orig_mod."
    assert wrapper(["module.a", "b"]) == wrapper([]) == wrapper(["encoder.a", "encoder.b"]) == ""


@pytest.mark.parametrize(
    ("names", "prefix"),
    [
        (["a.w", "b.long.w"], ""),
        (["bert.a.w", "bert.b.long.w"], ""),
        (["bert.a.w", "bert.b.long.w", "classifier.w"], ""),
        (["net.a.w", "net.b.long.w"], "net."),
        (["net.a.w", "net.b.long.w", "loss.w"], "net."),
        (["model.bert.a.w", "model.bert.b.long.w", "model.cls.w"], "model."),
        (["module.a.w", "module.b.long.w"], "module."),
        (["net.a.w", "x.b.long.w"], ""),
        ([], ""),
    ],
)
def test_the_prefix_of_all_names(names, prefix):
    assert prefix_of(names, {"a.w", "b.long.w", "pooler.w"}, "bert") == prefix
    assert prefix_of(names, None, "bert") == wrapper(names)
