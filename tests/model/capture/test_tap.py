"""The weights that the tap hands out are those of the library's own eager attention, in every kind of model."""

import threading

import numpy as np
import pytest
import torch

from dashboard.capture import head_weights, open_model, qkv, tap, visit
from dashboard.capture.probe import TOLERANCE, Unfit, largest_difference, probe_tap
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.models import load
from dashboard.text import Encoding

CHEF = "The chef who trained in Osaka says ramen is her favourite food, and the chef knows all the food in Osaka."
OTHER = "Nobody in the village remembered when the old bridge had been built or who had paid for it."

KINDS = (
    "bert",
    "roberta",
    "distilbert",
    "albert",
    "gpt2",
    "opt",
    "gpt_neox",
    "gptj",
    "llama",
    "mistral",
    "gemma2",
    "gpt_oss",
)
CAUSAL = {"gpt2", "opt", "gpt_neox", "gptj", "llama", "mistral", "gemma2", "gpt_oss"}
WINDOWED = {"mistral", "gemma2", "gpt_oss"}
QUERIES_AND_KEYS = ("query", "key", "q_proj", "k_proj", "q_lin", "k_lin", "c_attn", "query_key_value")


def peaked(model, factor=3.0):
    """Larger query and key projections: attention that means something, on which a wrong scale shows."""
    for name, parameter in model.named_parameters():
        if any(f".{part}." in name for part in QUERIES_AND_KEYS) and parameter.dim() > 1:
            parameter.mul_(factor * (model.config.hidden_size**-0.5) / parameter.std())
        if name.endswith("sinks"):
            parameter.normal_(1.0, 1.0)


def all_weights(model, encoding):
    heads = list(model.all_heads)
    return np.stack(head_weights(model, encoding, heads)).reshape(model.layers, model.heads, len(encoding), -1)


def eager_weights(source, encoding):
    model = load(source, attn_implementation="eager").model
    with torch.inference_mode():
        maps = model(torch.tensor([encoding.ids]), output_attentions=True).attentions
    return torch.cat(maps).numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_eager_with_peaked_weights(kind, small_model):
    model = small_model(kind, peaked)
    assert (model.route, model.note) == ("tap", None)
    assert (model.layers, model.heads, model.causal) == (3, 4, kind in CAUSAL)
    encoding = model.encode(CHEF)
    seen, expected = all_weights(model, encoding), eager_weights(model.source, encoding)
    assert np.median(expected.max(-1)) > 0.5, "the weights of this test are to be peaked"
    assert abs(seen - expected).max() < 1e-5
    if kind == "gpt_oss":
        assert seen.sum(-1).max() < 1 + 1e-5 and seen.sum(-1).min() < 0.5  # the sink has the rest
    else:
        assert abs(seen.sum(-1) - 1).max() < 1e-5
    if kind in CAUSAL:
        assert np.triu(seen, 1).max() == 0
    if kind in WINDOWED:
        assert np.tril(seen[0], -8).max() == 0


@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt_oss", "mistral"])
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_blocks_of_any_size_give_the_same_weights_and_output(kind, rows, small_model):
    """With all heads asked for, our weights · v stands in for SDPA: the next layers must not notice."""
    model = small_model(kind, peaked)
    encoding = model.encode(CHEF)
    visitor = Maps(model, [encoding])
    visit(model, encoding, visitor, rows=rows)
    assert abs(visitor.maps[0] - eager_weights(model.source, encoding)).max() < 1e-5


class Maps:
    """Visitor: everything, whole."""

    def __init__(self, model, encodings):
        self.maps = [np.zeros((model.layers, model.heads, len(e), len(e)), np.float32) for e in encodings]
        self.rows = 0

    def block(self, block):
        self.rows += block.rows.stop - block.rows.start
        weights = block.weights.numpy()
        self.maps[block.text][block.layer, list(block.heads), block.rows, : weights.shape[-1]] = weights


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_both_models_are_equal_to_eager(name, request):
    model = request.getfixturevalue(name)
    encoding = model.encode(CHEF)
    seen, expected = all_weights(model, encoding), eager_weights(model.source, encoding)
    assert seen.shape == (model.layers, model.heads, len(encoding), len(encoding))
    assert abs(seen - expected).max() < 1e-5
    assert abs(seen.sum(-1) - 1).max() < 1e-5


def test_what_the_two_models_are(minilm, smollm2):
    assert (minilm.layers, minilm.heads, minilm.causal, minilm.limit, minilm.route) == (6, 12, False, 512, "tap")
    assert (smollm2.layers, smollm2.heads, smollm2.causal, smollm2.limit, smollm2.route) == (30, 9, True, 8192, "tap")


def test_a_causal_model_gives_the_future_nothing(smollm2):
    assert np.triu(all_weights(smollm2, smollm2.encode(OTHER)), 1).max() == 0


@pytest.mark.parametrize("kind", ["bert", "llama", "gpt_oss", "mistral"])
def test_padding_changes_nothing(kind, small_model):
    model = small_model(kind, peaked)
    texts = [model.encode(text) for text in ("Short.", CHEF, OTHER, "A little longer than short.")]
    visitor = Maps(model, texts)
    visit(model, texts, visitor)
    assert visitor.rows == model.layers * sum(map(len, texts))
    for maps, text in zip(visitor.maps, texts, strict=True):
        assert abs(maps - all_weights(model, text)).max() < 1e-5


