"""The untrained twin of a model: the library's own initial weights, deterministic, and never the trained model's."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

from dashboard import ablate, of_part, scores, untrained_twin
from dashboard.analyses.card import measured as card
from dashboard.analyses.scores.twin import MEASUREMENT, Request
from dashboard.builtin.known_truth import write
from dashboard.capture import open_model
from dashboard.capture.language import language_head
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.jobs.results import twin_request
from dashboard.models import find
from tests.helpers import tiny
from tests.helpers.sentences import plain
from tools.server import ROOT

TEXT = "A heron waits by the water, and a second heron waits behind it."


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a tiny model of a kind, with a language-model head where it has one."""
    folders = {}

    def of(kind: str) -> Path:
        if kind not in folders:
            folders[kind] = tmp_path_factory.mktemp("twins") / kind
            tiny.make(kind, folders[kind], head="causal" if kind == "gpt2" else kind == "bart")
        return folders[kind]

    return of


def digest(model: torch.nn.Module) -> str:
    held = hashlib.sha256()
    for name, one in sorted(model.state_dict().items()):
        held.update(name.encode() + one.contiguous().numpy().tobytes())
    return held.hexdigest()


def independent(folder) -> torch.nn.Module:
    """The twin by the library alone, with its eager attention."""
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(folder)
    return AutoModel.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()


def test_scores_are_those_of_the_librarys_own_initial_weights(minilm):
    """The share on the previous token, from the library's maps by a plain loop."""
    folder = minilm.source.folder
    encoding = minilm.encode(TEXT)
    with torch.inference_mode():
        maps = independent(folder)(torch.tensor([encoding.ids]), output_attentions=True).attentions
    found = scores(untrained_twin(minilm), TEXT)
    rows = [i for i, special in enumerate(encoding.special) if not special]
    for one in found.to_dict("records"):
        map_ = maps[int(one["layer"])][0, int(one["head"])].double().numpy()
        assert one["previous"] == pytest.approx(np.mean([map_[i, i - 1] for i in rows]), abs=1e-6)
        assert one["self"] == pytest.approx(np.mean([map_[i, i] for i in rows]), abs=1e-6)


def test_the_trained_models_figures_stand_and_the_twins_stand_beside_them(minilm):
    before = scores(minilm, TEXT)
    both = scores(minilm, TEXT, twin=True)
    twin = untrained_twin(minilm)
    own = scores(twin, TEXT)
    names = list(before)
    assert before.equals(both[names].astype(before.dtypes)) and before.equals(scores(minilm, TEXT))
    assert np.array_equal(both["untrained_entropy"], own["entropy"]) and not np.allclose(
        own["entropy"], before["entropy"]
    )
    assert (twin.name, twin.source.trained) == ("untrained:minilm", minilm.source)
    assert twin.revision != minilm.revision and twin.title != minilm.title


def test_what_comes_with_the_dashboard_is_what_is_measured(minilm, smollm2):
    """The page of either model finds its file, whatever it reads at most of a longer text."""
    for model in (minilm, smollm2):
        asked = Request.reads(model, model.encode(card.TEXT), most=4096)
        found = MEASUREMENT.find(twin_request(asked, model.source))
        assert found is not None, "The twin of this version of transformers is another one: run `make twins`."
        if model is minilm:
            pd.testing.assert_frame_equal(found, scores(untrained_twin(model), card.TEXT), atol=1e-5)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "bart", "t5", "deberta-v2"])
def test_a_twin_of_any_kind_has_the_same_heads_and_the_initial_weights(made, kind):
    model = open_model(str(made(kind)))
    twin = untrained_twin(model)
    assert (twin.all_heads, twin.causal, twin.route, twin.limit) == (
        model.all_heads,
        model.causal,
        model.route,
        model.limit,
    )
    root = twin.whole.root if twin.whole else twin.loaded.model
    own = independent(made(kind)).state_dict()
    assert [name for name, one in root.state_dict().items() if not torch.equal(one, own[name])] == []
    assert torch.isfinite(torch.tensor(scores(twin, TEXT)["entropy"].to_numpy())).all()


