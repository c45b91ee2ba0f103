"""Checkpoints in other forms: LoRA adapters, GGUF files, wrappers' names, old folders of sentence-transformers."""

import importlib
import json
import os
import shutil
import struct
import threading

import gguf
import numpy as np
import pytest
import torch
from huggingface_hub import constants
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaModel,
)

from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.models import bounded, find, load, made
from dashboard.models.lm_head import load_head
from dashboard.models.load import alone_and_quiet
from dashboard.models.waiting import while_waiting

SIZES = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 16,
    "vocab_size": 30522,
}
TEXT = "The heron waits."


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch, request):
    """A cache of its own. What a process of its own would make is made in this one, which saves 5 s a model, but in
    tests that ask for `processes`."""
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "cache"))
    if "processes" not in request.fixturenames:
        monkeypatch.setattr(made, "run", here)
    return tmp_path / "cache"


@pytest.fixture
def processes():
    pass


def here(command, work, tick, env=None):
    _, module, *arguments = command[command.index("-m") :]
    tick(0.0)
    try:
        importlib.import_module(module).main(arguments)
    except SystemExit as said:
        return str(said)
    return ""


def tokenizer_files(folder):
    for file in find("minilm").folder.glob("*token*"):
        shutil.copy(file, folder)
    return folder


def base_of(folder, kind=BertModel, config=None):
    torch.manual_seed(0)
    kind(config or BertConfig(**SIZES)).save_pretrained(folder)
    return tokenizer_files(folder)


def adapter_of(model, folder, base, **how):
    """An adapter with weights that count, saved as peft does; and the model with it merged in."""
    torch.manual_seed(1)
    targets = how.pop("target_modules", ["query", "value"])
    wrapped = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=targets, **how))
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                parameter.normal_(0, 0.1)
    wrapped.peft_config["default"].base_model_name_or_path = str(base)
    wrapped.save_pretrained(folder)
    return wrapped.merge_and_unload()


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


