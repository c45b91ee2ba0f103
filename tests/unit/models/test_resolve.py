"""Every way to name a model wrongly, or to name a wrong one, ends in a sentence of its own."""

import json
import re
import struct
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import constants, errors
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.models import CATALOGUE, NotInstalled, catalogue, find, hub, resolve
from dashboard.models.checkpoint_folder import weight_files, weights_sha256


def safetensors(tensors: dict[str, int]) -> bytes:
    """A file with these names, each of so many bytes."""
    header, at = {}, 0
    for name, size in tensors.items():
        header[name] = {"dtype": "U8", "shape": [size], "data_offsets": [at, at + size]}
        at += size
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + bytes(at)


def fill(folder, changes=None):
    """A folder that is whole but for the changes: other contents for a file, or None to leave it out."""
    contents = {
        "config.json": b'{"model_type": "bert"}',
        "model.safetensors": safetensors({"w": 8}),
        "tokenizer.json": b"{}",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (contents | (changes or {})).items():
        if content is not None:
            (folder / name).write_bytes(content)
    return folder


def test_minilm_is_the_published_file():
    found = find("minilm")
    assert (found.name, found.title, found.revision) == ("minilm", "MiniLM", "sha256:53aa51172d14")
    assert (found.folder / "model.safetensors").is_file()
    assert find(" minilm ") == found


def test_minilm_with_other_weights_is_refused(monkeypatch, tmp_path, refuses):
    monkeypatch.setattr(resolve, "location", lambda name: fill(tmp_path / "model"))
    with refuses(UserError):
        find("minilm")


def test_smollm2_is_not_fetched_unasked(monkeypatch, tmp_path, refuses):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    with refuses(NotInstalled):
        find("smollm2")
    assert list(tmp_path.iterdir()) == []


def test_smollm2_whose_weights_changed_is_refused(monkeypatch, tmp_path, refuses):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    folder = fill(tmp_path / "models" / "smollm2")
    noted = {"sha256": weights_sha256([folder / "model.safetensors"]), "size": 0}
    noted["size"] = (folder / "model.safetensors").stat().st_size
    (folder / catalogue.RECORD).write_text(json.dumps(noted))
    assert find("smollm2").revision == f"sha256:{noted['sha256'][:12]}"
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    with refuses(NotInstalled):
        find("smollm2")


def test_a_folder(tmp_path, monkeypatch):
    folder = fill(tmp_path / "mine")
    found = find(str(folder))
    digest = weights_sha256([folder / "model.safetensors"])
    assert (found.title, found.folder, found.revision) == ("mine", folder, f"sha256:{digest[:12]}")
    monkeypatch.chdir(tmp_path)
    assert find("mine").revision == find("./mine").revision == found.revision
    fill(tmp_path / "minilm")
    assert find("minilm").title == "MiniLM" and find("./minilm").title == "minilm"


def test_the_revision_follows_the_weights(tmp_path):
    folder = fill(tmp_path / "mine")
    first = find(str(folder)).revision
    (folder / "model.safetensors").write_bytes(safetensors({"v": 9}))
    assert find(str(folder)).revision != first


def test_shards(tmp_path, refuses):
    index = json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}).encode()
    folder = fill(tmp_path / "m", {"model.safetensors": None})
    (folder / "model.safetensors.index.json").write_bytes(index)
    (folder / "one.safetensors").write_bytes(safetensors({"a": 4}))
    with refuses(UserError, "1 of 2", "two.safetensors"):
        find(str(folder))
    (folder / "two.safetensors").write_bytes(safetensors({"b": 4}))
    assert len(weight_files(folder, "m")) == 2 and find(str(folder)).revision.startswith("sha256:")


@pytest.mark.parametrize(
    "index", [b"{", b"[]", b"{}", b'{"weight_map": {}}', b'{"weight_map": {"a": "../x"}}', b"[" * 100_000]
)
def test_a_damaged_list_of_shards(tmp_path, index, refuses_alike):
    folder = fill(tmp_path / "m", {"model.safetensors": None})
    (folder / "model.safetensors.index.json").write_bytes(index)
    with refuses_alike(UserError, "model.safetensors.index.json"):
        find(str(folder))


