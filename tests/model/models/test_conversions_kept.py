"""What was converted: made again where it is damaged, bounded, kept while it is in use."""

import threading

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    LlamaModel,
)

from dashboard.capture import open_model
from dashboard.models import bounded, find, load
from dashboard.models.load import alone_and_quiet
from dashboard.models.waiting import while_waiting
from tests.helpers.adapters import adapter_of
from tests.helpers.ggufs import write_llama

pytestmark = pytest.mark.usefixtures("own_cache")


def test_what_was_made_is_made_again_where_it_is_damaged(tmp_path, own_cache):
    write_llama(tmp_path / "tiny.gguf")
    folder = find(str(tmp_path / "tiny.gguf")).folder
    whole = (folder / "config.json").read_bytes()
    (folder / "config.json").write_bytes(whole[:50])
    assert find(str(tmp_path / "tiny.gguf")).folder == folder
    assert (folder / "config.json").read_bytes() == whole
    assert sorted(p.name for p in (own_cache / "made").iterdir()) == [f".{folder.name}.lock", folder.name]


def test_what_was_made_is_bounded_and_what_is_open_stays(tmp_path, own_cache, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "0")
    monkeypatch.setattr("dashboard.models.bounded.JUST_NOW", 0.0)
    there = lambda: {p.name for p in (own_cache / "made").iterdir() if not p.name.startswith(".")}  # noqa: E731
    for number, width in enumerate((32, 16, 64)):
        write_llama(tmp_path / f"{number}.gguf", width=width)
    model = open_model(str(tmp_path / "0.gguf"))
    second = find(str(tmp_path / "1.gguf")).folder
    assert there() == {model.source.folder.name, second.name}, "the first is open, the second was just made"
    third = find(str(tmp_path / "2.gguf")).folder
    assert there() == {model.source.folder.name, third.name}
    assert open_model(str(tmp_path / "1.gguf")).layers == 2, "made again"


def test_what_waits_to_be_loaded_stays_and_is_let_go_where_that_fails(tmp_path, own_cache, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CONVERTED_GB", "0")
    monkeypatch.setattr(bounded, "JUST_NOW", 0.0)
    write_llama(tmp_path / "tiny.gguf")
    source, taken, done = find(str(tmp_path / "tiny.gguf")), threading.Event(), threading.Event()

    def another():
        with alone_and_quiet():
            taken.set()
            done.wait(60)

    def meanwhile():
        bounded.free_space(10**9, own_cache / "made" / "new")
        done.set()

    def leave():
        raise ZeroDivisionError

    loading = threading.Thread(target=another)
    loading.start()
    taken.wait()
    try:
        with pytest.raises(ZeroDivisionError), while_waiting(leave):
            load(source)
        assert not list((own_cache / "made").glob(".*.by.*"))
        with while_waiting(meanwhile):
            loaded = load(source)
    finally:
        done.set()
        loading.join()
    bounded.free_space(10**9, own_cache / "made" / "new")
    assert source.folder.is_dir() and loaded.model


def test_a_base_model_that_was_converted_stays_while_an_adapter_is_merged(tmp_path, own_cache, monkeypatch):
    write_llama(tmp_path / "tiny.gguf")
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


def test_leaving_ends_the_conversion(tmp_path, own_cache, processes, snapshot):
    class Left(Exception):
        pass

    def leave(fraction, sentence):
        assert sentence == snapshot
        raise Left

    write_llama(tmp_path / "tiny.gguf")
    with pytest.raises(Left):
        find(str(tmp_path / "tiny.gguf"), progress=leave)
    assert [p.suffix for p in (own_cache / "made").iterdir()] == [".lock"]