def test_the_generators_are_left_as_they_were_and_do_not_matter(made):
    digests = set()
    for seed in (1, 2):
        torch.manual_seed(seed), np.random.seed(seed), random.seed(seed)
        before = torch.get_rng_state().clone(), np.random.get_state()[1].copy(), random.getstate()
        digests.add(digest(untrained_twin(str(made("gpt2"))).loaded.model))
        assert torch.equal(before[0], torch.get_rng_state()) and before[2] == random.getstate()
        assert np.array_equal(before[1], np.random.get_state()[1])
    assert len(digests) == 1


def test_it_is_the_same_bytes_in_another_process(made):
    folder = str(made("gpt2"))
    code = (
        "import sys; from tests.model.models.test_twin import digest; from dashboard import open_model\n"
        "print(digest(open_model('untrained:' + sys.argv[1]).loaded.model))"
    )
    run = subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split()[-1] == digest(untrained_twin(folder).loaded.model)


def test_what_the_initialiser_leaves_unset_is_zero():
    from dashboard.models.twin.draw import draw

    class Unset(torch.nn.Module):
        def __init__(self, config):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.empty(200, 50))

        @classmethod
        def from_config(cls, config, **_):
            return cls(config)

    torch.full((200, 50), 7.0)  # what memory may hold that is asked for next
    assert not draw(Unset, None, dtype="float32", attn_implementation="eager").weight.any()


def test_a_language_model_head_is_drawn_too_and_reads_the_twins_vectors(made):
    model = open_model(str(made("gpt2")))
    twin = untrained_twin(model)
    ids = torch.tensor([twin.encode(TEXT).ids])
    whole = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(made("gpt2")), dtype=torch.float32).eval()
    whole.transformer.load_state_dict(twin.loaded.model.state_dict())
    with torch.inference_mode():
        expected = whole(ids).logits[0]  # tied, so the twin's table is all that its head has
        found = language_head(twin)(twin.last_vectors(ids)[0])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    both = ablate(model, TEXT, ["L1H2"], twin=True).table
    assert both["untrained_loss_change"].item() == ablate(twin, TEXT, ["L1H2"]).table["loss_change"].item()
    assert both["loss_change"].item() == ablate(model, TEXT, ["L1H2"]).table["loss_change"].item()


def test_a_part_of_an_encoder_decoder_has_the_same_part(made):
    model = open_model(str(made("bart")))
    cross = of_part(model, "cross", "A heron waits.")
    twin = untrained_twin(cross)
    assert twin.part == "cross" and twin.given.source.text == "A heron waits."
    assert twin.given.vectors.shape == cross.given.vectors.shape
    assert not torch.equal(twin.given.vectors, cross.given.vectors)
    assert scores(cross, TEXT, twin=True)["untrained_entropy"].notna().all()
    assert twin.all_heads[0] == HeadId(0, 0, "cross")


def test_its_revision_follows_from_the_configuration_and_not_from_the_training(made, tmp_path):
    first = find(str(made("llama")))
    tiny.make("llama", tmp_path / "other")
    with torch.no_grad():
        model = AutoModel.from_pretrained(tmp_path / "other")
        next(model.parameters()).add_(1)
        model.save_pretrained(tmp_path / "other")
    again = find(str(tmp_path / "other"))
    twins = [find(f"untrained:{one.name}") for one in (first, again)]
    assert first.revision != again.revision and twins[0].revision == twins[1].revision
    tiny.edit(tmp_path / "other", initializer_range=0.5)
    assert find(f"untrained:{again.name}").revision != twins[0].revision


def test_what_has_no_trained_weights_has_no_twin(tmp_path, refuses):
    np.savez(tmp_path / "own.npz", weights=np.eye(2)[None, None], tokens=["a", "b"])
    with refuses(UserError, "own.npz", "attention weights"):
        untrained_twin(str(tmp_path / "own.npz"))
    write(tmp_path / "hand", "induction")
    with refuses(UserError, "hand"):
        untrained_twin(str(tmp_path / "hand"))
    with refuses(UserError, "MiniLM"):
        find("untrained:untrained:minilm")


def test_it_says_what_it_is():
    assert "seed 0" in plain(" ".join(find("untrained:minilm").notes))
