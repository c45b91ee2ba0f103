"""What is on this machine, looked at without loading it and removed again; and the hub, asked before a fetch."""

from __future__ import annotations

import json
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants, errors
from safetensors.numpy import save_file

from dashboard.errors import UserError
from dashboard.jobs import fetching
from dashboard.jobs.work import WORK, load
from dashboard.models import hub, memory
from dashboard.models.catalogue import CATALOGUE, RECORD, location
from dashboard.models.memory import SPARE, dtype_that_fits, needed_bytes
from dashboard.models.shelf import notes
from dashboard.models.shelf.here import looked_at, memory_sentence, models_here
from dashboard.models.shelf.remove import remove
from dashboard.models.shelf.search import files_of, search
from tests.helpers.sentences import numbers


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of our own, and one of the hub."""
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def write_model(folder, **config):
    folder.mkdir(parents=True)
    rows = np.zeros((10, 8), np.float32), np.zeros((8, 8), np.float16)
    save_file(dict(zip(("embedding", "dense"), rows, strict=True)), folder / "model.safetensors")
    shape = {"num_hidden_layers": 3, "num_attention_heads": 4, "max_position_embeddings": 64}
    kind = {"model_type": "bert", "architectures": ["BertForMaskedLM"]}
    (folder / "config.json").write_text(json.dumps(kind | shape | config))
    (folder / "vocab.txt").write_text("[PAD]\na\n")
    return folder


def of_hub(cache, name, commit="ab" * 20):
    store = cache / "hub" / f"models--{name.replace('/', '--')}"
    write_model(store / "snapshots" / commit)
    (store / "refs").mkdir()
    (store / "refs" / "main").write_text(commit)
    return store


def test_a_folder_is_looked_at_without_loading_it(tmp_path):
    folder = write_model(tmp_path / "mine")
    here = looked_at("mine", "Mine", "folder", folder)
    assert (here.kind, here.layers, here.heads, here.context) == ("bert, encoder", 3, 4, 64)
    assert (here.numbers, here.largest, here.stored) == (10 * 8 + 8 * 8, 10 * 8, "F16 and F32")
    assert here.disk == sum(file.stat().st_size for file in folder.iterdir())
    assert looked_at("t5", "", "hub", write_model(tmp_path / "t5", is_encoder_decoder=True)).kind.endswith("–decoder")
    (folder / "model.safetensors").write_bytes(b"cut")
    assert "damaged" in looked_at("mine", "Mine", "folder", folder).wrong


def test_models_of_the_catalogue_the_hub_and_folders_are_listed(cache):
    of_hub(cache, "own/tiny")
    of_hub(cache, "other/tiny")
    notes.note_fetched("own/tiny", "mit")
    notes.note_folder(write_model(cache / "folder"))
    notes.note_folder(cache / "gone")
    found = {here.name: here for here in models_here()}
    assert list(found) == ["minilm", "other/tiny", "own/tiny", str(cache / "folder")]
    assert found["own/tiny"].ours and not found["other/tiny"].ours and not found["minilm"].ours
    assert (found["own/tiny"].licence, found["other/tiny"].licence) == ("mit", "")
    assert found["minilm"].layers == CATALOGUE["minilm"].layers and found["minilm"].licence == "Apache-2.0"


def test_notes_that_are_not_ours_are_none(cache):
    for data in (b"", b"[]", b'{"fetched": 3, "folders": []}', b"\xff"):
        (cache / "cache").mkdir(exist_ok=True)
        (cache / "cache" / "models.json").write_bytes(data)
        assert notes.fetched() == {} and notes.folders() == []
    for k in range(notes.MOST_FOLDERS + 3):
        notes.note_folder(write_model(cache / str(k)))
    assert notes.folders()[0] == cache / str(notes.MOST_FOLDERS + 2) and len(notes.folders()) == notes.MOST_FOLDERS


def test_what_we_fetched_is_removed_and_nothing_else(cache):
    ours, others = of_hub(cache, "own/tiny"), of_hub(cache, "other/tiny")
    notes.note_fetched("own/tiny", "")
    remove("own/tiny")
    assert not ours.exists() and others.exists() and notes.fetched() == {}
    for name in ("other/tiny", "minilm", "../hub/models--other--tiny"):
        with pytest.raises(UserError, match="stays"):
            remove(name)
    assert others.exists() and location("minilm").exists()


def test_a_fetched_model_of_the_catalogue_is_removed(cache):
    folder = write_model(location("smollm2"))
    size = (folder / "model.safetensors").stat().st_size
    (folder / RECORD).write_text(json.dumps({"sha256": "0", "size": size, "files": {}}))
    assert [here.name for here in models_here() if here.ours] == ["smollm2"]
    remove("smollm2")
    assert not folder.exists() and [here.name for here in models_here()] == ["minilm"]


@pytest.mark.parametrize(
    ("free", "dtype"), [(SPARE + 4000, "float32"), (SPARE + 3999, "bfloat16"), (SPARE + 2400, "bfloat16")]
)
def test_bfloat16_is_for_what_does_not_fit_otherwise(free, dtype):
    assert dtype_that_fits(1000, 100, free) == dtype
    assert needed_bytes(1000, 100, dtype) == SPARE + {"float32": 4000, "bfloat16": 2 * 1000 + 4 * 100}[dtype]


def test_what_fits_in_no_way_is_refused(monkeypatch, refuses):
    monkeypatch.setattr(memory, "free_bytes", lambda: 4_000_000_000)
    assert dtype_that_fits(10**10, 10**8) is None
    with refuses(UserError, "40.3 GB", "20.7 GB", "4.0 GB"):
        memory.check_fits(10**10, 10**8, "large")


def test_the_memory_is_told_before_a_model_is_loaded(snapshot):
    told = [memory_sentence(2 * 10**9, 10**8, free) for free in (9 * 10**9, 6 * 10**9, 3 * 10**9)]
    assert [numbers(one)[0] for one in told] == [8.3] * 3
    assert told == snapshot


class Api:
    """Stands for `huggingface_hub.HfApi`: answers, or the error of the hub's library."""

    answer: object = None
    asked: dict = {}  # noqa: RUF012

    def list_models(self, **asked):
        Api.asked = asked
        return iter(self._answered())

    def model_info(self, repo, **asked):
        Api.asked = {"repo": repo} | asked
        return self._answered()

    def _answered(self):
        if isinstance(Api.answer, Exception):
            raise Api.answer
        return Api.answer


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    return Api


