"""A hub of our own on this machine: what is downloaded of a model, and that it opens from what was downloaded."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.helpers import tiny

ROOT = Path(__file__).resolve().parents[3]
COMMIT = "ab" * 20
TEXT = "A heron waits."


@pytest.fixture
def hub(tmp_path):
    """Its address, the folder of its models by owner and name, and the paths of the files that were fetched."""
    served, fetched = tmp_path / "served", []

    class Hub(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body):
            parts = self.path.split("?")[0].strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                model = served / "/".join(parts[2:4])
                files = [one for one in sorted(model.rglob("*")) if one.is_file()]
                names = [{"rfilename": str(one.relative_to(model))} for one in files]
                said = {"id": "/".join(parts[2:4]), "sha": COMMIT, "siblings": names, "tags": [], "downloads": 0}
                if "tree" in parts:
                    said = [
                        {"type": "file", "oid": COMMIT, "size": one.stat().st_size, "path": name["rfilename"]}
                        for one, name in zip(files, names, strict=True)
                    ]
                self.send(200, json.dumps(said).encode(), body, {"Content-Type": "application/json"})
                return
            file = served / "/".join(parts[:2]) / "/".join(parts[4:])  # owner/name/resolve/revision/path
            if not file.is_file():
                self.send(404, b"", body, {"X-Error-Code": "EntryNotFound"})
                return
            data = file.read_bytes()
            if body:
                fetched.append("/".join(parts[4:]))
            self.send(200, data, body, {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT})

        def send(self, status, data, body, headers):
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(data))}).items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", served, fetched
    server.shutdown()
    server.server_close()


def run(tmp_path, *arguments, **more):
    settings = {"HF_HOME": str(tmp_path / "home"), "TWO_HEADS_CACHE": str(tmp_path / "cache"), "NO_PROXY": "127.0.0.1"}
    settings |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    return subprocess.run(
        [sys.executable, "-m", "dashboard", *arguments],
        cwd=ROOT,
        env=os.environ | settings | more,
        capture_output=True,
        text=True,
        timeout=120,
    )


def pipeline(folder, part, kind="Transformer"):
    """An old sentence-transformers folder with weights of other libraries beside what is wanted."""
    tiny.make("bert", folder / part)
    for other in ("onnx/config.json", "1_Pooling/config.json", f"{part}/onnx/model.safetensors", f"{part}/pytorch.bin"):
        (folder / other).parent.mkdir(parents=True, exist_ok=True)
        (folder / other).write_text("{}")
    first = {"idx": 0, "name": "0", "path": part, "type": f"sentence_transformers.models.{kind}"}
    pooling = {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}
    (folder / "modules.json").write_text(json.dumps([first, pooling]))


@pytest.mark.parametrize(("part", "kind"), [("0_Transformer", "Transformer"), ("0_BERT", "BERT")])
def test_a_transformer_in_a_folder_of_its_own_is_fetched_and_opens(hub, tmp_path, part, kind):
    url, served, fetched = hub
    pipeline(served / "people/old", part, kind)
    got = run(tmp_path, "models", "--get", "people/old", HF_ENDPOINT=url, HF_HUB_OFFLINE="0")
    assert got.returncode == 0, got.stderr
    assert {"modules.json", f"{part}/config.json", f"{part}/model.safetensors"} <= set(fetched)
    assert f"{part}/tokenizer.json" in fetched
    assert not [name for name in fetched if "onnx" in name or "Pooling" in name or name.endswith(".bin")]
    # from now on without a hub
    out = tmp_path / "head.csv"
    asked = ("attention", TEXT, "--model", "people/old", "--layer", "1", "--head", "2", "--out", str(out))
    seen = run(tmp_path, *asked, HF_HUB_OFFLINE="1")
    assert seen.returncode == 0 and out.is_file(), seen.stderr


def test_a_pipeline_of_pickles_is_not_fetched(hub, tmp_path):
    url, served, fetched = hub
    pipeline(served / "people/pickled", "0_Transformer")
    (served / "people/pickled/0_Transformer/model.safetensors").rename(
        served / "people/pickled/0_Transformer/pytorch_model.bin"
    )
    got = run(tmp_path, "models", "--get", "people/pickled", HF_ENDPOINT=url, HF_HUB_OFFLINE="0")
    assert got.returncode == 2 and "“people/pickled”" in got.stderr and "pickle only" in got.stderr and not fetched
