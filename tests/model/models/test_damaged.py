"""A hundred and more damaged model folders: each ends in a sentence, soon and in little memory.

They are opened one after the other in a process of their own, which is stopped where one of them hangs.
"""

import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 20
CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
SETTINGS = "tokenizer_config.json"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz.", "the", "heron", "##s"]
    BertModel(
        BertConfig(
            vocab_size=len(words), hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=16
        )
    ).save_pretrained(folder)
    backend = Tokenizer(WordPiece({word: k for k, word in enumerate(words)}, unk_token="[UNK]"))
    backend.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        mask_token="[MASK]",
    ).save_pretrained(folder)
    return folder


def bytes_of(file, change):
    return lambda folder: (folder / file).write_bytes(change((folder / file).read_bytes()))


def put(file, content):
    return bytes_of(file, lambda _: content if isinstance(content, bytes) else content.encode())


def settings(file=CONFIG, **changes):
    def change(data):
        return json.dumps(json.loads(data) | changes).encode()

    return bytes_of(file, change)


def header(change):
    """The weights with another header, given as a dict and changed in place, or returned."""

    def changed(data):
        length = int.from_bytes(data[:8], "little")
        said = json.loads(data[8 : 8 + length])
        said = change(said) or said
        encoded = said if isinstance(said, bytes) else json.dumps(said).encode()
        return struct.pack("<Q", len(encoded)) + encoded + data[8 + length :]

    return bytes_of(WEIGHTS, changed)


def first(**changes):
    def change(said):
        name = next(name for name in sorted(said) if name != "__metadata__")
        said[name] |= changes

    return header(change)


def instead(file, make):
    def change(folder):
        (folder / file).unlink()
        make(folder / file)

    return change


def bound(path):
    os.chdir(path.parent)  # its path may be too long for a socket
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)
    os.chdir(ROOT)


def flipped(at):
    """A bit of the header, so that it is no UTF-8."""
    return bytes_of(WEIGHTS, lambda data: data[:at] + bytes([data[at] ^ 0x80]) + data[at + 1 :])


def tokenizer(change):
    def changed(data):
        said = json.loads(data)
        return json.dumps(change(said) or said).encode()

    return bytes_of(TOKENIZER, changed)


def overlapping(said):
    for name, entry in said.items():
        if name != "__metadata__":
            entry["data_offsets"] = [0, 96]


def swapped(said):
    names = [name for name in said if name.endswith("query.weight")]
    said[names[0]]["shape"] = [12, 48]


