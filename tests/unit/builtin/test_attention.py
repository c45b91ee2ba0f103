"""Our attention against a calculation by hand, against torch's two, and in the corners."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from dashboard.builtin.attention import Layer, attend, contributions, multi_head, project, single_head
from dashboard.builtin.masks import causal

QUICK = settings(max_examples=60)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def random_layer(width: int, heads: int, groups: int, d: int, biased: bool = True) -> Layer:
    def bias(size: int, seed: int) -> torch.Tensor | float:
        return normal(size, seed=seed) if biased else 0.0

    return Layer(
        normal(width, heads * d, seed=1),
        normal(width, groups * d, seed=2),
        normal(width, groups * d, seed=3),
        normal(heads * d, width, seed=4),
        heads=heads,
        groups=groups,
        b_q=bias(heads * d, 5),
        b_k=bias(groups * d, 6),
        b_v=bias(groups * d, 7),
        b_o=bias(width, 8),
    )


# Two tokens, d = 2, by hand. W_Q is chosen so that the numbers under the softmax are ln 3 and 0, whose shares are
# 3 : 1. The second token asks for nothing, so it looks at both alike.
#
#   X = 1 0    W_Q = √2·ln 3  0    W_K = 1 0    W_V =  4  8    W_O = 1 0
#       0 1          0        0          0 1          12 16          0 2
#
#   Q = X·W_Q = √2·ln 3  0    K = X·W_K = 1 0    V = X·W_V =  4  8
#               0        0                0 1                12 16
#
#   Q·Kᵀ = √2·ln 3  0    ÷ √2 = ln 3  0    softmax = 3/4  1/4    · V = 3/4·4 + 1/4·12  3/4·8 + 1/4·16 = 6 10
#          0        0           0     0              1/2  1/2          1/2·4 + 1/2·12  1/2·8 + 1/2·16   8 12
#
#   · W_O = 6 20
#           8 24
LN3 = math.log(3)
X = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
W_Q = torch.tensor([[math.sqrt(2) * LN3, 0.0], [0.0, 0.0]], dtype=torch.float64)
W_K = torch.eye(2, dtype=torch.float64)
W_V = torch.tensor([[4.0, 8.0], [12.0, 16.0]], dtype=torch.float64)
W_O = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
BY_HAND = {
    "x": [[1, 0], [0, 1]],
    "q": [[math.sqrt(2) * LN3, 0], [0, 0]],
    "k": [[1, 0], [0, 1]],
    "v": [[4, 8], [12, 16]],
    "scores": [[math.sqrt(2) * LN3, 0], [0, 0]],
    "scaled": [[LN3, 0], [0, 0]],
    "masked": [[LN3, 0], [0, 0]],
    "weights": [[3 / 4, 1 / 4], [1 / 2, 1 / 2]],
    "mixed": [[6, 10], [8, 12]],
}


def close(tensor: torch.Tensor, expected: object) -> None:
    torch.testing.assert_close(tensor, torch.as_tensor(expected, dtype=torch.float64).reshape(tensor.shape))


def test_every_step_equals_the_calculation_by_hand():
    steps = single_head(X, W_Q, W_K, W_V)
    for name, expected in BY_HAND.items():
        close(getattr(steps, name), expected)
    assert steps.joined is None and steps.output is None


def test_the_layer_equals_the_calculation_by_hand():
    steps = multi_head(X, Layer(W_Q, W_K, W_V, W_O, heads=1))
    for name, expected in BY_HAND.items():
        close(getattr(steps, name), expected)
    close(steps.joined, [[6, 10], [8, 12]])
    close(steps.output, [[6, 20], [8, 24]])


def test_with_a_causal_mask_the_first_token_sees_only_itself_by_hand():
    steps = single_head(X, W_Q, W_K, W_V, causal(2))
    close(steps.masked, [[LN3, -math.inf], [0, 0]])
    close(steps.weights, [[1, 0], [1 / 2, 1 / 2]])
    close(steps.mixed, [[4, 8], [8, 12]])


shapes = st.fixed_dictionaries(
    {
        "batch": st.integers(1, 3),
        "n": st.integers(1, 6),
        "heads": st.sampled_from([1, 2, 3, 4, 6]),
        "d": st.integers(1, 5),
        "seed": st.integers(0, 1000),
    }
)


def mask_of(kind: str, n: int, seed: int) -> torch.Tensor | None:
    """A mask that leaves every position itself, so that all libraries agree on what a row is."""
    if kind == "none":
        return None
    if kind == "causal":
        return causal(n)
    if kind == "additive":
        return normal(n, n, seed=seed)
    return (normal(n, n, seed=seed) > 0) | torch.eye(n, dtype=torch.bool)


masks = st.sampled_from(["none", "causal", "additive", "random"])


@QUICK
@given(shape=shapes, kind=masks, biased=st.booleans())
def test_equals_multihead_attention_with_the_same_weights(shape, kind, biased):
    n, heads, width = shape["n"], shape["heads"], shape["heads"] * shape["d"]
    layer = random_layer(width, heads, heads, shape["d"], biased)
    theirs = torch.nn.MultiheadAttention(width, heads, bias=biased, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([layer.w_q, layer.w_k, layer.w_v], 1).T)
        theirs.out_proj.weight.copy_(layer.w_o.T)
        if biased:
            theirs.in_proj_bias.copy_(torch.cat([layer.b_q, layer.b_k, layer.b_v]))
            theirs.out_proj.bias.copy_(layer.b_o)
    x, mask = normal(shape["batch"], n, width, seed=shape["seed"]), mask_of(kind, n, shape["seed"])
    forbidden = ~mask if mask is not None and mask.dtype == torch.bool else mask  # theirs: True = may not look
    output, weights = theirs(x, x, x, attn_mask=forbidden, average_attn_weights=False)
    steps = multi_head(x, layer, mask)
    torch.testing.assert_close(steps.output, output)
    torch.testing.assert_close(steps.weights, weights)


@QUICK
@given(shape=shapes, kind=masks, data=st.data())
def test_equals_scaled_dot_product_attention_with_shared_key_heads(shape, kind, data):
    n, heads, d = shape["n"], shape["heads"], shape["d"]
    groups = data.draw(st.sampled_from([g for g in range(1, heads + 1) if heads % g == 0]))
    layer = random_layer(7, heads, groups, d)
    x, mask = normal(shape["batch"], n, 7, seed=shape["seed"]), mask_of(kind, n, shape["seed"])
    q = (x @ layer.w_q + layer.b_q).view(-1, n, heads, d).transpose(1, 2)
    k = (x @ layer.w_k + layer.b_k).view(-1, n, groups, d).transpose(1, 2)
    v = (x @ layer.w_v + layer.b_v).view(-1, n, groups, d).transpose(1, 2)
    theirs = scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
    steps = multi_head(x, layer, mask)
    torch.testing.assert_close(steps.mixed, theirs)
    torch.testing.assert_close(steps.output, theirs.transpose(1, 2).flatten(2) @ layer.w_o + layer.b_o)


@QUICK
@given(heads=st.sampled_from([2, 4, 6]), n=st.integers(1, 5), data=st.data())
def test_a_head_by_itself_is_that_head_in_the_layer(heads, n, data):
    groups = data.draw(st.sampled_from([g for g in range(1, heads + 1) if heads % g == 0]))
    layer, x = random_layer(8, heads, groups, 3), normal(n, 8)
    steps = multi_head(x, layer, causal(n))
    added = contributions(steps.mixed, layer.w_o)  # (h, n, D)
    for number in range(heads):
        alone, within = multi_head(x, layer.head(number), causal(n)), steps.head(number)
        for name in ("q", "k", "v", "scores", "scaled", "masked", "weights", "mixed"):
            torch.testing.assert_close(getattr(alone, name)[0], getattr(within, name))
        torch.testing.assert_close(alone.output, added[number])
    torch.testing.assert_close(added.sum(0) + layer.b_o, steps.output)


def test_the_steps_of_a_layer_are_project_then_attend():
    layer, x = random_layer(8, 4, 2, 3), normal(5, 8)
    steps = multi_head(x, layer)
    for ours, theirs in zip(project(x, layer), (steps.q, steps.k, steps.v), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(attend(*project(x, layer)).weights, steps.weights)


def test_the_scale_can_be_given():
    steps = attend(normal(3, 4), normal(3, 4, seed=1), normal(3, 4, seed=2), scale=1.0)
    assert torch.equal(steps.scaled, steps.scores)


def test_gradients():
    q, k, v = (normal(2, 3, 2, seed=seed).requires_grad_() for seed in range(3))
    mask = torch.tensor([[True, False, False], [False, False, False], [True, True, False]])  # the second row is blind
    assert torch.autograd.gradcheck(lambda q, k, v: attend(q, k, v, mask).mixed, (q, k, v))
    x = normal(3, 4).requires_grad_()
    layer = random_layer(4, 2, 1, 2)
    weights = [w.requires_grad_() for w in (layer.w_q, layer.w_k, layer.w_v, layer.w_o, layer.b_q, layer.b_o)]
    assert torch.autograd.gradcheck(lambda x, *_: multi_head(x, layer, causal(3)).output, (x, *weights))


@QUICK
@given(n=st.integers(1, 9), seed=st.integers(0, 100), size=st.sampled_from([1e-3, 1.0, 1e3]))
def test_rows_sum_to_one_and_the_future_gets_nothing(n, seed, size):
    x = normal(n, 4, seed=seed) * size
    weights = multi_head(x, random_layer(4, 2, 2, 2), causal(n)).weights
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, n, dtype=torch.float64))
    assert weights.triu(1).abs().max() == 0
    assert weights.min() >= 0


def test_a_change_in_the_future_changes_nothing_before_it():
    layer, x = random_layer(4, 2, 2, 2), normal(6, 4)
    changed = x.clone()
    changed[4:] = 100.0
    assert torch.equal(multi_head(x, layer, causal(6)).output[:4], multi_head(changed, layer, causal(6)).output[:4])


def test_rows_that_may_look_nowhere_are_zero_and_so_are_their_gradients():
    q, k, v = (normal(2, 2, seed=seed).requires_grad_() for seed in range(3))
    steps = attend(q, k, v, torch.tensor([[False, False], [True, True]]))
    assert torch.equal(steps.weights[0], torch.zeros(2, dtype=torch.float64))
    assert torch.equal(steps.mixed[0], torch.zeros(2, dtype=torch.float64))
    steps.mixed.sum().backward()
    assert torch.equal(q.grad[0], torch.zeros(2, dtype=torch.float64))
    assert torch.isfinite(torch.cat([q.grad, k.grad, v.grad])).all()
    torch.testing.assert_close(
        steps.mixed, scaled_dot_product_attention(q, k, v, torch.tensor([[False, False], [True, True]]))
    )


def test_one_token_looks_at_itself():
    steps = single_head(normal(1, 3), normal(3, 2), normal(3, 2), normal(3, 2, seed=1))
    assert steps.weights.tolist() == [[1.0]]
    torch.testing.assert_close(steps.mixed, steps.v)


def test_dimension_one():
    x = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    steps = single_head(x, *(torch.ones(1, 1, dtype=torch.float64),) * 3)
    close(steps.scaled, [[1, 2], [2, 4]])
    close(steps.weights[0], [1 / (1 + math.e), math.e / (1 + math.e)])


def test_zero_weights_look_everywhere_alike():
    nothing = torch.zeros(3, 2, dtype=torch.float64)
    close(single_head(normal(4, 3), nothing, nothing, nothing).weights, torch.full((4, 4), 0.25))


def test_huge_numbers_stay_finite_in_double_precision():
    steps = single_head(normal(3, 2) * 1e30, *(torch.full((2, 2), 1e30, dtype=torch.float64),) * 3)
    assert torch.isfinite(steps.mixed).all()
    torch.testing.assert_close(steps.weights.sum(-1), torch.ones(3, dtype=torch.float64))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(RuntimeError):
        attend(normal(3, 2), normal(3, 4), normal(3, 4))
    with pytest.raises(RuntimeError):
        attend(normal(3, 2), normal(3, 2), normal(3, 2), torch.ones(5, 3, 3, dtype=torch.bool))
