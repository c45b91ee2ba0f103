"""GGUF files: what they hold, and those that cannot be opened."""

import shutil
import struct

import pytest
import torch

from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.models import find
from tests.helpers.ggufs import write_llama

pytestmark = pytest.mark.usefixtures("own_cache")


def test_a_gguf_file_by_itself_and_in_a_folder(tmp_path, processes, monkeypatch):
    (tmp_path / "mine").mkdir()
    weights = write_llama(tmp_path / "mine" / "tiny.gguf")
    found = open_model(str(tmp_path / "mine" / "tiny.gguf"))
    assert (found.title, found.layers, found.heads) == ("tiny", 2, 4) and "tiny.gguf" in found.note
    model = found.loaded.model
    for k, layer in enumerate(model.layers):
        assert torch.equal(layer.mlp.up_proj.weight.cpu(), torch.tensor(weights[f"blk.{k}.ffn_up.weight"]).float())
    assert not found.encode("the heron").lost_words
    monkeypatch.setattr("dashboard.models.made.run", lambda *_, **__: pytest.fail("made again"))
    again = find(str(tmp_path / "mine"))
    assert (again.title, again.folder, again.revision) == ("mine", found.source.folder, found.revision)


def test_gguf_files_that_cannot_be_opened(tmp_path, not_opened):
    file = tmp_path / "a.gguf"
    write_llama(file, claims=10**6)
    not_opened(file)
    write_llama(file, claims=3)
    not_opened(file, "9 of the weights")
    write_llama(file)
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"llama", b"chamo"))
    not_opened(file, "“chamo”")
    shutil.copy(file, tmp_path / "b.gguf")
    not_opened(tmp_path, "2 GGUF files")
    file.rename(tmp_path / "a-00001-of-00002.gguf")
    not_opened(tmp_path / "a-00001-of-00002.gguf", "2 parts")


CUT = {
    "its last byte": lambda whole: whole[:-1],
    "its weights": lambda whole: whole[:100],
    "all but its name": lambda whole: b"GGUF",
    "everything": lambda whole: b"",
    "too many weights": lambda whole: whole[:8] + struct.pack("<Q", 2**60) + whole[16:],
    "too many settings": lambda whole: whole[:16] + struct.pack("<Q", 2**62) + whole[24:],
    "another name": lambda whole: b"GGML" + whole[4:],
}


@pytest.mark.parametrize("cut", CUT)
def test_a_gguf_file_that_is_not_whole(tmp_path, cut, refuses_alike):
    write_llama(tmp_path / "a.gguf")
    (tmp_path / "a.gguf").write_bytes(CUT[cut]((tmp_path / "a.gguf").read_bytes()))
    with refuses_alike(UserError, "a.gguf"):
        open_model(str(tmp_path / "a.gguf"))