DEEP = "[" * 100_000
FILES = (CONFIG, WEIGHTS, TOKENIZER, SETTINGS)
MUST_FAIL = {
    **{f"weights cut at {n}": bytes_of(WEIGHTS, lambda d, n=n: d[:n]) for n in (0, 1, 7, 8, 9, 100, 3000, -1, -1000)},
    "weights with a byte more": bytes_of(WEIGHTS, lambda d: d + b"x"),
    **{
        f"a header of {n} bytes": bytes_of(WEIGHTS, lambda d, n=n: struct.pack("<Q", n) + d[8:])
        for n in (0, 1, 50, 10**8, 10**12, 2**63, 2**64 - 1)
    },
    **{f"header with a flip at {at}": flipped(at) for at in (8, 9, 60, 151, 400, 1001, 2000)},
    "a header that is a list": header(lambda said: b"[1, 2]"),
    "a header that is null": header(lambda said: b"null"),
    "a deep header": header(lambda said: DEEP.encode()),
    "an empty header": header(lambda said: {"__metadata__": {"format": "pt"}}),
    "a type that is none": first(dtype="F12"),
    "a type that is a list": first(dtype=["F32"]),
    "a negative size": first(shape=[-1, 24]),
    "a size that is no number": first(shape=["a"]),
    "a size that is true": first(shape=[True, 24]),
    "a huge size": first(shape=[2**40, 2**40]),
    "places that are no numbers": first(data_offsets=["a", None]),
    "places the wrong way round": first(data_offsets=[96, 0]),
    "three places": first(data_offsets=[0, 1, 2]),
    "places that overlap": header(overlapping),
    "names of another model": header(lambda said: {f"x{n}" if n[0] != "_" else n: e for n, e in said.items()}),
    "one name changed": header(lambda said: {n.replace("0.attention.self.key", "key"): e for n, e in said.items()}),
    "another shape": header(swapped),
    **{f"{file} missing": lambda folder, file=file: (folder / file).unlink() for file in (CONFIG, WEIGHTS)},
    **{f"{file} empty": put(file, b"") for file in FILES},
    **{f"{file} a folder": instead(file, lambda path: path.mkdir()) for file in FILES},
    **{f"{file} a pipe": instead(file, os.mkfifo) for file in FILES},
    **{f"{file} a loop": instead(file, lambda path: path.symlink_to(path.name)) for file in FILES},
    **{f"{file} leads nowhere": instead(file, lambda path: path.symlink_to("nothing")) for file in FILES},
    **{f"{file} a device": instead(file, lambda path: path.symlink_to("/dev/zero")) for file in FILES},
    **{f"{file} a socket": instead(file, bound) for file in (CONFIG, TOKENIZER)},
    **{
        f"config.json is {text[:9]!r}": put(CONFIG, text)
        for text in ("{", "[]", "null", "NaN", "7", '"bert"', DEEP, '{"model_type": "bert"', "{'a': 1}", " " * 11**7)
    },
    "config.json in UTF-16": bytes_of(CONFIG, lambda d: d.decode().encode("utf-16")),
    "config.json in Latin-1": put(CONFIG, '{"model_type": "bert", "x": "é"}'.encode("latin-1")),
    **{
        f"model_type {str(kind)[:9]!r}": settings(model_type=kind)
        for kind in (None, 5, [], "", "none", "../x", "a" * 10**5)
    },
    **{
        f"num_hidden_layers {n!r}": settings(num_hidden_layers=n)
        for n in (3, 100, 10**6, 10**12, 10**30, -(10**9), float("nan"), float("inf"), "two", [2], {"a": 1})
    },
    **{
        f"hidden_size {n!r}": settings(hidden_size=n)
        for n in (0, -24, 25, 48, 10**5, 10**9, float("nan"), "x", None, [24])
    },
    **{f"num_attention_heads {n!r}": settings(num_attention_heads=n) for n in (0, 5, 10**6, 10**12, "x", float("nan"))},
    **{f"intermediate_size {n!r}": settings(intermediate_size=n) for n in (-1, 17, 10**12, "x", None)},
    **{f"vocab_size {n!r}": settings(vocab_size=n) for n in (3, 10**6, 10**12, -5, "x")},
    **{f"max_position_embeddings {n!r}": settings(max_position_embeddings=n) for n in (3, 10**7, 10**12, "x", None)},
    **{f"num_labels {n}": settings(num_labels=n) for n in (10**8, 10**12)},
    "an unknown activation": settings(hidden_act="nonsense"),
    "another architecture": settings(model_type="gpt2"),
    "a million layers of another": settings(model_type="llama", num_hidden_layers=10**6, hidden_size=24),
    "layers within": settings(text_config={"num_hidden_layers": 10**9}),
    "quantised": settings(quantization_config={"quant_method": "gptq", "bits": 4}),
    "quantised by a word": settings(quantization_config="yes"),
    **{f"tokenizer.json cut at {n}": bytes_of(TOKENIZER, lambda d, n=n: d[:n]) for n in (1, 50, 500, -2)},
    **{
        f"tokenizer.json is {text[:9]!r}": put(TOKENIZER, text) for text in ("{}", "[]", "null", "NaN", DEEP, "\0" * 99)
    },
    "a tokenizer without a model": tokenizer(lambda said: said.pop("model") and None),
    "a tokenizer without a vocabulary": tokenizer(lambda said: said["model"].pop("vocab") and None),
    "a vocabulary that is a word": tokenizer(lambda said: said["model"].update(vocab="x")),
    "a vocabulary of words": tokenizer(lambda said: said["model"].update(vocab={"a": "b"})),
    "ids below 0": tokenizer(lambda said: said["model"].update(vocab={"[UNK]": -1, "a": 1})),
    "ids beyond": tokenizer(lambda said: said["model"].update(vocab={"[UNK]": 2**40, "a": 1})),
    "only special tokens": tokenizer(
        lambda said: said["model"].update(vocab={t["content"]: t["id"] for t in said["added_tokens"]})
    ),
    "a model of an unknown type": tokenizer(lambda said: said["model"].update(type="Nonsense")),
    "added tokens that are none": tokenizer(lambda said: said.update(added_tokens=[1, 2])),
    **{f"tokenizer_config.json is {text[:9]!r}": put(SETTINGS, text) for text in ("{", "[1]", DEEP)},
}
MAY_OPEN = {  # what is damaged there may not matter, or not be seen before the model is read
    "one layer less": settings(num_hidden_layers=1),
    "true layers": settings(num_hidden_layers=True),
    "an epsilon that is a word": settings(layer_norm_eps="x"),
    "labels that are none": settings(id2label=[1, 2]),
    "a type that is none": settings(dtype="evil"),
    "architectures that are a number": settings(architectures=7),
    "positions of another kind": settings(position_embedding_type="nonsense"),
    "code of its own": settings(auto_map={"AutoModel": "evil.Model"}),
    "an unknown tokenizer": settings(SETTINGS, tokenizer_class="Nonsense"),
    "a tokenizer that is a number": settings(SETTINGS, tokenizer_class=5),
    "a length that is a word": settings(SETTINGS, model_max_length="x"),
    "a length below 0": settings(SETTINGS, model_max_length=-1),
    "special tokens that are numbers": settings(SETTINGS, cls_token=5, sep_token=[1]),
    "weights of another bit": bytes_of(WEIGHTS, lambda d: d[:-9] + bytes([d[-9] ^ 0x40]) + d[-8:]),
    "weights that are not numbers": bytes_of(WEIGHTS, lambda d: d[:-40_000] + b"\xff" * 40_000),
}