def info(name, files=(), gated=False, tags=("license:mit",), total=None):
    total = SimpleNamespace(total=total) if total else None
    siblings = [SimpleNamespace(rfilename=name, size=size) for name, size in files]
    return SimpleNamespace(id=name, downloads=7, gated=gated, tags=list(tags), safetensors=total, siblings=siblings)


def test_models_of_the_hub_are_found_by_name(api):
    api.answer = [info("own/tiny", total=1000), info("own/gated", gated="manual", tags=())]
    one, other = search(" tiny ")
    assert (api.asked["search"], api.asked["filter"]) == ("tiny", "safetensors")
    assert (one.hub_id, one.downloads, one.licence, one.gated, one.numbers) == ("own/tiny", 7, "mit", False, 1000)
    assert (other.licence, other.gated, other.numbers) == ("", True, None)
    with pytest.raises(UserError, match="nothing to search for"):
        search("  ")


def test_the_files_are_those_that_would_be_fetched(api):
    files = {"model.safetensors": 900, "config.json": 10, "pytorch_model.bin": 800, "onnx/model.onnx": 700}
    api.answer = info("own/tiny", files.items())
    found = files_of("own/tiny@v1")
    assert api.asked == {"repo": "own/tiny", "revision": "v1", "files_metadata": True, "timeout": 20}
    assert found.files == (("model.safetensors", 900), ("config.json", 10)) and found.bytes == 910
    api.answer = info("own/tiny", [("pytorch_model.bin", 800), ("config.json", 10)])
    with pytest.raises(UserError, match=r"pytorch_model\.bin"):
        files_of("own/tiny")


def failed(kind):
    return kind("no", response=SimpleNamespace(headers={}, request=None, status_code=403))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionError("no"), "Connect to the network"),
        (errors.OfflineModeIsEnabled("no"), "Connect to the network"),
        (failed(errors.GatedRepoError), "hf auth login"),
        (failed(errors.RepositoryNotFoundError), "no model"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence(api, error, told):
    api.answer = error
    for ask in (search, files_of):
        with pytest.raises(UserError, match=told):
            ask("own/tiny")


def test_a_model_that_was_fetched_is_noted_and_one_that_was_there_is_not(api, cache, monkeypatch):
    api.answer = info("own/tiny", [("model.safetensors", 9)])
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: of_hub(cache, "own/tiny"))
    hub.download("own/tiny")
    assert notes.fetched() == {"own/tiny": "mit"}
    notes.forget_fetched("own/tiny")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: cache)
    hub.download("own/tiny")
    assert notes.fetched() == {}


def test_fetching_is_work_that_a_job_may_name_and_that_goes_on(monkeypatch, tmp_path):
    assert WORK.fullmatch(fetching.__name__) and load(fetching.__name__).resumes
    asked = []
    monkeypatch.setattr(fetching, "fetch", lambda name, progress: asked.append(name))
    load(fetching.__name__).make(tmp_path, {"model": "own/tiny"}, print)
    assert asked == ["own/tiny"]