def refused(name, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        load(find(str(name)))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def change(folder, **changes):
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.fixture(scope="module")
def good_adapter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    base = base_of(folder / "base")
    adapter_of(BertModel.from_pretrained(base), folder / "mine", base)
    return folder / "mine"


WRONG = {
    "is a LoRA adapter for “owner/away”.*--get owner/away": {"base_model_name_or_path": "owner/away"},
    "is a LoRA adapter for “/no/such/folder”": {"base_model_name_or_path": "/no/such/folder"},
    "for “//server/share”.*not opened": {"base_model_name_or_path": "//server/share"},
    "does not say for which model": {"base_model_name_or_path": None},
    "adapter of the type PROMPT_TUNING": {"peft_type": "PROMPT_TUNING"},
    "adapter of the type IA3": {"peft_type": "IA3"},
    "begun by pissa_niter_4": {"init_lora_weights": "pissa_niter_4"},
}


@pytest.mark.parametrize("sentence", WRONG)
def test_adapters_that_cannot_be_opened(good_adapter, tmp_path, sentence):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    change(folder, **WRONG[sentence])
    refused(folder, sentence)


def test_an_adapter_without_safetensors(good_adapter, tmp_path):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    (folder / "adapter_model.safetensors").unlink()
    (folder / "optimizer.pt").write_bytes(b"x")
    refused(folder, "LoRA adapter without its weights")
    (folder / "adapter_model.bin").write_bytes(b"x")
    refused(folder, r"LoRA adapter whose weights are a pickle \(adapter_model\.bin\)")


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
def test_damaged_settings_of_an_adapter(good_adapter, tmp_path, changes):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    change(folder, **changes)
    refused(folder, "adapter|cannot be opened")


def test_damaged_files_of_an_adapter(good_adapter, tmp_path):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    weights, config = folder / "adapter_model.safetensors", folder / "adapter_config.json"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    refused(folder, "damaged or cut off")
    stored = load_file(good_adapter / weights.name)
    save_file({name: w for name, w in stored.items() if "layer.1" not in name or "lora_B" not in name}, weights)
    refused(folder, "do not fit")
    save_file({name: w.T.contiguous() for name, w in stored.items()}, weights)
    refused(folder, "“base \\+ a” cannot be opened")
    save_file({"other": torch.zeros(2)}, weights)
    refused(folder, "changes nothing in “base”")
    config.write_text("{")
    refused(folder, r"adapter_config\.json of .* damaged")
    config.unlink()
    os.mkfifo(config)
    refused(folder, r"adapter_config\.json in .* is a pipe")


def test_an_adapter_of_another_model(good_adapter, tmp_path, processes):
    folder = shutil.copytree(good_adapter, tmp_path / "a")
    base = base_of(tmp_path / "llama", LlamaForCausalLM, LlamaConfig(**SIZES, num_key_value_heads=1))
    change(folder, base_model_name_or_path=str(base))
    refused(folder, "does not fit its base model")
    change(folder, base_model_name_or_path=str(folder))
    refused(folder, "an adapter itself")


def test_an_adapter_beside_a_whole_model(good_adapter, tmp_path):
    folder = base_of(tmp_path / "both")
    for file in good_adapter.glob("adapter_*"):
        shutil.copy(file, folder)
    refused(folder, "holds a whole model and an adapter")


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


# GGUF


def write_gguf(path, layers=2, width=32, claims=None):
    """A small Llama, with the bytes and a few tokens as its vocabulary; the weights are returned."""
    file = gguf.GGUFWriter(str(path), "llama")
    letters = [chr(code) for code in range(97, 123)]
    words = ["<unk>", "<s>", "</s>", *(f"<0x{k:02X}>" for k in range(256)), "▁", *letters, "he", "▁h", "▁he", "▁t"]
    file.add_context_length(64)
    file.add_embedding_length(width)
    file.add_block_count(claims or layers)
    file.add_feed_forward_length(48)
    file.add_head_count(4)
    file.add_head_count_kv(2)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(width // 4)
    file.add_vocab_size(len(words))
    file.add_tokenizer_model("llama")
    file.add_token_list(words)
    file.add_token_scores([-float(k) for k in range(len(words))])
    file.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(words) - 259))
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_unk_token_id(0)
    rng, weights = np.random.default_rng(0), {}

    def add(name, *shape):
        weights[name] = rng.normal(0, 0.2, shape).astype(np.float32 if len(shape) == 1 else np.float16)
        file.add_tensor(name, weights[name])

    add("token_embd.weight", len(words), width)
    add("output_norm.weight", width)
    add("output.weight", len(words), width)
    for k in range(layers):
        for name, *shape in (
            ("attn_norm", width),
            ("ffn_norm", width),
            ("attn_q", width, width),
            ("attn_k", width // 2, width),
            ("attn_v", width // 2, width),
            ("attn_output", width, width),
            ("ffn_gate", 48, width),
            ("ffn_up", 48, width),
            ("ffn_down", width, 48),
        ):
            add(f"blk.{k}.{name}.weight", *shape)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return weights


def test_a_gguf_file_by_itself_and_in_a_folder(tmp_path, processes, monkeypatch):
    (tmp_path / "mine").mkdir()
    weights = write_gguf(tmp_path / "mine" / "tiny.gguf")
    found = open_model(str(tmp_path / "mine" / "tiny.gguf"))
    assert (found.title, found.layers, found.heads) == ("tiny", 2, 4) and "tiny.gguf" in found.note
    model = found.loaded.model
    for k, layer in enumerate(model.layers):
        assert torch.equal(layer.mlp.up_proj.weight.cpu(), torch.tensor(weights[f"blk.{k}.ffn_up.weight"]).float())
    assert not found.encode("the heron").lost_words
    monkeypatch.setattr("dashboard.models.made.run", lambda *_, **__: pytest.fail("made again"))
    again = find(str(tmp_path / "mine"))
    assert (again.title, again.folder, again.revision) == ("mine", found.source.folder, found.revision)


def test_what_was_made_is_made_again_where_it_is_damaged(tmp_path, cache):
    write_gguf(tmp_path / "tiny.gguf")
    folder = find(str(tmp_path / "tiny.gguf")).folder
    whole = (folder / "config.json").read_bytes()
    (folder / "config.json").write_bytes(whole[:50])
    assert find(str(tmp_path / "tiny.gguf")).folder == folder
    assert (folder / "config.json").read_bytes() == whole
    assert sorted(p.name for p in (cache / "made").iterdir()) == [f".{folder.name}.lock", folder.name]


def test_what_was_made_is_bounded_and_what_is_open_stays(tmp_path, cache, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "0")
    monkeypatch.setattr("dashboard.models.bounded.JUST_NOW", 0.0)
    there = lambda: {p.name for p in (cache / "made").iterdir() if not p.name.startswith(".")}  # noqa: E731
    for number, width in enumerate((32, 16, 64)):
        write_gguf(tmp_path / f"{number}.gguf", width=width)
    model = open_model(str(tmp_path / "0.gguf"))
    second = find(str(tmp_path / "1.gguf")).folder
    assert there() == {model.source.folder.name, second.name}, "the first is open, the second was just made"
    third = find(str(tmp_path / "2.gguf")).folder
    assert there() == {model.source.folder.name, third.name}
    assert open_model(str(tmp_path / "1.gguf")).layers == 2, "made again"


def test_what_waits_to_be_loaded_stays_and_is_let_go_where_that_fails(tmp_path, cache, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "0")
    monkeypatch.setattr(bounded, "JUST_NOW", 0.0)
    write_gguf(tmp_path / "tiny.gguf")
    source, taken, done = find(str(tmp_path / "tiny.gguf")), threading.Event(), threading.Event()

    def another():
        with alone_and_quiet():
            taken.set()
            done.wait(60)

    def meanwhile():
        bounded.free_space(10**9, cache / "made" / "new")
        done.set()

    def leave():
        raise ZeroDivisionError

    loading = threading.Thread(target=another)
    loading.start()
    taken.wait()
    try:
        with pytest.raises(ZeroDivisionError), while_waiting(leave):
            load(source)
        assert not list((cache / "made").glob(".*.by.*"))
        with while_waiting(meanwhile):
            loaded = load(source)
    finally:
        done.set()
        loading.join()
    bounded.free_space(10**9, cache / "made" / "new")
    assert source.folder.is_dir() and loaded.model


def test_a_base_model_that_was_converted_stays_while_an_adapter_is_merged(tmp_path, cache, monkeypatch):
    write_gguf(tmp_path / "tiny.gguf")
    base = find(str(tmp_path / "tiny.gguf")).folder
    named = tmp_path / "tiny.gguf"
    merged = adapter_of(LlamaModel.from_pretrained(base), tmp_path / "mine", named, target_modules=["q_proj"])
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "0")
    monkeypatch.setattr(bounded, "JUST_NOW", 0.0)
    folder = find(str(tmp_path / "mine")).folder
    stored = load_file(folder / "model.safetensors")
    name = "layers.0.self_attn.q_proj.weight"
    assert torch.allclose(next(w for key, w in stored.items() if key.endswith(name)), merged.get_parameter(name))
    bounded.free_space(10**9, folder)
    assert not base.exists(), "let go"


def test_leaving_ends_the_conversion(tmp_path, cache, processes):
    class Left(Exception):
        pass

    def leave(fraction, sentence):
        assert sentence == "Converting tiny to safetensors, once."
        raise Left

    write_gguf(tmp_path / "tiny.gguf")
    with pytest.raises(Left):
        find(str(tmp_path / "tiny.gguf"), progress=leave)
    assert [p.suffix for p in (cache / "made").iterdir()] == [".lock"]


def test_gguf_files_that_cannot_be_opened(tmp_path):
    file = tmp_path / "a.gguf"
    write_gguf(file, claims=10**6)
    refused(file, "damaged or cut off")
    write_gguf(file, claims=3)
    refused(file, "lacks 9 of the weights")
    write_gguf(file)
    whole = file.read_bytes()
    for content in (
        whole[:-1],
        whole[:100],
        b"GGUF",
        b"",
        whole[:8] + struct.pack("<Q", 2**60) + whole[16:],
        whole[:16] + struct.pack("<Q", 2**62) + whole[24:],
        b"GGML" + whole[4:],
    ):
        file.write_bytes(content)
        refused(file, "no whole GGUF file")
    file.write_bytes(whole.replace(b"llama", b"chamo"))
    refused(file, "architecture “chamo”, which the installed transformers does not read from GGUF")
    shutil.copy(file, tmp_path / "b.gguf")
    refused(tmp_path, "holds 2 GGUF files. Name one of them")
    file.rename(tmp_path / "a-00001-of-00002.gguf")
    refused(tmp_path / "a-00001-of-00002.gguf", "one of 2 parts. Join them")


# Names and places


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "net.", "model.encoder."])
@pytest.mark.parametrize("kind", [BertModel, BertForMaskedLM, LlamaForCausalLM])
def test_a_prefix_of_a_wrapper_is_taken_off(tmp_path, prefix, kind):
    config = LlamaConfig(**SIZES, num_key_value_heads=1) if kind is LlamaForCausalLM else BertConfig(**SIZES)
    folder = base_of(tmp_path / "m", kind, config)
    file = folder / "model.safetensors"
    plain = load_file(file)
    save_file({prefix + name: w for name, w in plain.items()}, file, metadata={"format": "pt"})
    found = open_model(str(folder))
    assert f"begin with “{prefix}”, which was taken off" in found.note
    for name, weight in found.loaded.model.state_dict().items():
        if "pooler" not in name:
            assert torch.equal(weight.cpu(), next(w for key, w in plain.items() if key.endswith(name))), name
    if kind is LlamaForCausalLM:
        assert torch.equal(load_head(found.loaded, causal=True).model.lm_head.weight.cpu(), plain["lm_head.weight"])


def test_names_without_a_prefix_have_no_note(tmp_path):
    assert open_model(str(base_of(tmp_path / "m", BertForMaskedLM))).note is None


@pytest.mark.parametrize("listed", [True, False])
def test_an_old_folder_of_sentence_transformers(tmp_path, listed):
    base_of(tmp_path / "old" / "0_Transformer")
    (tmp_path / "old" / "1_Pooling").mkdir()
    if listed:
        modules = [
            {"idx": 0, "name": "0", "path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ]
        (tmp_path / "old" / "modules.json").write_text(json.dumps(modules))
    found = find(str(tmp_path / "old"))
    assert found.title == "old" and found.folder == tmp_path / "old" / "0_Transformer"
    assert load(found).model.config.num_hidden_layers == 2


@pytest.mark.parametrize("modules", ["{", "[]", '[{"path": "../base", "type": "x.Transformer"}]', "[1]", "[" * 10**5])
def test_a_list_of_modules_that_leads_nowhere(tmp_path, modules):
    base_of(tmp_path / "base")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "modules.json").write_text(modules)
    refused(tmp_path / "old", r"modules\.json of .* names no transformer")


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
