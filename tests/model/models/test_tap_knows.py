"""What the tap does not know of a call, and the probe that goes beyond windows and budgets."""

import numpy as np
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
    with refuses(UserError, "“chosen_heads”"):
        call(chosen_heads=torch.zeros(1))
    with pytest.raises(tap.Unknown) as said:  # how long is a block?
        call(block_indices=torch.zeros(1), sliding_window=4, something_new=0)
    assert said.value.names == ("something_new", "block_indices")
    call(indices=None, sliding_window=4, position_ids=torch.zeros(1), cu_seq_lens_q=None)


def test_what_is_handed_on_later_only_is_said_then(tiny_model, monkeypatch, refuses):
    model = open_model(str(tiny_model("bert")))

    def hands_on(*_, **__):
        call(chosen_heads=torch.zeros(1))

    monkeypatch.setattr(model.loaded.model.encoder.layer[1], "forward", hands_on)
    with refuses(UserError, model.title, "“chosen_heads”"):
        attention(model, TEXT, "L2H0")


def test_what_a_model_hands_on_from_the_start_is_its_reason(tiny_model, monkeypatch, refuses):
    model = open_model(str(tiny_model("deepseek_v32"))).loaded.model
    chosen = tap.attend
    monkeypatch.setitem(
        tap.ALL_ATTENTION_FUNCTIONS, tap.NAME, lambda *args, indices, **more: chosen(*args, picks=indices, **more)
    )
    with refuses(Unfit, "“picks”"):
        probe_tap(model)


NONE = -1


@pytest.mark.parametrize("mask", ["none", "boolean", "additive"])
@pytest.mark.parametrize(("groups", "size"), [(1, 1), (2, 3)])
def test_the_keys_that_a_layer_chose_are_the_only_ones_that_it_looks_at(mask, groups, size):
    """Against a plain loop over texts, heads, queries and keys."""
    torch.manual_seed(0)
    texts, heads, n, width = 2, 4, 11, 4
    q, k, v = (torch.randn(texts, heads, n, width) for _ in range(3))
    blocks = -(-n // size)
    picks = torch.stack([torch.randperm(blocks)[:3] for _ in range(texts * groups * n)]).view(texts, groups, n, 3)
    picks[:, :, ::3, 1] = NONE
    picks[:, :, torch.arange(n), 0] = torch.arange(n) // size  # so that no row is empty
    past = torch.ones(n, n, dtype=torch.bool).tril()
    given = {"none": None, "boolean": past[None, None], "additive": torch.where(past, 0.0, -3.4e38)[None, None]}[mask]
    module = torch.nn.Linear(1, 1)
    module.indexer = type("", (), {"block_size": size})
    chosen = {"indices": picks[:, 0]} if size == 1 else {"block_indices": picks}
    seen = []
    with tap.listening(tap.Request({0: None, 1: None}, lambda *block: seen.append(block))):
        output, _ = tap.attend(module, q, k, v, given, scaling=0.5, is_causal=True, **chosen)
    [(_, _, _, weights, _)] = seen
    expected = torch.zeros(texts, heads, n, n)
    for text, head, query in np.ndindex(texts, heads, n):
        taken = set(picks[text, head // (heads // groups), query].tolist()) - {NONE}
        keys = [key for key in range(query + 1) if key // size in taken]
        dots = 0.5 * k[text, head, keys] @ q[text, head, query]
        expected[text, head, query, keys] = dots.exp() / dots.exp().sum()
    assert abs(weights - expected).max() < 1e-6
    assert abs(output - (expected @ v).transpose(1, 2)).max() < 1e-5
    assert abs(tap.attend(module, q, k, v, given, scaling=0.5, is_causal=True, **chosen)[0] - output).max() < 1e-5


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
