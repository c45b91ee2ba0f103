"""Ablating a head is zeroing, or averaging, its slice of what the model's own output projection is given."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM

import dashboard.capture.ablate as ablating
import dashboard.heads.effect as effect
from dashboard.capture import head_weights, open_model, tap
from dashboard.capture.ablate import ablate, mean_outputs
from dashboard.capture.blocks import NEVER
from dashboard.capture.language import language_head
from dashboard.errors import UserError
from dashboard.heads.ablation import measure
from dashboard.models import find

CHEF = "The chef who trained in Osaka says ramen is her favourite food, and the chef knows all the food in Osaka."
SHORT = "Two birds sang."
SMALL = {
    "vocab_size": 30522, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4,
    "intermediate_size": 48, "max_position_embeddings": 64, "pad_token_id": 0,
}  # fmt: skip
# kind → settings, the language model it is saved from (None: the base model alone), its output projections
KINDS = {
    "bert": (SMALL, AutoModelForMaskedLM, "encoder.layer.{}.attention.output.dense"),
    "albert": (SMALL | {"embedding_size": 16}, None, "encoder.albert_layer_groups.0.albert_layers.0.attention.dense"),
    "gpt2": (SMALL | {"n_inner": 48}, AutoModelForCausalLM, "h.{}.attn.c_proj"),
    "llama": (SMALL | {"num_key_value_heads": 2}, AutoModelForCausalLM, "layers.{}.self_attn.o_proj"),
    "opt": (
        SMALL | {"ffn_dim": 48, "word_embed_proj_dim": 16}, AutoModelForCausalLM,
        "decoder.layers.{}.self_attn.out_proj",
    ),
    "gpt_neox": (SMALL, AutoModelForCausalLM, "layers.{}.attention.dense"),
    "gemma2": (
        SMALL | {"num_key_value_heads": 2, "head_dim": 8, "attn_logit_softcapping": 8.0, "sliding_window": 8,
                 "query_pre_attn_scalar": 2, "final_logit_softcapping": 3.0},
        AutoModelForCausalLM, "layers.{}.self_attn.o_proj",
    ),
}  # fmt: skip
REAL = {"minilm": "encoder.layer.{}.attention.output.dense", "smollm2": "layers.{}.self_attn.o_proj"}
QUERIES_AND_KEYS = ("query", "key", "q_proj", "k_proj", "q_lin", "k_lin", "c_attn", "query_key_value", ".q.", ".k.")


def peaked(model):
    """Query and key projections so large that attention is sharp, all others so that what a head says counts."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                sharp = any(part in name for part in QUERIES_AND_KEYS)
                parameter.normal_(0, (3.0 if sharp else 1.0) * parameter.shape[-1] ** -0.5)
    return model


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small model of that kind, opened once."""
    made = {}

    def of(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            settings, language, _ = KINDS[kind]
            torch.manual_seed(1)
            peaked((language or AutoModel).from_config(AutoConfig.for_model(kind, **settings))).save_pretrained(folder)
            for file in Path(find("minilm").folder).glob("*token*"):
                (folder / file.name).write_bytes(file.read_bytes())
            made[kind] = open_model(str(folder))
        return made[kind]

    return of


@pytest.fixture
def opened(small, request):
    """The model of that name or kind, and its output projections, layer by layer."""

    def of(kind):
        model = request.getfixturevalue(kind) if kind in REAL else small(kind)
        return model, REAL[kind] if kind in REAL else KINDS[kind][2]

    return of


def by_hook(model, base, path, ids, layer, head, heads, by="zero", shared=None):
    """What `model`, whose base is `base`, gives when a hook replaces the head's slice of what W_O takes."""
    calls = 0

    def replaced(_module, args):
        nonlocal calls
        calls += 1
        if shared and calls != layer + 1:
            return None
        x = args[0].clone()
        part = x[..., head * x.shape[-1] // heads : (head + 1) * x.shape[-1] // heads]
        part[...] = part.mean(1, keepdim=True) if isinstance(by, str) and by == "mean" else 0.0 if by == "zero" else by
        return (x, *args[1:])

    shared = "{}" not in path if shared is None else shared  # one module is all layers
    handle = dict(base.named_modules())[path.format(layer)].register_forward_pre_hook(replaced)
    try:
        with torch.inference_mode():
            return model(ids)
    finally:
        handle.remove()


def some_heads(model):
    last = model.layers - 1
    many = [(0, model.heads - 1), (last, 0)] if last < 10 else []
    return [(0, 0), (last // 2, 1), (last, 2), *many]


def ablated(model, encodings, heads, **how):
    """Last vectors as they are, and (layer, head) → those without it, padding cut away."""
    vectors, runs = ablate(model, encodings, heads, **how)
    found = {}
    for run in runs:
        for head, each in zip(run.heads, run.vectors, strict=True):
            found[head] = [one[: len(encoding)] for one, encoding in zip(each, encodings, strict=True)]
    return vectors, found


def close(a, b, tolerance=1e-5):
    """Within 1e-5 of numbers of the size of 1; of larger ones, of their size."""
    return float((a - b).abs().max()) <= tolerance * max(1.0, float(b.abs().max()))


@pytest.mark.parametrize("by", ["zero", "mean"])
@pytest.mark.parametrize("kind", [*REAL, *KINDS])
def test_equal_to_a_hook_before_the_models_own_output_projection(kind, by, opened):
    model, path = opened(kind)
    encodings = [model.encode(CHEF), model.encode(SHORT)]
    means = None
    if by == "mean" and model.causal:
        means = mean_outputs(model, [model.encode("Nobody in the village remembered the old bridge.")])
    heads = some_heads(model)
    if kind in KINDS:
        every = np.stack(head_weights(model, encodings[0], [(layer, 1) for layer in range(model.layers)]))
        assert np.median(every.max(-1)) > 0.5, "the weights of this test are to be peaked"
    intact, found = ablated(model, encodings, heads, by=by, means=means)
    assert sorted(found) == sorted(heads)
    for layer, head in heads:
        for text, encoding in enumerate(encodings):
            ids = torch.tensor([encoding.ids])
            value = by if means is None else means[layer][head]
            expected = by_hook(model.loaded.model, model.loaded.model, path, ids, layer, head, model.heads, value)
            expected = expected.last_hidden_state[0]
            assert close(found[layer, head][text], expected), (layer, head, text)
            assert not close(intact[text, : len(encoding)], expected, 1e-3), "this head is to matter"


# encoder–decoders are not opened yet, but the tap's edit is theirs as well: in the order in which their layers run
T5 = ("t5", {"vocab_size": 300, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4}, (
    "encoder.block.0.layer.0.SelfAttention.o", "encoder.block.1.layer.0.SelfAttention.o",
    "decoder.block.0.layer.0.SelfAttention.o", "decoder.block.0.layer.1.EncDecAttention.o",
    "decoder.block.1.layer.0.SelfAttention.o", "decoder.block.1.layer.1.EncDecAttention.o",
))  # fmt: skip
BART = ("bart", {"vocab_size": 300, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 48,
                 "decoder_ffn_dim": 48, "encoder_attention_heads": 4, "decoder_attention_heads": 4}, (
    "encoder.layers.0.self_attn.out_proj", "encoder.layers.1.self_attn.out_proj",
    "decoder.layers.0.self_attn.out_proj", "decoder.layers.0.encoder_attn.out_proj",
    "decoder.layers.1.self_attn.out_proj", "decoder.layers.1.encoder_attn.out_proj",
))  # fmt: skip


@pytest.mark.parametrize(("kind", "settings", "paths"), [T5, BART])
def test_the_edit_of_the_tap_in_an_encoder_and_decoder(kind, settings, paths):
    torch.manual_seed(1)
    model = peaked(AutoModel.from_config(AutoConfig.for_model(kind, **settings), attn_implementation=tap.NAME)).eval()
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
    for layer, path in enumerate(paths):

        def edit(at, outputs, layer=layer):
            if at == layer:
                outputs[:, :, 2] = 0.0
            return outputs

        with torch.inference_mode(), tap.listening(tap.Request({NEVER: ()}, receive, edit=edit)):
            found = run(input_ids=ids)
        expected = by_hook(lambda ids: run(input_ids=ids), model, path, ids, layer, 2, 4, shared=False)
        assert close(found, expected) and not close(intact, expected, 1e-3)


@pytest.mark.parametrize("kind", ["llama", "bert", "albert"])
def test_a_model_that_cannot_begin_at_a_layer_gives_the_same(kind, small, monkeypatch):
    model = small(kind)
    encodings, heads = [model.encode(CHEF), model.encode(SHORT)], some_heads(model)
    _, found = ablated(model, encodings, heads)
    monkeypatch.setattr(ablating, "can_resume", lambda *_: False)
    monkeypatch.setattr(ablating, "resumed_pass", None)
    _, whole = ablated(model, encodings, heads)
    for head in heads:
        assert all(close(a, b) for a, b in zip(found[head], whole[head], strict=True))


def test_layers_before_the_ablated_one_run_once(minilm):
    """Counted at the models' own modules: 6 layers once, and the last layer's part of the batch once more."""
    ran = []
    layers = minilm.loaded.model.encoder.layer
    can = ablated(minilm, [minilm.encode(SHORT)], [(5, 0)])
    handles = [
        layer.output.register_forward_hook(lambda *_, number=number: ran.append(number))
        for number, layer in enumerate(layers)
    ]
    ablated(minilm, [minilm.encode(SHORT)], [(5, head) for head in range(12)] + [(3, 0)])
    for handle in handles:
        handle.remove()
    assert can and ran == [0, 1, 2, 3, 4, 5, 3, 4, 5, 5]


def own_language_model(model, kind):
    """transformers' own, with its own attention: nothing of ours runs in it."""
    cls = AutoModelForCausalLM if model.causal else AutoModelForMaskedLM
    return cls.from_pretrained(model.source.folder, attn_implementation="eager", dtype=torch.float32).eval()


def own_losses(run, model, encoding):
    """A loss and a row of logits for each token that is predicted, by position, from `run`: ids → logits (1, n, V)."""
    ids, losses, logits = torch.tensor([encoding.ids]), {}, {}
    whole = run(ids)[0] if model.causal else None
    for place, special in enumerate(encoding.special):
        if special or (model.causal and place == 0):
            continue
        if model.causal:
            logits[place] = whole[place - 1]
        else:
            masked = ids.clone()
            masked[0, place] = model.loaded.tokenizer.mask_token_id
            logits[place] = run(masked)[0, place]
        losses[place] = float(F.cross_entropy(logits[place].detach()[None], ids[0, place][None]))
    return losses, logits


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama", "opt", "gpt_neox", "gemma2"])
def test_the_change_of_loss_is_that_of_the_librarys_own_language_model(kind, small, monkeypatch):
    model = small(kind)
    own, path = own_language_model(model, kind), KINDS[kind][2]
    encodings, heads = [model.encode(SHORT), model.encode("The chef says ramen is food.")], [(0, 1), (2, 3)]
    monkeypatch.setattr(effect, "POSITIONS", 3)  # blocks must not be seen
    found = measure(model, encodings, heads, logits=language_head(model), keep_changed=True)
    assert found.measure == "loss_change"
    flips = {}
    for text, encoding in enumerate(encodings):
        before, old = own_losses(lambda ids: own(ids).logits, model, encoding)
        assert found.tokens[text] == len(before)
        assert found.loss[text] == pytest.approx(sum(before.values()), abs=1e-4)
        for column, (layer, head) in enumerate(heads):

            def run(ids, layer=layer, head=head):
                return by_hook(own, own.base_model, path, ids, layer, head, 4).logits

            after, new = own_losses(run, model, encoding)
            change = sum(after.values()) - sum(before.values())
            assert found.sums[text, column] == pytest.approx(change, abs=2e-5 * len(before))
            assert abs(change) > 1e-3, "this head is to matter"
            for place in before:
                a, b = int(old[place].argmax()), int(new[place].argmax())
                if a != b:
                    p, q = old[place].detach().softmax(-1), new[place].softmax(-1)
                    flips[layer, head, place, a, b] = [float(x) for x in (p[a], q[a], p[b], q[b])]
    assert flips
    assert {row[:5] for row in found.changed} == set(flips)
    for row in found.changed:
        assert row[5:] == pytest.approx(flips[row[:5]], abs=1e-5)
    assert found.flips.sum() == len(found.changed)


def test_shift_is_one_minus_the_cosine_of_the_last_vectors(minilm):
    encoding, heads = minilm.encode(CHEF), [(1, 3), (5, 11)]
    assert language_head(minilm) is None
    found = measure(minilm, [encoding], heads, logits=None)
    assert found.measure == "shift" and found.flips is None and found.mean_loss is None
    model, ids = minilm.loaded.model, torch.tensor([encoding.ids])
    with torch.inference_mode():
        intact = model(ids).last_hidden_state[0].numpy()
    own = ~np.array(encoding.special)
    for column, (layer, head) in enumerate(heads):
        other = by_hook(model, model, REAL["minilm"], ids, layer, head, 12).last_hidden_state[0].numpy()
        cosine = (intact * other).sum(1) / np.linalg.norm(intact, axis=1) / np.linalg.norm(other, axis=1)
        assert found.tokens[0] == own.sum() == len(encoding) - 2
        assert found.sums[0, column] / own.sum() == pytest.approx((1 - cosine[own]).mean(), abs=1e-6)


def test_texts_of_a_batch_measure_what_each_measures_alone(small, minilm):
    texts = [SHORT, CHEF, "Yes.", "The chef says ramen is her favourite food."]
    for model in (small("llama"), small("bert"), minilm):
        logits, heads = language_head(model), some_heads(model)
        encodings = [model.encode(text) for text in texts]
        together = measure(model, encodings, heads, logits=logits, by="zero" if model.causal else "mean")
        for text, encoding in enumerate(encodings):
            alone = measure(model, [encoding], heads, logits=logits, by="zero" if model.causal else "mean")
            assert np.allclose(alone.sums[0], together.sums[text], atol=2e-5)
            assert alone.tokens[0] == together.tokens[text] == len(encoding) - 2
            if logits is not None:
                assert np.array_equal(alone.flips[0], together.flips[text])


def test_a_head_that_says_nothing_changes_nothing(small, tmp_path):
    """Its values are 0, so zero in its place is what was there; and another head's absence is seen."""
    folder = Path(small("albert").source.folder)
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    silent = open_model(str(tmp_path))
    value = silent.loaded.model.encoder.albert_layer_groups[0].albert_layers[0].attention.value
    with torch.no_grad():
        value.weight[8:16] = 0.0
        value.bias[8:16] = 0.0
    found = measure(silent, [silent.encode(CHEF)], [(0, 0), (0, 1), (2, 1)], logits=None)
    assert found.sums[0, 1] == found.sums[0, 2] == pytest.approx(0, abs=1e-12)
    assert found.sums[0, 0] > 0.01


def test_a_causal_models_mean_tells_nothing_of_later_tokens(small):
    model = small("llama")
    with pytest.raises(UserError, match="left to right"):
        ablate(model, [model.encode(CHEF)], [(0, 0)], by="mean")
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


def test_files_without_a_language_models_head_have_none(small, minilm, smollm2, tmp_path):
    """A causal model whose embeddings are its head has one, unless its files are of the base model alone."""
    assert language_head(minilm) is None and language_head(small("albert")) is None
    assert language_head(smollm2).vocabulary == 49152
    model = small("gpt2")
    assert language_head(model) is not None
    model.loaded.model.save_pretrained(tmp_path)
    for file in Path(model.source.folder).glob("*token*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert language_head(open_model(str(tmp_path))) is None


def test_a_language_models_head_holds_no_second_copy_of_the_embeddings(smollm2):
    head = language_head(smollm2)
    held = {parameter.data_ptr() for parameter in head.model.parameters()}
    assert held == {smollm2.loaded.model.get_input_embeddings().weight.data_ptr()}


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


def test_what_cannot_be_ablated_is_refused_with_a_sentence(small):
    model = small("bert")
    with pytest.raises(UserError, match="no head L3H0"):
        ablate(model, [model.encode(CHEF)], [(3, 0)])
    with pytest.raises(UserError, match="way of its own"):
        ablate(replace(model, route="eager"), [model.encode(CHEF)], [(0, 0)])
    with pytest.raises(UserError, match="Use a shorter text"):
        ablate(replace(model, limit=4), [model.encode(CHEF)], [(0, 0)])
    with pytest.raises(UserError, match="by zero or by its mean"):
        ablate(model, [model.encode(CHEF)], [(0, 0)], by="noise")


def test_progress_ends_the_work_by_raising(small):
    model, told = small("bert"), []

    def stop(fraction):
        told.append(fraction)
        if len(told) == 3:
            raise KeyboardInterrupt

    encodings = [model.encode(CHEF)] * 3
    with pytest.raises(KeyboardInterrupt):
        measure(model, encodings, some_heads(model), logits=None, progress=stop)
    assert len(told) == 3
    told.clear()
    measure(model, encodings, some_heads(model), logits=None, progress=told.append)
    assert told == sorted(told) and told[-1] == pytest.approx(1)