def test_two_threads_do_not_see_each_others_requests(minilm):
    texts = [minilm.encode(CHEF), minilm.encode(OTHER)]
    heads = [[HeadId(0, 3), HeadId(5, 1)], [HeadId(2, 7), HeadId(4, 11), HeadId(1, 0)]]
    alone = [head_weights(minilm, text, asked) for text, asked in zip(texts, heads, strict=True)]
    wrong, start = [], threading.Barrier(2)

    def read(which):
        start.wait()
        for _ in range(40):
            for seen, expected in zip(head_weights(minilm, texts[which], heads[which]), alone[which], strict=True):
                if seen.shape != expected.shape or abs(seen - expected).max() > 1e-6:
                    wrong.append(which)

    threads = [threading.Thread(target=read, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


class NoMask(tap.Call):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mask, self.causal = None, False


class NoScale(tap.Call):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.scaling = 1.0


class NoSoftcap(tap.Call):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.softcap = None


class NoSink(tap.Call):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sink = None


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (NoMask, "llama"),
        (NoMask, "gpt_oss"),
        (NoScale, "bert"),
        (NoScale, "gpt2"),
        (NoSoftcap, "gemma2"),
        (NoSink, "gpt_oss"),
    ],
)
def test_a_broken_tap_is_caught(broken, kind, small_model, monkeypatch):
    """By the comparison of these tests, and by the one that every model goes through when it is opened."""
    model = small_model(kind, peaked)
    encoding = model.encode(CHEF)
    monkeypatch.setattr(tap, "Call", broken)
    assert abs(all_weights(model, encoding) - eager_weights(model.source, encoding)).max() > 1e-2
    with pytest.raises(Unfit):
        probe_tap(model.loaded.model)
    assert open_model(model.source).route == "eager"


def test_a_difference_of_shapes_or_numbers_is_infinite():
    maps = [torch.zeros(2, 3, 3)]
    assert largest_difference(maps, maps) == 0
    assert largest_difference(maps, maps * 2) == float("inf")
    assert largest_difference(maps, [torch.zeros(1, 3, 3)]) == float("inf")
    assert largest_difference(maps, [torch.full((2, 3, 3), torch.nan)]) == float("inf") > TOLERANCE


@pytest.mark.parametrize("kind", ["deberta-v2", "bloom", "roformer", "mpnet", "diffllama"])
def test_models_that_do_not_call_the_tap_are_read_by_eager(kind, small_model, refuses):
    model = small_model(kind, peaked)
    assert model.route == "eager" and model.title in model.note
    encoding = model.encode(CHEF)
    seen = all_weights(model, encoding)
    assert np.array_equal(seen, eager_weights(model.source, encoding))
    assert abs(seen.sum(-1) - 1).max() < 1e-4
    assert model.causal == (np.triu(seen, 1).max() == 0)
    if kind == "diffllama":
        with refuses(UserError):
            qkv(model, encoding, 0)
    else:
        assert {part.shape for part in qkv(model, encoding, 0)} == {(model.heads, len(encoding), 8)}


def test_a_model_without_attention_is_refused(small_model):
    with pytest.raises(UserError) as refused:
        small_model("mamba", peaked)
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


# What a click needs


def test_only_the_asked_heads_in_the_order_asked(minilm):
    encoding = minilm.encode(CHEF)
    every = all_weights(minilm, encoding)
    asked = [HeadId(4, 2), HeadId(0, 11), HeadId(4, 2), HeadId(4, 0)]
    for head, weights in zip(asked, head_weights(minilm, encoding, asked), strict=True):
        assert weights.dtype == np.float32
        assert abs(weights - every[head.layer, head.head]).max() < 1e-6


def test_the_forward_pass_ends_after_the_last_asked_layer(minilm, monkeypatch):
    ran = []
    layers = minilm.loaded.model.encoder.layer
    hooks = [
        layer.register_forward_pre_hook(lambda *_, number=number: ran.append(number))
        for number, layer in enumerate(layers)
    ]
    head_weights(minilm, minilm.encode(CHEF), [HeadId(2, 0)])
    for hook in hooks:
        hook.remove()
    assert ran == [0, 1, 2]


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_weights_follow_from_queries_and_keys(name, request):
    model = request.getfixturevalue(name)
    encoding = model.encode(CHEF)
    q, k, v = qkv(model, encoding, 3)
    assert q.shape == k.shape == v.shape == (model.heads, len(encoding), q.shape[-1])
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
    if model.causal:
        scores[:, ~np.tri(len(encoding), dtype=bool)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    assert abs(weights - all_weights(model, encoding)[3]).max() < 1e-5


@pytest.mark.parametrize(("asked", "fact"), [((6, 0), "6 layers"), ((0, 12), "12 heads"), ((-1, 0), "6 layers")])
def test_a_head_that_is_not_there(minilm, asked, fact, refuses):
    with refuses(UserError, fact):
        head_weights(minilm, minilm.encode(CHEF), [HeadId(*asked)])


def test_a_text_longer_than_the_model(minilm, refuses):
    long = Encoding("", (5,) * 513, ("x",) * 513, ("x",) * 513, ((0, 0),) * 513, (False,) * 513)
    with refuses(UserError, "512"):
        head_weights(minilm, long, [HeadId(0, 0)])
    assert len(minilm.encode("food " * 2000)) == 512
    assert len(minilm.encode("food " * 2000, limit=10)) == 10


def test_nothing_asked_is_no_pass(minilm):
    passes = []
    hook = minilm.loaded.model.register_forward_pre_hook(lambda *_: passes.append(1))
    try:
        visit(minilm, minilm.encode(CHEF), None, layers=[])
        visit(minilm, [], None)
        assert passes == []
        head_weights(minilm, minilm.encode(CHEF), [HeadId(0, 0)])
        assert passes == [1]  # the hook sees a pass where there is one
    finally:
        hook.remove()


def test_roberta_counts_positions_from_its_padding_on(small_model):
    model = small_model("roberta", peaked)
    assert model.limit == 64 - 0 - 1
    assert len(model.encode("food " * 100)) == 63
    all_weights(model, model.encode("food " * 100))