GOOD = safetensors({"w": 8})
NO_WEIGHTS = {"model.safetensors": None}
WRONG_FOLDERS = {
    "no weights": NO_WEIGHTS,
    "pickle pytorch_model.bin": NO_WEIGHTS | {"pytorch_model.bin": b"x"},
    "pickle alone": NO_WEIGHTS | {"config.json": None, "model.ckpt": b"x"},
    "no config.json": {"config.json": None},
    "no whole GGUF file": NO_WEIGHTS | {"config.json": None, "model.gguf": b"GGUF"},
    "TensorFlow tf_model.h5": NO_WEIGHTS | {"tf_model.h5": b"x"},
    "TensorFlow bert_model.ckpt": NO_WEIGHTS | {"bert_model.ckpt.index": b"x"},
    "Flax flax_model.msgpack": NO_WEIGHTS | {"flax_model.msgpack": b"x"},
    "ONNX model.onnx": NO_WEIGHTS | {"model.onnx": b"x"},
    "no model.safetensors but weights.safetensors": NO_WEIGHTS | {"weights.safetensors": b"x"},
    "training optimizer.pt": NO_WEIGHTS | {"optimizer.pt": b"x", "rng_state.pth": b"x"},
    "pickle pytorch_model-00001.bin": NO_WEIGHTS | {"optimizer.pt": b"x", "pytorch_model-00001.bin": b"x"},
    "damaged config.json": {"config.json": b"{"},
    "names no model type": {"config.json": b"[]"},
    "quantised": {"config.json": b'{"model_type": "llama", "quantization_config": {"bits": 4}}'},
    "quantised by bitsandbytes": {
        "config.json": b'{"model_type": "llama", "quantization_config": {"quant_method": "bitsandbytes"}}'
    },
    "quantised by AWQ": {"config.json": b'{"model_type": "a", "quantization_config": {"quant_method": "awq"}}'},
    "quantised by GPTQ": {"model.safetensors": safetensors({"model.layers.0.q_proj.qweight": 8})},
    "weights quantised by bitsandbytes": {"model.safetensors": safetensors({"a.weight": 8, "a.weight.absmax": 8})},
    "no tokenizer": {"tokenizer.json": None},
    "reads bytes": {
        "tokenizer.json": None,
        "config.json": b'{"model_type": "t5"}',
        "tokenizer_config.json": b'{"tokenizer_class": "PerceiverTokenizer"}',
    },
    "reads images or sound": {
        "tokenizer.json": None,
        "config.json": b'{"model_type": "vit"}',
        "preprocessor_config.json": b"{}",
    },
    "cut off": {"model.safetensors": GOOD[:-1]},
}


@pytest.mark.parametrize("wrong", WRONG_FOLDERS)
def test_wrong_folders(tmp_path, wrong, refuses):
    """What is wrong names the file, or the tool, that the sentence names."""
    folder = fill(tmp_path / "m", WRONG_FOLDERS[wrong])
    with refuses(UserError, *re.findall(r"[\w-]+\.\w+|AWQ|GPTQ|bitsandbytes", wrong)):
        find(str(folder))


def test_an_empty_folder_and_a_file(tmp_path, refuses):
    (tmp_path / "empty").mkdir()
    with refuses(UserError):
        find(str(tmp_path / "empty"))
    (tmp_path / "file").write_text("x")
    with refuses(UserError):
        find(str(tmp_path / "file"))


@pytest.mark.parametrize("content", [b"", b"x" * 7, b"\xff" * 8, b"\x00" * 8, GOOD + b"x", GOOD[:30]])
def test_damaged_safetensors(tmp_path, content, refuses_alike):
    folder = fill(tmp_path / "m", {"model.safetensors": content})
    with refuses_alike(UserError):
        find(str(folder))


@given(st.binary(max_size=100), st.integers(0, 8))
@settings(max_examples=200)
def test_no_file_of_weights_or_configuration_breaks_the_check(tmp_path_factory, junk, keep):
    folder = fill(tmp_path_factory.mktemp("m"), {"model.safetensors": GOOD[:keep] + junk, "config.json": junk})
    with pytest.raises(UserError):
        find(str(folder))
    (folder / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(UserError, match="damaged"):
        find(str(folder))


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "nothing",
        "a/b/c",
        "../..",
        "/",
        "~nobody/x",
        "x" * 2000,
        "a\x00b",
        "a\nb",
        "C:\\x",
        "owner/",
        "/x/y",
        "a/b@",
        "a/..",
        "-/-",
        "owner/name@../..",
        "\ud800",
        "\u202e",
        "minilm@main",
        "https://huggingface.co/a/b",
        ".",
    ],
)
def test_odd_names(name):
    with pytest.raises(UserError) as caught:
        find(name)
    assert str(caught.value).endswith(".") and len(str(caught.value)) < 400


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_name_ends_in_a_sentence(name):
    if name.strip() not in CATALOGUE:
        with pytest.raises(UserError):
            find(name)


def snapshot(root, repo, commit, changes=None):
    """A model in the hub's cache, as a download leaves it."""
    store = root / f"models--{repo.replace('/', '--')}"
    (store / "refs").mkdir(parents=True, exist_ok=True)
    (store / "refs" / "main").write_text(commit)
    return fill(store / "snapshots" / commit, changes)


@pytest.fixture
def hub_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "two-heads"))  # what is fetched is noted there
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def test_a_cached_model_of_the_hub_needs_no_network(hub_cache, monkeypatch):
    monkeypatch.setattr(hub, "download", lambda *_: pytest.fail("the network was asked"))
    folder = snapshot(hub_cache, "owner/name", "ab" * 20)
    found = find("owner/name", fetch_missing=True)
    assert (found.title, found.folder, found.revision) == ("owner/name", folder, "ab" * 20)
    assert find(f"owner/name@{'ab' * 20}").folder == folder


