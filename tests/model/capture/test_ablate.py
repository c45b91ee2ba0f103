"""Ablating heads is zeroing, or averaging, their slices of what the model's own output projections are given."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel

import dashboard.capture.ablate as ablating
import dashboard.capture.partial_forward as partial_forward
from dashboard.capture import head_weights, tap
from dashboard.capture.ablate import ablate, edit_of, mean_outputs
from dashboard.capture.find_layers import NEVER
from dashboard.capture.partial_forward import resumable
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId

CHEF = "The chef who trained in Osaka says ramen is her favourite food, and the chef knows all the food in Osaka."
SHORT = "Two birds sang."
SMALL = ["bert", "albert", "gpt2", "llama", "opt", "gpt_neox", "gemma2"]


def some_heads(model):
    last = model.layers - 1
    many = [(0, model.heads - 1), (last, 0)] if last < 10 else []
    return [(0, 0), (last // 2, 1), (last, 2), *many]


def without_sets(model, encodings, sets, **how):
    """Last vectors as they are, and set of heads → those without it, padding cut away."""
    vectors, runs = ablate(model, encodings, [[HeadId(*head) for head in heads] for heads in sets], **how)
    found = {}
    for run in runs:
        for heads, each in zip(run.sets, run.vectors, strict=True):
            found[tuple((head.layer, head.head) for head in heads)] = [
                one[: len(encoding)] for one, encoding in zip(each, encodings, strict=True)
            ]
    return vectors, found


def ablated(model, encodings, heads, **how):
    """The same of each head alone."""
    vectors, found = without_sets(model, encodings, [(head,) for head in heads], **how)
    return vectors, {head: each for (head,), each in found.items()}


def close(a, b, tolerance=1e-5):
    """Within 1e-5 of numbers of the size of 1; of larger ones, of their size."""
    return float((a - b).abs().max()) <= tolerance * max(1.0, float(b.abs().max()))


@pytest.mark.parametrize("by", ["zero", "mean"])
@pytest.mark.parametrize("kind", ["minilm", "smollm2", *SMALL])
def test_equal_to_a_hook_before_the_models_own_output_projection(
    kind, by, small, request, output_projection, ablate_on_text
):
    model = small(kind) if kind in SMALL else request.getfixturevalue(kind)
    encodings = [model.encode(CHEF), model.encode(SHORT)]
    means = None
    if by == "mean" and model.causal:
        means = mean_outputs(model, [model.encode("Nobody in the village remembered the old bridge.")])
    heads = some_heads(model)
    if kind in SMALL:
        every = np.stack(head_weights(model, encodings[0], [HeadId(layer, 1) for layer in range(model.layers)]))
        assert np.median(every.max(-1)) > 0.5, "the weights of this test are to be peaked"
    intact, found = ablated(model, encodings, heads, by=by, means=means)
    assert sorted(found) == sorted(heads)
    for layer, head in heads:
        for text, encoding in enumerate(encodings):
            ids = torch.tensor([encoding.ids])
            value = by if means is None else means[layer][head]
            base, path = model.loaded.model, output_projection(kind)
            expected = ablate_on_text(base, base, path, ids, layer, head, model.heads, value)
            expected = expected.last_hidden_state[0]
            assert close(found[layer, head][text], expected), (layer, head, text)
            assert not close(intact[text, : len(encoding)], expected, 1e-3), "this head is to matter"


def hooked(model, path, ids, heads, many, values, ablate_on_text):
    """The model's own last vectors with a hook for each of these heads at once."""
    run = model
    for (layer, head), value in zip(heads, values, strict=True):
        run = partial(ablate_on_text, run, model, path, layer=layer, head=head, heads=many, by=value)
    return run(ids).last_hidden_state[0]


