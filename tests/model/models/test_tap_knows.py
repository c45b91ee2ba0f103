"""What the tap does not know of a call, and the probe that goes beyond windows and budgets."""

import pytest
import torch

from dashboard import attention
from dashboard.capture import open_model, probe, tap
from dashboard.capture.budgets import budgets
from dashboard.capture.probe import Unfit, probe_tap
from dashboard.errors import UserError
from tests.helpers import tiny

TEXT = " ".join(tiny.SENTENCES[:2])


def call(**more):
    q = torch.randn(1, 2, 5, 4)
    return tap.attend(torch.nn.Linear(1, 1), q, q, q, None, is_causal=True, **more)


def test_whatever_the_tap_does_not_know_is_no_silence(refuses):
    with refuses(UserError, "“indices”"):
        call(indices=torch.zeros(1))
    with pytest.raises(tap.Unknown) as said:
        call(block_indices=torch.zeros(1), sliding_window=4, something_new=0)
    assert said.value.names == ("block_indices", "something_new")
    call(indices=None, sliding_window=4, position_ids=torch.zeros(1), cu_seq_lens_q=None)


def test_what_is_handed_on_later_only_is_said_then(tiny_model, monkeypatch, refuses):
    model = open_model(str(tiny_model("bert")))

    def hands_on(*_, **__):
        call(indices=torch.zeros(1))

    monkeypatch.setattr(model.loaded.model.encoder.layer[1], "forward", hands_on)
    with refuses(UserError, model.title, "“indices”"):
        attention(model, TEXT, "L2H0")


def test_a_model_that_chooses_its_keys_says_what_it_hands_on(tiny_model, refuses):
    with refuses(Unfit, "“indices”"):
        probe_tap(open_model_by_tap(tiny_model("deepseek_v32")))


def open_model_by_tap(folder):
    from dashboard.models import find, load

    return load(find(str(folder)), attn_implementation=tap.NAME).model


class ForgetsTheMask(tap.Call):
    """As a model whose attention changes beyond a budget, without a word: right up to 32 tokens."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.q.shape[2] > 32:
            self.mask, self.causal = None, True


def test_the_probe_goes_beyond_every_window(tiny_model, monkeypatch):
    folder = tiny_model("mistral", sliding_window=40)
    assert open_model(str(folder)).route == "tap"
    monkeypatch.setattr(tap, "Call", ForgetsTheMask)
    assert open_model(str(folder)).route == "eager"
    tiny.edit(folder, sliding_window=None)
    assert open_model(str(folder)).route == "tap", "without a window there is nothing to go beyond"


def test_a_window_that_is_too_long_to_be_tried_is_said(tiny_model, monkeypatch, snapshot):
    folder = tiny_model("mistral", sliding_window=40)
    assert open_model(str(folder)).note is None
    monkeypatch.setattr(probe, "WORK", 0)
    told = open_model(str(folder)).note
    assert "40 tokens" in told and told == snapshot


@pytest.mark.parametrize(
    ("kind", "more", "found"),
    [
        ("bert", {}, ()),
        ("llama", {}, ()),
        ("gpt2", {}, ()),
        ("mistral", {"sliding_window": 77}, (77,)),
        ("deepseek_v32", {"index_topk": 50}, (50,)),
        ("llama4_text", {"attention_chunk_size": 60}, (60,)),
        ("minimax_m3_vl_text", {"index_block_size": 7, "index_topk_blocks": 5}, (5, 7, 35)),
        ("qwen2_moe", {"num_experts_per_tok": 2}, ()),
    ],
)
def test_budgets_are_found_by_their_names(kind, more, found):
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    known = set(budgets(CONFIG_MAPPING[kind](**more)))
    assert set(found) <= known and bool(known) == bool(found)
