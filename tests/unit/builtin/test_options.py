"""What real models add to attention: masks, rotary positions, shared key/value heads."""

from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPTNeoXConfig, LlamaConfig
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXRotaryEmbedding
from transformers.models.gpt_neox.modeling_gpt_neox import apply_rotary_pos_emb as gpt_neox_rotary
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb as llama_rotary

from dashboard.builtin.attention import attend
from dashboard.builtin.grouped_heads import join_heads, share_heads, split_heads
from dashboard.builtin.masks import additive, causal, hide, padding, rows_of, softcap, softmax, with_sink
from dashboard.builtin.rotary import frequencies, rotary


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_causal_is_the_lower_triangle():
    assert causal(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_padding_gets_no_attention():
    real = torch.tensor([[True, True, False], [True, True, True]])
    weights = attend(*(normal(2, 4, 3, 5, seed=seed) for seed in range(3)), padding(real)).weights  # batch, heads
    assert torch.equal(weights[0, :, :, 2], torch.zeros(4, 3))
    assert (weights[1] > 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 3))
    assert attend(*(normal(3, 5, seed=seed) for seed in range(3)), padding(real[0])).weights[:, 2].max() == 0


def test_masks_combine():
    real = torch.tensor([True, True, False])
    both = causal(3) & padding(real)
    assert both.tolist() == [[True, False, False], [True, True, False], [True, True, False]]
    scores = normal(3, 3)
    assert torch.equal(
        softmax(hide(scores, both)), softmax(hide(scores, additive(causal(3)) + additive(padding(real))))
    )


def test_no_mask_leaves_the_scores():
    scores = normal(3, 3)
    assert hide(scores, None) is scores


def test_softmax_equals_torch_and_is_zero_where_it_may_look_nowhere():
    rows = torch.tensor([[1.0, 2.0, -math.inf], [-math.inf, -math.inf, -math.inf]])
    torch.testing.assert_close(softmax(rows)[0], torch.softmax(rows[0], -1))
    assert softmax(rows)[1].tolist() == [0.0, 0.0, 0.0]


def test_rows_of_a_mask():
    mask = normal(2, 5, 4)
    assert torch.equal(rows_of(mask, slice(1, 3)), mask[:, 1:3])
    same_for_all = normal(2, 1, 4)
    assert rows_of(same_for_all, slice(1, 3)) is same_for_all
    keys = normal(4)
    assert rows_of(keys, slice(1, 3)) is keys
    assert rows_of(None, slice(1, 3)) is None


def test_softcap_as_a_mask():
    q, k, v = (normal(2, 4, 3, seed=seed) * 5 for seed in range(3))
    steps = attend(q, k, v, additive(causal(4)) + softcap(q, k, scale=0.5, cap=2.0), scale=0.5)
    capped = 2.0 * torch.tanh(q @ k.mT * 0.5 / 2.0)
    torch.testing.assert_close(steps.weights, torch.softmax(capped.masked_fill(~causal(4), -math.inf), -1))


def test_a_sink_takes_its_share():
    q, k, v = (normal(2, 4, 3, seed=seed) for seed in range(3))
    sink = torch.tensor([0.5, -1.0])
    steps = attend(q, *with_sink(k, v, causal(4), sink))
    scores = (q @ k.mT / math.sqrt(3)).masked_fill(~causal(4), -math.inf)
    expected = torch.softmax(torch.cat([scores, sink.view(2, 1, 1).expand(2, 4, 1)], -1), -1)
    torch.testing.assert_close(steps.weights, expected)
    torch.testing.assert_close(steps.mixed, expected[..., :-1] @ v)


def test_split_and_join_are_inverse_and_heads_own_neighbouring_columns():
    x = normal(2, 5, 12)
    assert torch.equal(join_heads(split_heads(x, 3)), x)
    assert torch.equal(split_heads(x, 3)[:, 1], x[..., 4:8])


def test_shared_heads_serve_neighbours(refuses):
    k = normal(2, 5, 3)
    assert torch.equal(share_heads(k, 6), k[[0, 0, 0, 1, 1, 1]])
    assert share_heads(k, 2) is k
    with refuses(ValueError):
        share_heads(k, 3)


@settings(max_examples=30)
@given(
    half=st.integers(1, 8),
    n=st.integers(1, 40),
    base=st.sampled_from([10_000.0, 100_000.0, 500.0]),
    seed=st.integers(0, 99),
)
def test_rotary_equals_llama(half, n, base, seed):
    d = 2 * half
    config = LlamaConfig(
        hidden_size=d, num_attention_heads=1, head_dim=d, rope_parameters={"rope_type": "default", "rope_theta": base}
    )
    q, k = normal(1, 1, n, d, seed=seed), normal(1, 1, n, d, seed=seed + 1)
    cos, sin = LlamaRotaryEmbedding(config)(q, torch.arange(n)[None])
    for ours, theirs in zip((rotary(q, base), rotary(k, base)), llama_rotary(q, k, cos, sin), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-6)


def test_rotary_takes_a_models_own_frequencies():
    stretched = {
        "rope_type": "llama3",
        "rope_theta": 500_000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    embedding = LlamaRotaryEmbedding(
        LlamaConfig(
            hidden_size=16, num_attention_heads=1, head_dim=16, rope_parameters=stretched, max_position_embeddings=512
        )
    )
    q = normal(1, 1, 300, 16)
    theirs, _ = llama_rotary(q, q, *embedding(q, torch.arange(300)[None]))
    torch.testing.assert_close(rotary(q, turn=embedding.inv_freq), theirs, atol=1e-6, rtol=1e-6)


def test_rotary_of_a_part_equals_gpt_neox():
    config = GPTNeoXConfig(
        hidden_size=16,
        num_attention_heads=1,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.25},
    )
    embedding = GPTNeoXRotaryEmbedding(config)
    q = normal(1, 1, 9, 16)
    cos, sin = embedding(q, torch.arange(9)[None])
    turned, _ = gpt_neox_rotary(q[..., :4], q[..., :4], cos, sin)
    theirs = torch.cat([turned, q[..., 4:]], -1)
    torch.testing.assert_close(rotary(q, turn=embedding.inv_freq), theirs, atol=1e-6, rtol=1e-6)


@settings(max_examples=30)
@given(n=st.integers(1, 20), shift=st.integers(0, 500), seed=st.integers(0, 99))
def test_rotary_keeps_lengths_and_scores_depend_on_distance_alone(n, shift, seed):
    q, k = normal(n, 8, seed=seed), normal(n, 8, seed=seed + 1)
    torch.testing.assert_close(rotary(q).norm(dim=-1), q.norm(dim=-1))
    later = torch.arange(shift, shift + n)
    moved = rotary(q, positions=later) @ rotary(k, positions=later).mT
    torch.testing.assert_close(rotary(q) @ rotary(k).mT, moved, atol=2e-3, rtol=0)  # angles are in single precision


def test_rotary_by_hand():
    # d = 2: one point, turned by one radian per position.
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    torch.testing.assert_close(rotary(x), torch.tensor([[1.0, 0.0], [math.cos(1), math.sin(1)]]))


def test_rotary_refuses_an_odd_dimension(refuses):
    with refuses(ValueError):
        frequencies(3)