OPEN = """
import faulthandler, json, pathlib, re, resource, sys, time
from dashboard.errors import UserError
from dashboard.models import find, load
for folder in json.loads(sys.stdin.read()):
    faulthandler.dump_traceback_later({seconds}, exit=True)
    begun = time.monotonic()
    try:
        load(find(folder))
        said = ["opened", ""]
    except UserError as wrong:
        said = ["sentence", str(wrong)]
    except BaseException as wrong:
        said = ["defect", repr(wrong)[:500]]
    # A new process begins with its parent's peak in ru_maxrss, and with its own in VmHWM (Linux).
    status = pathlib.Path("/proc/self/status")
    own = re.search(r"VmHWM:\\s+(\\d+)", status.read_text()) if status.exists() else None
    peak = (int(own[1]) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1e6
    print(json.dumps([folder, *said, time.monotonic() - begun, peak]), flush=True)
"""


def damaged(whole, root, kinds):
    folders = {}
    for k, (name, damage) in enumerate(kinds.items()):
        folder = root / f"m{k}"
        folder.mkdir()
        for file in whole.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        damage(folder)
        folders[str(folder)] = name
    process = subprocess.run(
        [sys.executable, "-c", OPEN.replace("{seconds}", str(SECONDS))],
        input=json.dumps(list(folders)),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    results = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("[")]
    hung = [name for folder, name in folders.items() if folder not in {result[0] for result in results}]
    assert not hung, f"ended at “{hung[0]}”: {process.stderr[-3000:]}"
    assert "Traceback" not in process.stderr and "panicked" not in process.stdout
    return {folders[folder]: rest for folder, *rest in results}


@pytest.fixture(scope="module")
def results(whole, tmp_path_factory):
    kinds = {"nothing": lambda folder: None} | MUST_FAIL | MAY_OPEN
    return damaged(whole, tmp_path_factory.mktemp("damaged"), kinds)


def test_every_damaged_folder_ends_in_a_sentence(results):
    assert len(MUST_FAIL) >= 100
    for name in MUST_FAIL:
        what, sentence, seconds, peak = results[name]
        assert what == "sentence" and sentence.endswith(".") and "\n" not in sentence and len(sentence) < 700, name
        assert seconds < SECONDS and peak < 4, name


def test_what_may_open_opens_or_ends_in_a_sentence(results):
    for name in ("nothing", *MAY_OPEN):
        assert results[name][0] in ("opened", "sentence") and results[name][3] < 4, name
    assert results["nothing"][0] == "opened"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("file", FILES)
def test_a_file_that_may_not_be_read(whole, tmp_path, file):
    results = damaged(whole, tmp_path, {"unreadable": lambda folder: (folder / file).chmod(0)})
    assert results["unreadable"][0] == "sentence" and "cannot be read" in results["unreadable"][1]