@pytest.mark.parametrize("by", ["zero", "mean"])
@pytest.mark.parametrize("kind", ["minilm", "smollm2", "albert", "gpt2", "llama"])
def test_heads_ablated_together_equal_hooks_at_once(kind, by, small, request, output_projection, ablate_on_text):
    """Of one layer and of several; in whatever order they are named, beside a set of one that is the head alone."""
    model = small(kind) if kind in SMALL else request.getfixturevalue(kind)
    encodings, last = [model.encode(CHEF), model.encode(SHORT)], model.layers - 1
    means = None
    if by == "mean" and model.causal:
        means = mean_outputs(model, [model.encode("Nobody in the village remembered the old bridge.")])
    together = ((last // 2, 0), (last // 2, 2), (last, 1))
    sets = [together[::-1], [*together[1:], together[0], together[0]], [together[0]], together[::2]]
    _, found = without_sets(model, encodings, sets, by=by, means=means)
    assert set(found) == {together, together[:1], together[::2]}
    _, alone = ablated(model, encodings, together[:1], by=by, means=means)
    base, path = model.loaded.model, output_projection(kind)
    for text, encoding in enumerate(encodings):
        assert close(found[together[:1]][text], alone[together[0]][text], 1e-6)
        assert not close(found[together[:1]][text], found[together][text], 1e-3), "the others are to matter"
        for heads in (together, together[::2]):
            values = [by if means is None else means[layer][head] for layer, head in heads]
            ids = torch.tensor([encoding.ids])
            expected = hooked(base, path, ids, heads, model.heads, values, ablate_on_text)
            assert close(found[heads][text], expected), heads


# encoder–decoders are not opened yet, but the tap's edit is theirs as well: in the order in which their layers run
T5 = (
    "t5",
    {"vocab_size": 300, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4},
    (
        "encoder.block.0.layer.0.SelfAttention.o",
        "encoder.block.1.layer.0.SelfAttention.o",
        "decoder.block.0.layer.0.SelfAttention.o",
        "decoder.block.0.layer.1.EncDecAttention.o",
        "decoder.block.1.layer.0.SelfAttention.o",
        "decoder.block.1.layer.1.EncDecAttention.o",
    ),
)
BART = (
    "bart",
    {
        "vocab_size": 300,
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
    },
    (
        "encoder.layers.0.self_attn.out_proj",
        "encoder.layers.1.self_attn.out_proj",
        "decoder.layers.0.self_attn.out_proj",
        "decoder.layers.0.encoder_attn.out_proj",
        "decoder.layers.1.self_attn.out_proj",
        "decoder.layers.1.encoder_attn.out_proj",
    ),
)


@pytest.mark.parametrize("by", ["zero", "mean"])
@pytest.mark.parametrize(("kind", "settings", "paths"), [T5, BART])
def test_the_edit_of_the_tap_in_an_encoder_and_decoder(kind, settings, paths, by, peaked_weights, ablate_on_text):
    """Each layer by itself, then two heads of the encoder's layers at once."""
    torch.manual_seed(1)
    model = peaked_weights(
        AutoModel.from_config(AutoConfig.for_model(kind, **settings), attn_implementation=tap.NAME)
    ).eval()
    if not model._supports_sdpa:
        model.set_attn_implementation(tap.NAME_ADDITIVE)
    ids, most = torch.arange(20, 44)[None], []

    def run(**inputs):
        return model(**inputs, decoder_input_ids=inputs["input_ids"].flip(1)).last_hidden_state

    def receive(layer, heads, rows, weights, call):
        most.append(weights.amax(-1).flatten())

    with torch.inference_mode(), tap.listening(tap.Request(dict.fromkeys(range(6)) | {NEVER: ()}, receive)):
        intact = run(input_ids=ids)
    assert float(torch.cat(most).median()) > 0.5, "the weights of this test are to be peaked"

    def hooks(ids, heads):
        own = lambda ids: run(input_ids=ids)  # noqa: E731
        for layer, head in heads:
            own = partial(
                ablate_on_text, own, model, paths[layer], layer=layer, head=head, heads=4, by=by, shared=False
            )
        return own(ids)

    for heads in [*(((layer, 2),) for layer in range(len(paths))), ((0, 1), (1, 3))]:
        edit = edit_of([[HeadId(*head) for head in heads]], torch.tensor([ids.shape[1]]), by)
        with torch.inference_mode(), tap.listening(tap.Request({NEVER: ()}, receive, edit=edit)):
            found = run(input_ids=ids)
        expected = hooks(ids, heads)
        assert close(found, expected) and not close(intact, expected, 1e-3), heads


@pytest.mark.parametrize("kind", ["llama", "bert", "albert"])
def test_a_model_that_cannot_begin_at_a_layer_gives_the_same(kind, small, monkeypatch):
    model = small(kind)
    encodings, heads = [model.encode(CHEF), model.encode(SHORT)], some_heads(model)
    _, found = ablated(model, encodings, heads)
    monkeypatch.setattr(ablating, "resumable", lambda *_: ())
    monkeypatch.setattr(partial_forward, "resumed_pass", None)
    _, whole = ablated(model, encodings, heads)
    for head in heads:
        assert all(close(a, b) for a, b in zip(found[head], whole[head], strict=True))


def test_layers_before_the_ablated_one_run_once(minilm):
    """Counted at the models' own modules: 6 layers once, and the last layer's part of the batch once more; before a set
    those before its first head."""
    ran = []
    layers = minilm.loaded.model.encoder.layer
    assert resumable(minilm, minilm.encode(SHORT), range(6)) == set(range(6))
    handles = [
        layer.output.register_forward_hook(lambda *_, number=number: ran.append(number))
        for number, layer in enumerate(layers)
    ]
    ablated(minilm, [minilm.encode(SHORT)], [(5, head) for head in range(12)] + [(3, 0)])
    alone, ran[:] = ran[:], []
    without_sets(minilm, [minilm.encode(SHORT)], [[(5, 1), (4, 2)], [(4, 0), (4, 3)]])
    for handle in handles:
        handle.remove()
    assert alone == [0, 1, 2, 3, 4, 5, 3, 4, 5, 5] and ran == [0, 1, 2, 3, 4, 5, 4, 5]


def test_a_causal_models_mean_tells_nothing_of_later_tokens(small, refuses):
    model = small("llama")
    with refuses(UserError):
        ablate(model, [model.encode(CHEF)], [[HeadId(0, 0)]], by="mean")
    means = mean_outputs(model, [model.encode(SHORT)])
    one, other = (model.encode(f"The chef who trained in {place}.") for place in ("Osaka", "the village by the sea"))
    same = 6  # tokens, [CLS] counted
    assert one.ids[:same] == other.ids[:same] and one.ids[same] != other.ids[same]
    for heads in ([(0, 0)], [(2, 1)]):
        first, second = (ablated(model, [text], heads, by="mean", means=means)[1] for text in (one, other))
        assert close(first[heads[0]][0][:same], second[heads[0]][0][:same])


def test_mean_outputs_are_means_over_all_tokens(small):
    model, texts = small("gpt2"), [CHEF, SHORT]
    seen = {layer: [] for layer in range(3)}
    for text in texts:
        handles = [
            model.loaded.model.h[layer].attn.c_proj.register_forward_pre_hook(
                lambda _module, args, layer=layer: seen[layer].append(args[0][0])
            )
            for layer in range(3)
        ]
        with torch.inference_mode():
            model.loaded.model(torch.tensor([model.encode(text).ids]))
        for handle in handles:
            handle.remove()
    means = mean_outputs(model, [model.encode(text) for text in texts])
    for layer in range(3):
        assert torch.allclose(means[layer].flatten(), torch.cat(seen[layer]).mean(0), atol=1e-5)


def test_two_threads_ablate_one_model_without_meeting(small):
    model = small("llama")
    texts = [model.encode(CHEF), model.encode("Nobody in the village remembered the old bridge.")]
    heads = [[(0, 1), (2, 0)], [(1, 3)]]
    alone = [ablated(model, [text], asked)[1] for text, asked in zip(texts, heads, strict=True)]
    wrong, start = [], threading.Barrier(2)

    def run(which):
        start.wait()
        for _ in range(30):
            found = ablated(model, [texts[which]], heads[which])[1]
            if not all(close(found[head][0], alone[which][head][0]) for head in heads[which]):
                wrong.append(which)

    threads = [threading.Thread(target=run, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_cannot_be_ablated_is_refused_with_a_sentence(small, refuses):
    model = small("bert")
    with refuses(UserError, "L3H0"):
        ablate(model, [model.encode(CHEF)], [[HeadId(0, 0), HeadId(3, 0)]])
    with refuses(UserError):
        ablate(model, [model.encode(CHEF)], [[]])
    with refuses(UserError):
        ablate(replace(model, route="eager"), [model.encode(CHEF)], [[HeadId(0, 0)]])
    with refuses(UserError):
        ablate(replace(model, limit=4), [model.encode(CHEF)], [[HeadId(0, 0)]])
    with refuses(UserError):
        ablate(model, [model.encode(CHEF)], [[HeadId(0, 0)]], by="noise")
