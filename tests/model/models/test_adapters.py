"""LoRA adapters: merged into their base model, wherever that lies."""

import pytest
import torch
from huggingface_hub import constants
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    BertForSequenceClassification,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from dashboard.capture import open_model
from dashboard.models import find, load
from dashboard.models.lm_head import load_head
from tests.helpers.adapters import SIZES, adapter_of, base_of

pytestmark = pytest.mark.usefixtures("own_cache")


TEXT = "The heron waits."


def assert_merged(name, merged, base):
    found = open_model(str(name))
    wanted = merged.base_model.state_dict()
    changed = 0
    before = load_file(base / "model.safetensors")
    for key, weight in found.loaded.model.state_dict().items():
        if "pooler" not in key and "position_ids" not in key:
            assert torch.allclose(weight.cpu(), wanted[key], atol=1e-6), key
            old = next(w for k, w in before.items() if k.endswith(key))
            changed += not torch.equal(weight.cpu(), old)
    assert changed
    return found


@pytest.mark.parametrize(
    "how",
    [
        {"task_type": "FEATURE_EXTRACTION"},
        {"use_rslora": True},
        {"use_dora": True},
        {"rank_pattern": {"layer.1.attention.self.query": 2}, "alpha_pattern": {"value": 3}},
        {"target_modules": "all-linear"},
        {"bias": "lora_only"},
        {"target_modules": ["word_embeddings"]},
    ],
    ids=lambda how: next(iter(how)),
)
def test_an_adapter_is_merged_into_its_base_model(tmp_path, how):
    base, folder = base_of(tmp_path / "base"), tmp_path / "checkpoint-500"
    merged = adapter_of(BertModel.from_pretrained(base), folder, base, **how)
    (folder / "optimizer.pt").write_bytes(b"x")
    found = assert_merged(folder, merged, base)
    assert found.title == "base + checkpoint-500" and "merged into base" in found.note
    assert find(str(folder)) == found.source  # made once


def test_an_adapter_of_a_classifier(tmp_path):
    base, folder = base_of(tmp_path / "base"), tmp_path / "mine"
    model = BertForSequenceClassification.from_pretrained(base, num_labels=5)
    merged = adapter_of(model, folder, base, task_type="SEQ_CLS")
    assert_merged(folder, merged, base)


def test_an_adapter_of_a_language_model_keeps_its_head(tmp_path):
    base, folder = tmp_path / "base", tmp_path / "mine"
    base_of(base, LlamaForCausalLM, LlamaConfig(**SIZES, num_key_value_heads=1))
    merged = adapter_of(
        AutoModelForCausalLM.from_pretrained(base), folder, base, target_modules=["q_proj"], task_type="CAUSAL_LM"
    )
    found = assert_merged(folder, merged, base)
    head = load_head(found.loaded, causal=True)
    assert torch.allclose(head.model.lm_head.weight.cpu(), merged.lm_head.weight)


def test_an_adapter_with_more_tokens_than_its_base_model(tmp_path):
    base, folder = base_of(tmp_path / "base"), tmp_path / "mine"
    model = BertModel.from_pretrained(base)
    model.resize_token_embeddings(30530, mean_resizing=False)
    merged = adapter_of(model, folder, base, modules_to_save=["word_embeddings"])
    found = open_model(str(folder))
    rows = found.loaded.model.get_input_embeddings().weight.cpu()
    assert torch.allclose(rows, merged.get_input_embeddings().weight) and len(rows) == 30530


def test_the_revision_covers_base_and_adapter(tmp_path):
    base, folder = base_of(tmp_path / "base"), tmp_path / "mine"
    adapter_of(BertModel.from_pretrained(base), folder, base)
    first = find(str(folder)).revision
    weights = load_file(folder / "adapter_model.safetensors")
    save_file({name: w * 2 for name, w in weights.items()}, folder / "adapter_model.safetensors")
    second = find(str(folder)).revision
    stored = load_file(base / "model.safetensors")
    save_file({n: w + 1 for n, w in stored.items()}, base / "model.safetensors", metadata={"format": "pt"})
    assert len({first, second, find(str(folder)).revision}) == 3


@pytest.mark.parametrize("named", ["sentence-transformers/all-MiniLM-L6-v2", "minilm"])
def test_a_base_model_of_the_catalogue(tmp_path, named):
    folder, base = tmp_path / "mine", find("minilm").folder
    merged = adapter_of(BertModel.from_pretrained(base), folder, named)
    assert assert_merged(folder, merged, base).title == "MiniLM + mine"


@pytest.mark.parametrize("where", ["beside", "hub"])
def test_where_a_base_model_may_lie(tmp_path, monkeypatch, where):
    folder = tmp_path / "mine"
    if where == "beside":
        base, named = base_of(tmp_path / "base"), "../base"
    else:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        store = tmp_path / "hub" / "models--owner--base"
        base, named = base_of(store / "snapshots" / ("ab" * 20)), "owner/base"
        (store / "refs").mkdir()
        (store / "refs" / "main").write_text("ab" * 20)
    merged = adapter_of(BertModel.from_pretrained(base), folder, named)
    assert_merged(folder, merged, base)


def test_peft_itself_agrees(tmp_path):
    """The other way round: peft loads the adapter onto the base model, and gives the same vectors."""
    base, folder = base_of(tmp_path / "base"), tmp_path / "mine"
    adapter_of(BertModel.from_pretrained(base), folder, base)
    theirs = PeftModel.from_pretrained(BertModel.from_pretrained(base).eval(), folder).eval()
    ours = load(find(str(folder)))
    ids = torch.tensor([ours.tokenizer(TEXT)["input_ids"]])
    with torch.inference_mode():
        difference = ours.model(ids.to(ours.device)).last_hidden_state.cpu() - theirs(ids).last_hidden_state
    assert difference.abs().max() < 1e-5
