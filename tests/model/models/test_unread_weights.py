"""Weights of a folder that nobody reads, and what a folder has beside what is read."""

import json

import pytest
import torch
from safetensors.torch import save_file

from dashboard import attention
from dashboard.capture import open_model
from dashboard.errors import UserError
from tests.helpers import tiny

TEXT = " ".join(tiny.SENTENCES[:2])


def test_weights_within_a_layer_that_the_library_dropped_are_no_silence(tiny_model, not_opened):
    """BERT with relative positions, which this version of the library has not."""
    folder = tiny_model("bert")
    tiny.edit(folder, position_embedding_type="relative_key")
    tiny.add_weights(folder, **{"encoder.layer.1.attention.self.distance_embedding.weight": torch.zeros(255, 8)})
    not_opened(folder, "encoder.layer.1.attention.self.distance_embedding.weight", "“bert”")


@pytest.mark.parametrize("name", ["layers.0.self_attn.q_norm.weight", "model.layers.2.mlp.gate.weight"])
def test_weights_within_a_layer_of_a_decoder(name, tiny_model, not_opened):
    folder = tiny_model("llama")
    tiny.add_weights(folder, **{name: torch.zeros(8)})
    not_opened(folder, name)


def test_weights_of_the_embeddings_that_nobody_knows(tiny_model, not_opened):
    folder = tiny_model("bert")
    tiny.add_weights(folder, **{"embeddings.segment_scale": torch.zeros(8)})
    not_opened(folder, "embeddings.segment_scale")


@pytest.mark.parametrize(
    "name",
    [
        "lm_head.weight",
        "classifier.bias",
        "cls.predictions.bias",
        "qa_outputs.weight",
        "bert.pooler.dense.other",
        "encoder.layer.0.attention.self.masked_bias",
    ],
)
def test_a_head_for_a_task_is_no_news(name, tiny_model):
    folder = tiny_model("bert")
    tiny.add_weights(folder, **{name: torch.zeros(8)})
    assert open_model(str(folder)).note is None


def test_fewer_layers_than_the_file_has_are_said(tiny_model):
    folder = tiny_model("llama")
    whole = open_model(str(folder))
    tiny.edit(folder, num_hidden_layers=2)
    model = open_model(str(folder))
    assert model.numbers == (0, 1)
    assert "layers up to 2" in model.note and "names 2" in model.note
    a, b = (attention(one, TEXT, "L1H3").weights for one in (whole, model))
    assert abs(a - b).max() < 1e-6


def test_code_of_its_own_over_a_known_type_is_said(tiny_model):
    folder = tiny_model("llama")
    tiny.edit(folder, auto_map={"AutoConfig": "configuration_x.X", "AutoModelForCausalLM": "modeling_x.XForCausalLM"})
    note = open_model(str(folder)).note
    assert "modeling_x.XForCausalLM" in note and "the library's “llama”" in note


def test_an_adapter_next_to_a_whole_model_is_not_put_on_in_silence(tiny_model, refuses):
    folder = tiny_model("llama")
    assert attention(open_model(str(folder)), TEXT, "L2H1").weights.any()
    width, rank = tiny.WIDTH, 2
    names = [f"base_model.model.layers.{n}.self_attn.q_proj" for n in range(tiny.LAYERS)]
    adapter = {f"{name}.lora_A.weight": torch.randn(rank, width) for name in names}
    adapter |= {f"{name}.lora_B.weight": torch.randn(tiny.HEADS * 8, rank) for name in names}
    save_file(adapter, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    said = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": 8,
        "target_modules": ["q_proj"],
        "base_model_name_or_path": "x/y",
    }
    (folder / "adapter_config.json").write_text(json.dumps(said))
    with refuses(UserError):
        open_model(str(folder))
