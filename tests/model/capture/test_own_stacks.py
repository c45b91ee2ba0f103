"""Encoder–decoders with an attention of their own: every part against the library's own pass, or its own modules."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForSeq2SeqLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from dashboard.capture import head_weights, of_part, open_model
from dashboard.capture.language import language_head
from dashboard.capture.visit import visit
from dashboard.errors import UserError
from tests.helpers import tiny

PARTS = {"encoder": "encoder_attentions", "decoder": "decoder_attentions", "cross": "cross_attentions"}
SOURCE, TARGET = " ".join(tiny.SENTENCES[:2]), tiny.SENTENCES[4]
LENGTHS = ((6, 5), (13, 13), (None, None))  # tokens of the source and of the target
# name → kind, settings
KINDS = {
    "fsmt": ("fsmt", {"tgt_vocab_size": 420, "langs": ["en", "de"], "tie_word_embeddings": False}),
    "prophetnet": ("prophetnet", tiny.SETTINGS["prophetnet"]),
    "pegasus_x": ("pegasus_x", {"block_size": 8, "num_global_tokens": 4}),
    "longt5": ("longt5", {"local_radius": 3}),
    "longt5 with global tokens": (
        "longt5",
        {"local_radius": 3, "encoder_attention_type": "transient-global", "global_block_size": 4},
    ),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The model, and the library's own with its language-model head."""
    made = {}

    def of(name):
        if name not in made:
            kind, settings = KINDS[name]
            folder = tmp_path_factory.mktemp("own stacks") / kind
            tiny.make(kind, folder, head=True, **settings)
            library = AutoModelForSeq2SeqLM.from_pretrained(folder, attn_implementation="eager").eval()
            made[name] = open_model(str(folder)), library
        return made[name]

    return of


def read(model, lengths):
    """Source and target of so many tokens, and each part with what it reads."""
    source = model.encode(SOURCE, limit=lengths[0])
    parts = {part: of_part(model, part, source) for part in PARTS}
    target = parts["decoder"].encode(TARGET, limit=lengths[1])
    return source, target, {part: (one, source if part == "encoder" else target) for part, one in parts.items()}


def whole_pass(library, source, target):
    ids, answer = torch.tensor([source.ids]), torch.tensor([target.ids])
    with torch.inference_mode():
        return library(input_ids=ids, decoder_input_ids=answer, output_attentions=True, use_cache=False)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("lengths", LENGTHS)
def test_every_part_has_the_library_s_weights(opened, name, lengths):
    model, library = opened(name)
    source, target, parts = read(model, lengths)
    output = whole_pass(library, source, target)
    for part, (one, text) in parts.items():
        if part == "encoder" and name in DENSE:
            expected = DENSE[name](library, source)
        else:
            expected = [maps[0] for maps in getattr(output, PARTS[part])]
        if name == "prophetnet" and part != "decoder":  # it hands out scores, of all streams
            expected = [scores.softmax(-1)[:, : len(text)] for scores in expected]
        assert len(expected) == one.layers == 3
        found = head_weights(one, text, one.all_heads)
        for head, weights in zip(one.all_heads, found, strict=True):
            assert np.allclose(weights, expected[head.layer][head.head], atol=1e-5), (part, head)
        sums = np.stack(found).sum(-1)
        if part == "encoder" and name in ("pegasus_x", "longt5 with global tokens"):
            assert sums.max() < 1 and "sums to less than 1" in one.note
        else:
            assert np.allclose(sums, 1, atol=1e-5)


def hooked(modules, run):
    """What each of these modules gives, call by call, while this runs."""
    taken = {name: [] for name in modules}
    hooks = [
        module.register_forward_hook(lambda *args, name=name: taken[name].append(args[2][0].clone()))
        for name, module in modules.items()
    ]
    with torch.inference_mode():
        run()
    for hook in hooks:
        hook.remove()
    return taken


