"""What the tests share: both models, a running dashboard, a browser.

tests/unit needs no model; tests/model opens the embedded one and SmolLM2; tests/page runs pages without a
browser; tests/browser does what a person does.
"""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach for the hub
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait leave the cores to a test's other processes
os.environ.setdefault("OMP_NUM_THREADS", "1")  # each worker has a core; two threads each would take turns
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what a test's many processes import is compiled once

import gc
import re
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from syrupy.extensions.amber import AmberSnapshotExtension

# The same examples every time, however busy the machine; `pytest --hypothesis-profile=explore` looks for new ones.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=500)
settings.load_profile("suite")

gc.disable()  # until all is collected: a library's import makes no garbage

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = False  # and the tests themselves for both workers and the next run

TIERS = "browser", "page", "unit", "model"


def pytest_collection_finish() -> None:
    """What the libraries have made by now stays; it is not searched for garbage again and again."""
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Two of three workers take files from one end, the other from the other, until they meet among short unit tests.

    What a person does in a browser waits more than it computes: two workers wait at once, while the third keeps the
    cores busy. So few dashboards and browsers are started, and what a worker has opened it uses for longer.
    """
    from xdist.scheduler import LoadFileScheduling

    class FromBothEnds(LoadFileScheduling):
        def _assign_work_unit(self, node) -> None:
            files = sorted(self.workqueue, key=self._place)
            first = node.gateway.id == "gw0" or (node.gateway.id == "gw1" and self.config.option.numprocesses > 2)
            self.workqueue.move_to_end(files[0 if first else -1], last=False)
            super()._assign_work_unit(node)

        def _place(self, file: str) -> tuple[int, int]:
            tier = Path(file).parts[1]
            tests = len(self.workqueue[file])
            return TIERS.index(tier), tests if tier == "model" else -tests

    return FromBothEnds(config, log) if config.option.dist == "loadfile" else None


@pytest.fixture
def threads():
    """torch on so many threads, for what changes their number, or must not hang on it: those of before come back."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def opened_once():
    """What the tests, a command and a line of Python open of our own two models is opened once a worker.

    Yields what opens a model anew. Processes that a test starts open their own.
    """
    from dashboard.capture import open as opening

    anew, made = opening._opened, {}

    def opened(source):
        if source.name not in ("minilm", "smollm2"):
            return anew(source)
        if source not in made:
            made[source] = anew(source)
        return made[source]

    opening._opened = opened
    yield anew
    opening._opened = anew


@pytest.fixture(scope="session")
def minilm(opened_once):
    from dashboard.capture import open_model

    return open_model("minilm")


@pytest.fixture(scope="session")
def smollm2(opened_once):
    from dashboard.capture import open_model

    return open_model("smollm2", fetch_missing=True)


@pytest.fixture
def refuses(snapshot, tmp_path):
    """`with refuses(UserError, "L9H9"):` what stands in it is refused by this error, which names these facts.

    Its wording is a snapshot, in which "…" stands for the test's own folders and for what is to be hidden there.
    """
    return _refuses(snapshot, tmp_path)


@pytest.fixture
def refuses_alike(snapshot, tmp_path):
    """The same with one wording for all cases of a test: "…" stands for what each of them names."""
    refuses = _refuses(snapshot(extension_class=OfAllCases), tmp_path)
    return lambda kind, *facts: refuses(kind, *facts, hide=facts)


class OfAllCases(AmberSnapshotExtension):
    """A snapshot of a test, not of each of its cases."""

    @classmethod
    def get_snapshot_name(cls, **where) -> str:
        return re.sub(r"\[.*\]", "", super().get_snapshot_name(**where))


def _refuses(snapshot, folder: Path):
    from tests.helpers.sentences import plain

    @contextmanager
    def refuses(kind, *facts, hide=()):
        with pytest.raises(kind) as raised:
            yield raised
        said = plain(str(raised.value))
        assert [fact for fact in facts if plain(fact) not in said] == [], said
        for own in filter(None, (str(folder), folder.name, *map(plain, hide))):
            said = said.replace(own, "…")
        assert re.sub(r"/[^“”]*/pytest-\d+(/popen-gw\d+)?|(?<=-)[0-9a-f]{16}", "…", said) == snapshot

    return refuses


GROUPED = {"num_key_value_heads": 2, "head_dim": 8}
KINDS = {  # what a small model of a kind needs beside SMALL
    "distilbert": {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48},
    "albert": {"embedding_size": 16},
    "gpt2": {"n_inner": 48, "scale_attn_by_inverse_layer_idx": True},
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "gptj": {"n_embd": 32, "n_head": 4, "n_layer": 3, "rotary_dim": 4, "n_positions": 64},
    "bloom": {"n_head": 4, "n_layer": 3},
    "llama": GROUPED,
    "mistral": GROUPED | {"sliding_window": 8},
    "qwen2": GROUPED,
    "qwen3": GROUPED,
    "cohere": GROUPED,
    "granite": GROUPED | {"residual_multiplier": 0.5},
    "gemma2": GROUPED | {"attn_logit_softcapping": 8.0, "sliding_window": 8, "query_pre_attn_scalar": 2},
    "gpt_oss": GROUPED
    | {
        "num_local_experts": 2,
        "num_experts_per_tok": 1,
        "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    },
    "qwen2_moe": GROUPED
    | {
        "num_experts": 2,
        "num_experts_per_tok": 1,
        "moe_intermediate_size": 16,
        "shared_expert_intermediate_size": 16,
    },
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False},
    "roformer": {"embedding_size": 32},
    "diffllama": GROUPED,
}


@pytest.fixture(scope="session")
def small_model(tmp_path_factory, minilm):
    """Opens a small model of random weights with minilm's tokenizer: ``small_model("llama", weigh)``.

    3 layers, 4 heads, 32 numbers. weigh: what is done to the weights, from a fixed seed; more: settings beside the
    kind's own. The same one is opened once.
    """
    import torch
    from transformers import AutoConfig, AutoModel

    from dashboard.capture import open_model
    from tests.helpers.small import SMALL

    made = {}

    def of(kind, weigh, **more):
        asked = kind, weigh, repr(more)
        if asked not in made:
            folder = tmp_path_factory.mktemp("small") / kind  # its title, whatever was made before it
            folder.mkdir()
            torch.manual_seed(1)
            model = AutoModel.from_config(AutoConfig.for_model(kind, **SMALL | KINDS.get(kind, {}) | more))
            with torch.no_grad():
                weigh(model)
            model.save_pretrained(folder)
            for file in Path(minilm.source.folder).glob("*token*"):
                (folder / file.name).write_bytes(file.read_bytes())
            made[asked] = open_model(str(folder))
        return made[asked]

    return of


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    from tools.chromium import ARGUMENTS, NONE, find

    path = find()
    if path is None:
        pytest.fail(NONE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def dashboard_url(tmp_path_factory):
    """The address of a dashboard that runs for the whole session, as `make app` launches it."""
    from tools.server import running

    with running(tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url
