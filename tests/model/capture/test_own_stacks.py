"""Encoder–decoders with an attention of their own: every part against the library's own pass, or its own modules."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from dashboard.analyses.contribution.norms import contribution_views
from dashboard.analyses.inside import api as inside
from dashboard.capture import head_weights, of_part, open_model, write_target
from dashboard.capture.ablate import ablate
from dashboard.capture.language import language_head
from dashboard.capture.layer_trace import watch_layers
from dashboard.capture.residual_stream import follow
from dashboard.capture.visit import visit
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from tests.helpers import tiny

PARTS = {"encoder": "encoder_attentions", "decoder": "decoder_attentions", "cross": "cross_attentions"}
SOURCE, TARGET = " ".join(tiny.SENTENCES[:2]), tiny.SENTENCES[4]
LENGTHS = ((6, 5), (13, 13), (None, None))  # tokens of the source and of the target
# name → kind, settings
KINDS = {
    "fsmt": ("fsmt", {"src_vocab_size": 400, "vocab_size": 420, "tie_word_embeddings": False}),
    "prophetnet": ("prophetnet", tiny.SETTINGS["prophetnet"]),
    "pegasus_x": ("pegasus_x", tiny.SETTINGS["pegasus_x"]),
    "longt5": ("longt5", {"local_radius": 3}),
    "longt5 with global tokens": (
        "longt5",
        {"local_radius": 3, "encoder_attention_type": "transient-global", "global_block_size": 4},
    ),
}
# Kinds whose decoder does not call the tap → the modules of its own and its cross attention
OWN = {
    "fsmt": ("model.decoder.layers.{}.self_attn", "model.decoder.layers.{}.encoder_attn"),
    "led": ("led.decoder.layers.{}.self_attn", "led.decoder.layers.{}.encoder_attn"),
    "mvp": ("model.decoder.layers.{}.self_attn", "model.decoder.layers.{}.encoder_attn"),
    "prophetnet": ("prophetnet.decoder.layers.{}.self_attn", "prophetnet.decoder.layers.{}.cross_attn"),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The model, and the library's own with its language-model head."""
    made = {}

    def of(name):
        if name not in made:
            kind, settings = KINDS.get(name, (name, {"attention_window": [8] * 3} if name == "led" else {}))
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
    """What each of these modules gives, call by call, while this runs: (n, …)."""
    taken = {name: [] for name in modules}

    def note(name, output):
        output = output[0] if isinstance(output, tuple) else output
        taken[name].append(output.reshape(-1, output.shape[-1]).clone())

    hooks = [
        module.register_forward_hook(lambda *args, name=name: note(name, args[2])) for name, module in modules.items()
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


OWN_PARTS = [(name, part) for name in OWN for part in ("decoder", "cross")]


@pytest.mark.parametrize(("name", "part"), OWN_PARTS)
@pytest.mark.parametrize("lengths", LENGTHS[1:])
def test_our_attention_is_that_of_a_decoder_of_its_own(opened, name, part, lengths):
    model, library = opened(name)
    source, target, parts = read(model, lengths)
    one, runs = parts[part][0], []
    assert one.route == "eager"
    maps = getattr(whole_pass(library, source, target), PARTS[part])
    watch_layers(one, target, runs.append)
    assert [run.number for run in runs] == [0, 1, 2]
    for run, expected in zip(runs, maps, strict=True):
        shares = expected.softmax(-1)[:, :, : len(target)] if (name, part) == ("prophetnet", "cross") else expected
        assert torch.allclose(run.attend(run.parts()).weights, shares[0], atol=1e-5)
    table = inside.verify(one, target)
    assert set(table["begins"]) == {"x" if part == "decoder" else "q, k, v"} and not inside.differs(table)


@pytest.mark.parametrize(("name", "part"), OWN_PARTS)
def test_ablation_and_contributions_are_those_of_its_own_modules(opened, name, part):
    model, library = opened(name)
    source, target, parts = read(model, (None, None))
    one, n = parts[part][0], len(target)
    module = library.get_submodule(OWN[name][part == "cross"].format(1))
    out = module.out_proj
    ids, answer = torch.tensor([source.ids]), torch.tensor([target.ids])

    def last():
        more = {"output_hidden_states": True, "use_cache": False}
        return library(input_ids=ids, decoder_input_ids=answer, **more).decoder_hidden_states[-1]

    def silent(_module, args):  # head 2 of 4, of 8 numbers each
        mixed = args[0].clone()
        mixed[..., 16:24] = 0
        return (mixed, *args[1:])

    with torch.inference_mode():
        whole = last()[0]
        hook = out.register_forward_pre_hook(silent)
        expected = last()[0]
        hook.remove()
    vectors, runs = ablate(one, [target], [[HeadId(1, 2, part)], [HeadId(0, 0, part), HeadId(1, 1, part)]])
    found = next(one for one in runs if one.sets == ((HeadId(1, 2, part),),))
    assert torch.allclose(vectors[0], whole, atol=1e-4)
    assert torch.allclose(found.vectors[0, 0], expected, atol=1e-4) and (expected - whole).abs().max() > 1e-2
    values = dict(module.named_children()).get("v_proj", getattr(module, "value_proj", None))
    [given] = hooked({"v": values}, last)["v"]
    given = given[: len(source) if part == "cross" else n]
    with torch.inference_mode():
        norms = (given[:, 16:24] @ out.weight[:, 16:24].T).norm(dim=-1).numpy()
    [view] = contribution_views(one, target, [HeadId(1, 2, part)])
    [weights] = head_weights(one, target, [HeadId(1, 2, part)])
    assert np.allclose(view.weights, weights * norms, atol=1e-4)


@pytest.mark.parametrize("name", OWN)
def test_what_a_decoder_of_its_own_adds_is_what_its_modules_give(opened, name):
    model, library = opened(name)
    source, target, parts = read(model, (None, None))
    steps, n = [], len(target)

    class Steps:
        def step(self, step):
            steps.append(step)

    follow(parts["cross"][0], target, Steps())
    modules = dict(zip(("decoder", "cross"), (library.get_submodule(one.format(1)) for one in OWN[name]), strict=True))
    taken = hooked(modules, lambda: whole_pass(library, source, target))
    for part, ours in (("decoder", steps[1].attention), ("cross", steps[1].cross_attention)):
        [given] = taken[part]
        assert torch.allclose(ours, given[:n], atol=1e-4), part
    assert torch.equal(steps[1].after, steps[2].before) and steps[1].after.shape == (n, 32)


@pytest.mark.parametrize("name", [*KINDS, "led", "mvp"])
def test_targets_in_one_batch_are_read_as_each_alone(opened, name):
    _, _, parts = read(opened(name)[0], (None, None))
    for part in ("decoder", "cross"):
        one = parts[part][0]
        texts = [one.encode(TARGET), one.encode(tiny.SENTENCES[0], limit=9)]
        together, alone = _Keep(), _Keep()
        visit(one, texts, together)
        visit(one, texts[1], alone)
        for layer in range(3):
            assert torch.allclose(together.seen[1, layer], alone.seen[0, layer], atol=1e-5), part


class _Keep:
    two_texts = True

    def __init__(self):
        self.seen = {}

    def block(self, block):
        self.seen[block.text, block.layer] = block.weights.clone()


@pytest.mark.parametrize("name", KINDS)
def test_sources_in_one_batch_are_read_as_each_alone(opened, name):
    model, _ = opened(name)
    sources = [model.encode(SOURCE), model.encode(SOURCE, limit=9)]

    together, alone = _Keep(), _Keep()
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


def test_an_encoder_with_the_batch_behind_its_tokens_is_ablated(opened):
    model, library = opened("fsmt")
    encoder, text = library.get_encoder(), model.encode(SOURCE)

    def silent(_module, args):
        mixed = args[0].clone()
        mixed[..., 16:24] = 0
        return (mixed, *args[1:])

    hook = encoder.layers[0].self_attn.out_proj.register_forward_pre_hook(silent)
    with torch.inference_mode():
        expected = encoder(torch.tensor([text.ids])).last_hidden_state
    hook.remove()
    _, runs = ablate(model, [text], [[HeadId(0, 2)], [HeadId(0, 1)]])
    found = {one.sets[place]: one.vectors[place] for one in runs for place in range(len(one.sets))}
    assert torch.allclose(found[(HeadId(0, 2),)], expected, atol=1e-4)


def test_a_target_has_the_tokens_that_its_decoder_knows(opened):
    model, library = opened("fsmt")
    assert model.loaded.rows == 400 and model.whole.parts["decoder"].loaded.rows == 420
    assert library.get_encoder().embed_tokens.num_embeddings == 400


def test_a_decoder_that_joins_both_attentions_says_that_they_sum_to_1_together(tmp_path):
    tiny.make("t5gemma2", tmp_path, head=True)
    library = AutoModelForSeq2SeqLM.from_pretrained(tmp_path, attn_implementation="eager").eval()
    source, target, parts = read(open_model(str(tmp_path)), (None, None))
    output, maps = whole_pass(library, source, target), {}
    for part, (one, text) in parts.items():
        maps[part] = np.stack(head_weights(one, text, one.all_heads))
        expected = np.concatenate([layer[0].numpy() for layer in getattr(output, PARTS[part])])
        assert np.allclose(maps[part], expected, atol=1e-5), part
        assert ("sum to 1 together" in (one.note or "")) == (part != "encoder")
    sums = maps["decoder"].sum(-1)
    assert sums.min() < 0.9 and np.allclose(sums + maps["cross"].sum(-1), 1, atol=1e-5)
    assert np.allclose(maps["encoder"].sum(-1), 1, atol=1e-5)


def test_the_longest_target_of_a_decoder_whose_streams_look_further_on(opened):
    model, library = opened("prophetnet")
    decoder = of_part(model, "decoder", SOURCE)
    assert decoder.limit == library.config.max_position_embeddings - 2 == model.limit - 1
    target = decoder.encode(SOURCE * 9)
    assert len(target) == decoder.limit and target.left_out
    [weights] = head_weights(decoder, target, [HeadId(0, 1, "decoder")])
    expected = whole_pass(library, model.encode(SOURCE), target).decoder_attentions[0][0, 1]
    assert np.allclose(weights, expected, atol=1e-5)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_decoder_with_a_head_of_its_own_writes_by_the_settings_of_the_model(opened, beams):
    model, library = opened("fsmt")
    decoder = of_part(model, "decoder", SOURCE)
    ids = torch.tensor([model.encode(SOURCE).ids])
    with torch.inference_mode():
        expected = library.generate(ids, num_beams=beams, do_sample=False, max_length=10)[0]
    assert expected[-1] == library.generation_config.forced_eos_token_id and len(expected) == 10
    text = model.loaded.tokenizer.decode(expected, skip_special_tokens=True).strip()
    assert write_target(decoder, 10, beams=beams) == text