def dense_pegasus_x(library, source):
    """Its queries and keys in a whole square, of which all but each token's block and the global tokens is hidden."""
    encoder, n = library.get_encoder(), len(source)
    names = {
        (layer, part): encoder.layers[layer].self_attn.get_submodule(f"{part}_proj")
        for layer in range(3)
        for part in "qk"
    }
    taken = hooked(names, lambda: encoder(torch.tensor([source.ids])))
    maps = []
    for layer in range(3):
        shift = 4 if layer == 1 else 0  # every second layer's blocks are staggered by half of one
        (q, _), (k, g) = taken[layer, "q"], taken[layer, "k"]
        q, k, g = (one.unflatten(1, (4, 8)).transpose(0, 1) for one in (q[shift:][:n], k[shift:][:n], g))
        block = (torch.arange(n) + shift) // 8
        scores = (q @ k.mT).masked_fill(block[:, None] != block, -torch.inf)
        maps.append((torch.cat([scores, q @ g.mT], -1) / 8**0.5).softmax(-1)[..., :n])
    return maps


def dense_longt5(library, source):
    """Likewise, with a bias over distances, of which all but each token's neighbours is hidden; and with the sums of
    blocks of four tokens as more keys."""
    encoder, n = library.get_encoder(), len(source)
    layers = [
        getattr(block.layer[0], kind) for block in encoder.block for kind in OF_LONGT5 if hasattr(block.layer[0], kind)
    ]
    names = {(layer, part): getattr(one, part) for layer, one in enumerate(layers) for part in "qk"}
    taken = hooked(names, lambda: encoder(torch.tensor([source.ids])))
    places, first = torch.arange(n), layers[0]

    def bias(table, apart):
        buckets = first._relative_position_bucket(apart, num_buckets=32, max_distance=128)
        return table(buckets).permute(2, 0, 1)

    apart, maps = places - places[:, None], []
    for layer in range(3):
        [q], [k, *more] = taken[layer, "q"], taken[layer, "k"]
        q, k, *more = (one.unflatten(1, (4, 8)).transpose(0, 1) for one in (q, k, *more))
        scores = q @ k.mT + bias(first.relative_attention_bias, apart)
        scores = scores.masked_fill(apart.abs() > 3, -torch.inf)
        for g in more:
            blocks = (places // 4).clamp(max=n // 4 - 1)
            side = bias(first.global_relative_attention_bias, torch.arange(n // 4) - blocks[:, None])
            scores = torch.cat([scores, q @ g.mT + side], -1)
        maps.append(scores.softmax(-1)[..., :n].detach())
    return maps


OF_LONGT5 = ("LocalSelfAttention", "TransientGlobalSelfAttention")
DENSE = {"pegasus_x": dense_pegasus_x, "longt5": dense_longt5, "longt5 with global tokens": dense_longt5}


def test_stacks_that_call_the_tap_are_read_through_it(opened):
    for name in KINDS:
        model, _ = opened(name)
        routes = [model.whole.parts[part].route for part in PARTS]
        own = name in ("fsmt", "prophetnet")
        assert routes == (["eager"] * 3 if own else ["eager", "tap", "tap"]), name


@pytest.mark.parametrize("name", KINDS)
def test_sources_in_one_batch_are_read_as_each_alone(opened, name):
    model, _ = opened(name)
    sources = [model.encode(SOURCE), model.encode(SOURCE, limit=9)]

    class Keep:
        def __init__(self):
            self.seen = {}

        def block(self, block):
            self.seen[block.text, block.layer] = block.weights.clone()

    together, alone = Keep(), Keep()
    visit(model, sources, together)
    visit(model, sources[1], alone)
    for layer in range(3):
        assert torch.allclose(together.seen[1, layer], alone.seen[0, layer], atol=1e-5)


@pytest.mark.parametrize("name", ["fsmt", "pegasus_x", "longt5"])
def test_the_decoder_predicts_what_the_library_s_model_does(opened, name):
    model, library = opened(name)
    source, target, parts = read(model, (None, None))
    decoder, _ = parts["decoder"]
    expected = whole_pass(library, source, target).logits[0]
    found = language_head(decoder)(decoder.last_vectors(torch.tensor([target.ids]))[0])
    assert found.shape == expected.shape and (found - expected).abs().max() < 1e-3 * expected.abs().max()


def test_prophetnet_predicts_from_another_stream_than_the_target_s(opened, refuses):
    _, _, parts = read(opened("prophetnet")[0], (None, None))
    with refuses(UserError, "does more"):
        language_head(parts["decoder"][0])


def test_a_target_has_the_tokens_that_its_decoder_knows(opened):
    model, library = opened("fsmt")
    assert model.loaded.rows == 400 and model.whole.parts["decoder"].loaded.rows == 420
    assert CONFIG_MAPPING["fsmt"] is type(library.config)
