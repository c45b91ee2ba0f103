"""LoRA adapters that cannot be opened, each with what is wrong with it."""

import os
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from dashboard.models import find, load
from tests.helpers.adapters import SIZES, adapter_of, base_of, change

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def good_adapter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    base = base_of(folder / "base")
    adapter_of(BertModel.from_pretrained(base), folder / "mine", base)
    return folder / "mine"


@pytest.mark.parametrize(
    ("setting", "value", "facts"),
    [
        ("base_model_name_or_path", "owner/away", ["“owner/away”", "--get owner/away"]),
        ("base_model_name_or_path", "/no/such/folder", ["“/no/such/folder”"]),
        ("base_model_name_or_path", "//server/share", ["“//server/share”"]),
        ("base_model_name_or_path", None, []),
        ("peft_type", "PROMPT_TUNING", ["PROMPT_TUNING"]),
        ("peft_type", "IA3", ["IA3"]),
        ("init_lora_weights", "pissa_niter_4", ["pissa_niter_4"]),
    ],
)
def test_adapters_that_cannot_be_opened(good_adapter, tmp_path, setting, value, facts, not_opened):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    change(folder, **{setting: value})
    not_opened(folder, *facts)


def test_an_adapter_without_safetensors(good_adapter, tmp_path, not_opened):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    (folder / "adapter_model.safetensors").unlink()
    (folder / "optimizer.pt").write_bytes(b"x")
    not_opened(folder)
    (folder / "adapter_model.bin").write_bytes(b"x")
    not_opened(folder, "adapter_model.bin")


@pytest.mark.parametrize(
    "changes",
    [
        {"lora_alpha": "x"},
        {"alpha_pattern": 5},
        {"alpha_pattern": {"(": 1}},
        {"use_dora": True},
        {"peft_type": ["LORA"]},
        {"base_model_name_or_path": ["a"]},
        {"base_model_name_or_path": "a" * 5000},
        {"base_model_name_or_path": "a\0b"},
        {"lora_alpha": float("nan")},
    ],
    ids=lambda changes: repr(changes)[:40],
)
def test_damaged_settings_of_an_adapter(good_adapter, tmp_path, changes, not_opened):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    change(folder, **changes)
    not_opened(folder)


def test_damaged_files_of_an_adapter(good_adapter, tmp_path, not_opened):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    weights, config = folder / "adapter_model.safetensors", folder / "adapter_config.json"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    not_opened(folder)
    stored = load_file(good_adapter / weights.name)
    save_file({name: w for name, w in stored.items() if "layer.1" not in name or "lora_B" not in name}, weights)
    not_opened(folder)
    save_file({name: w.T.contiguous() for name, w in stored.items()}, weights)
    not_opened(folder, "“base + a”")
    save_file({"other": torch.zeros(2)}, weights)
    not_opened(folder, "“base”")
    config.write_text("{")
    not_opened(folder, "adapter_config.json")
    config.unlink()
    os.mkfifo(config)
    not_opened(folder, "adapter_config.json")


def test_an_adapter_of_another_model(good_adapter, tmp_path, processes, not_opened):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    base = base_of(tmp_path / "llama", LlamaForCausalLM, LlamaConfig(**SIZES, num_key_value_heads=1))
    change(folder, base_model_name_or_path=str(base))
    not_opened(folder)
    change(folder, base_model_name_or_path=str(folder))
    not_opened(folder)


def test_an_adapter_beside_a_whole_model(good_adapter, tmp_path, not_opened):
    folder = base_of(tmp_path / "both")
    for file in good_adapter.glob("adapter_*"):
        shutil.copy(file, folder)
    not_opened(folder)


def test_no_module_that_an_adapter_names_is_imported(good_adapter, tmp_path, processes):
    """peft imports what `megatron_core` names."""
    folder, mark = shutil.copytree(good_adapter, tmp_path / "a"), tmp_path / "was run"
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\n")
    change(folder, megatron_config={"a": 1}, megatron_core="evil", auto_mapping={"parent_library": "evil"})
    os.environ["PYTHONPATH"], before = str(folder), os.environ.get("PYTHONPATH")
    try:
        assert load(find(str(folder))).model
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    assert not mark.exists()
