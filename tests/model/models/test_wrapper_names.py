"""Weights whose names begin as a wrapper left them."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from dashboard.capture import open_model
from dashboard.models.lm_head import load_head
from tests.helpers.adapters import SIZES, base_of

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "net.", "model.encoder."])
@pytest.mark.parametrize("kind", [BertModel, BertForMaskedLM, LlamaForCausalLM])
def test_a_prefix_of_a_wrapper_is_taken_off(tmp_path, prefix, kind, snapshot):
    config = LlamaConfig(**SIZES, num_key_value_heads=1) if kind is LlamaForCausalLM else BertConfig(**SIZES)
    folder = base_of(tmp_path / "m", kind, config)
    file = folder / "model.safetensors"
    plain = load_file(file)
    save_file({prefix + name: w for name, w in plain.items()}, file, metadata={"format": "pt"})
    found = open_model(str(folder))
    assert f"“{prefix}”" in found.note and found.note.replace(prefix, "…") == snapshot
    for name, weight in found.loaded.model.state_dict().items():
        if "pooler" not in name:
            assert torch.equal(weight.cpu(), next(w for key, w in plain.items() if key.endswith(name))), name
    if kind is LlamaForCausalLM:
        assert torch.equal(load_head(found.loaded, causal=True).model.lm_head.weight.cpu(), plain["lm_head.weight"])


def test_names_without_a_prefix_have_no_note(tmp_path):
    assert open_model(str(base_of(tmp_path / "m", BertForMaskedLM))).note is None