def test_nothing_is_downloaded_unasked(hub_cache, monkeypatch, refuses):
    monkeypatch.setattr(hub, "download", lambda *_: pytest.fail("the network was asked"))
    with refuses(UserError, "--get owner/name"):
        find("owner/name")
    snapshot(hub_cache, "owner/name", "ab" * 20, {"model.safetensors": None})  # a download that broke off
    with refuses(UserError):
        find("owner/name")


def test_a_name_without_an_owner(hub_cache, refuses):
    with refuses(UserError, "“gpt2”", "“openai-community/gpt2”", "--get openai-community/gpt2"):
        find("gpt2")
    with refuses(UserError):
        find("no-such-model")
    folder = snapshot(hub_cache, "openai-community/gpt2", "ab" * 20)
    found = find("gpt2")
    assert (found.name, found.title, found.folder) == ("gpt2", "openai-community/gpt2", folder)
    assert find(f"gpt2@{'ab' * 20}").revision == found.revision == "ab" * 20
    snapshot(hub_cache, "someone/gpt2", "cd" * 20)
    with refuses(UserError, "openai-community/gpt2", "someone/gpt2"):
        find("gpt2")
    snapshot(hub_cache, "else/gpt2-xl", "cd" * 20, {"model.safetensors": None})
    with pytest.raises(UserError, match="“openai-community/gpt2-xl”"):
        find("gpt2-xl")


def test_an_adapter_of_the_hub_names_its_base_model(hub_cache, refuses):
    said = b'{"peft_type": "LORA", "base_model_name_or_path": "owner/base"}'
    none = {"config.json": None, "model.safetensors": None, "tokenizer.json": None}
    snapshot(
        hub_cache, "owner/adapter", "ab" * 20, none | {"adapter_config.json": said, "adapter_model.safetensors": GOOD}
    )
    with refuses(UserError, "“owner/adapter”", "“owner/base”", "--get owner/base"):
        find("owner/adapter")


def response(status):
    import httpx2

    return httpx2.Response(status, request=httpx2.Request("GET", "https://hub.invalid"))


HUB_ERRORS = {
    "no model": lambda: errors.RepositoryNotFoundError("x", response=response(404)),
    "on request": lambda: errors.GatedRepoError("x", response=response(403)),
    "no revision": lambda: errors.RevisionNotFoundError("x", response=response(404)),
    "offline": lambda: errors.OfflineModeIsEnabled("x"),
    "no entry": lambda: errors.LocalEntryNotFoundError("x"),
    "an error of the hub": lambda: errors.HfHubHTTPError("x", response=response(500)),
    "a full disk": lambda: OSError(28, "No space left on device"),
    "no id": lambda: errors.HFValidationError("x"),
}


@pytest.mark.parametrize("wrong", HUB_ERRORS)
def test_what_can_go_wrong_at_the_hub(hub_cache, monkeypatch, wrong, refuses):
    def fail(*_, **__):
        raise HUB_ERRORS[wrong]()

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", fail)
    with refuses(UserError, *{"no model": ["owner/name"], "no revision": ["v9"]}.get(wrong, [])):
        find("owner/name@v9", fetch_missing=True)


def info(files):
    """What the hub says about a model: its files, as far as we look at it."""
    return SimpleNamespace(siblings=[SimpleNamespace(rfilename=name) for name in files])


@pytest.mark.parametrize(
    ("files", "named"),
    [
        (["config.json", "pytorch_model.bin"], "pytorch_model.bin"),
        (["config.json", "onnx/model.safetensors"], "safetensors"),
    ],
)
def test_the_hub_has_it_in_another_form(hub_cache, monkeypatch, files, named, refuses):
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: info(files))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("downloaded"))
    with refuses(UserError, named):
        find("owner/name", fetch_missing=True)


def test_a_download_asks_for_no_pickle_and_no_code(hub_cache, monkeypatch):
    asked = {}

    def download(repo, **options):
        asked.update(options, repo=repo)
        bar = options["tqdm_class"](total=100, unit="B", name="x", disable=False)
        bar.update(50)
        bar.refresh()
        return str(snapshot(hub_cache, "owner/name", "cd" * 20))

    told = []
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: info(["model.safetensors"]))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    found = find("owner/name@v1", fetch_missing=True, progress=lambda *step: told.append(step))
    assert found.revision == "cd" * 20 and found.name == "owner/name@v1"
    assert (asked["repo"], asked["revision"]) == ("owner/name", "v1")
    names = ["model.safetensors", "tokenizer.json", "vocab.txt", "pytorch_model.bin", "modeling_x.py", "onnx/a.json"]
    wanted = huggingface_hub.utils.filter_repo_objects(
        names, allow_patterns=asked["allow_patterns"], ignore_patterns=asked["ignore_patterns"]
    )
    assert list(wanted) == ["model.safetensors", "tokenizer.json", "vocab.txt"]
    assert any(share == 0.5 and "owner/name@v1" in said for share, said in told) and told[-1][0] == 1.0
