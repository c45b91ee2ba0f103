"""A layer's input, weights and output are found in every kind of model, and ours made of them is the model's own."""

import threading

import pytest
import torch

from dashboard.analyses.contribution.norms import weighted_values
from dashboard.analyses.inside import api as inside
from dashboard.analyses.inside.verify import check
from dashboard.builtin.grouped_heads import join_heads
from dashboard.capture.layer_trace import layer_run, watch_layers
from dashboard.errors import UserError
from dashboard.models import load

TEXT = "The chef who trained in Osaka says ramen is her favourite food."
# Kinds whose projections can be told apart, from several families: separate, scaled, fused one after the other, fused
# by turns, turned wholly or in part, one module for all layers, a window, a softcap, sinks.
FROM_X = (
    "bert",
    "roberta",
    "distilbert",
    "albert",
    "opt",
    "gpt2",
    "gpt_neox",
    "llama",
    "mistral",
    "qwen2",
    "gemma2",
    "gpt_oss",
)
FROM_QKV = ("qwen3", "cohere")  # kinds that norm or turn their queries in a way of their own
OUTPUTS = {  # the modules whose result is the attention output, by name
    "bert": "encoder.layer.{}.attention.output.dense",
    "roberta": "encoder.layer.{}.attention.output.dense",
    "distilbert": "transformer.layer.{}.attention.out_lin",
    "opt": "decoder.layers.{}.self_attn.out_proj",
    "albert": "encoder.albert_layer_groups.0.albert_layers.0.attention.dense",
    "gpt2": "h.{}.attn",
    "gpt_neox": "layers.{}.attention",
}


def spread(model):
    """Attention that means something."""
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1 and "embed" not in name:
            parameter.normal_(0.0, 0.3)
        if name.endswith(("bias", "sinks")):
            parameter.normal_(0.0, 0.5)


def by_a_copy(model, encoding, name: str):
    """A copy of the model with the library's eager attention: its weights (layers, h, n, n), and what the modules of
    this name are given and give, a layer each."""
    copy = load(model.source, attn_implementation="eager").model
    given, gives = [], []

    def keep(_module, args, kwargs, output):
        given.append((args[0] if args else kwargs["hidden_states"])[0].clone())
        gives.append((output[0] if isinstance(output, tuple) else output)[0].clone())

    for path in dict.fromkeys(name.format(layer) for layer in range(model.layers)):  # one module may be all layers
        copy.get_submodule(path).register_forward_hook(keep, with_kwargs=True)
    with torch.inference_mode():
        weights = copy(torch.tensor([encoding.ids]), output_attentions=True).attentions
    return torch.cat(weights), given, gives


def ours(model, encoding):
    """Our weights (layers, h, n, n) and outputs (layers, n, D), each from what the layer reads."""
    weights, outputs = [], []

    def receive(run):
        steps = run.attend(run.parts())
        weights.append(steps.weights[..., : len(encoding)].clone())
        outputs.append(join_heads(steps.mixed) @ run.w_o + run.b_o)

    watch_layers(model, encoding, receive)
    return torch.stack(weights), torch.stack(outputs)


def summed(model, encoding):
    """What every head carries over from every key, Σ A v W_O, and the bias: (layers, n, D)."""
    outputs = []

    def receive(run):
        heads = [weighted_values(run, head) for head in range(model.heads)]
        outputs.append(sum(torch.tensor(one.weights @ one.projected) for one in heads) + run.b_o)

    watch_layers(model, encoding, receive)
    return torch.stack(outputs)


@pytest.mark.parametrize("kind", FROM_X)
def test_ours_from_x_is_the_library_s_own(kind, small_model):
    model = small_model(kind, spread)
    encoding = model.encode(TEXT)
    checks = []
    watch_layers(model, encoding, lambda run: checks.append(check(run)))
    assert [one.begins for one in checks] == ["x"] * 3
    assert max(one.weights for one in checks) < 1e-5 and max(one.output for one in checks) < 1e-5
    assert min(one.size for one in checks) > 0.1
    weights, outputs = ours(model, encoding)
    own_weights, _, own_outputs = by_a_copy(model, encoding, OUTPUTS.get(kind, "layers.{}.self_attn"))
    assert (weights - own_weights).abs().max() < 1e-5
    assert (outputs - torch.stack(own_outputs)).abs().max() < 1e-5
    assert (summed(model, encoding) - torch.stack(own_outputs)).abs().max() < 1e-5


@pytest.mark.parametrize("kind", FROM_QKV)
def test_where_projections_cannot_be_told_apart_ours_begins_with_q_k_v(kind, small_model):
    model = small_model(kind, spread)
    encoding = model.encode(TEXT)
    run = layer_run(model, encoding, 1)
    assert run.x is None and run.layer is None and run.w_o is not None
    found = check(run)
    assert found.begins == "q, k, v" and found.weights < 1e-5 and found.output < 1e-5
    this = inside.look_inside(model, TEXT, "L1H2")
    assert "x" not in this.maps and list(this.maps)[:3] == ["q", "k", "v"]


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_both_models_by_an_eager_copy(name, request):
    """The second way in full: another copy of the model, its own eager weights, its own modules' outputs."""
    model = request.getfixturevalue(name)
    encoding = model.encode(TEXT)
    weights, outputs = ours(model, encoding)
    modules = {"minilm": "encoder.layer.{}.attention.output.dense", "smollm2": "layers.{}.self_attn"}[name]
    own_weights, own_inputs, own_outputs = by_a_copy(model, encoding, modules)
    assert (weights - own_weights).abs().max() < 1e-5
    assert (outputs - torch.stack(own_outputs)).abs().max() < 1e-4
    if name == "smollm2":  # here the module has the projections as well, so its input is X
        assert (layer_run(model, encoding, 4).x - own_inputs[4]).abs().max() < 1e-4


def test_the_weights_are_the_model_s_and_not_copied(smollm2):
    attention = smollm2.loaded.model.layers[4].self_attn
    run = layer_run(smollm2, smollm2.encode(TEXT), 4)
    assert torch.equal(run.layer.w_q, attention.q_proj.weight.T)
    assert run.layer.w_q.data_ptr() == attention.q_proj.weight.data_ptr()
    assert torch.equal(run.layer.w_o, attention.o_proj.weight.T)
    assert (run.layer.heads, run.layer.groups) == (9, 3)
    assert torch.equal(run.layer.rotate.keywords["turn"], smollm2.loaded.model.rotary_emb.inv_freq)


def test_a_broken_layer_is_seen(minilm):
    """The check finds what it is there to find: a mask, a scale, a matrix that is not the model's."""
    from dataclasses import replace

    run = layer_run(minilm, minilm.encode(TEXT), 2)
    assert check(run).holds
    other = replace(run.layer, scale=run.layer.scale * 1.01)
    assert check(replace(run, layer=other)).weights > 1e-4
    other = replace(run.layer, w_q=run.layer.w_q.roll(32, 1))
    assert not check(replace(run, layer=other)).holds
    bias = run.b_o + 0.001
    assert check(replace(run, b_o=bias, layer=replace(run.layer, b_o=bias))).output > 5e-4


def test_long_texts_go_in_blocks_and_give_the_same(minilm, monkeypatch):
    from dashboard.analyses.inside import verify

    run = layer_run(minilm, minilm.encode(TEXT * 3), 1)
    whole = verify.whole_layer(run)
    monkeypatch.setattr("dashboard.capture.layer_trace.CELLS", 12 * len(run.x) * 5)
    monkeypatch.setattr(verify, "AT_ONCE", 0)
    blocks = verify.whole_layer(run)
    assert whole.at_once and not blocks.at_once
    assert (whole.output - blocks.output).abs().max() < 1e-5
    assert (whole.joined - blocks.joined).abs().max() < 1e-5


def test_two_threads_do_not_see_each_others_layers(minilm, smollm2):
    jobs = [(minilm, "Birds sing at dawn.", 3), (minilm, TEXT, 1), (smollm2, TEXT, 2)]
    alone = [layer_run(model, model.encode(text), layer).output for model, text, layer in jobs]
    wrong, start = [], threading.Barrier(len(jobs))

    def work(place):
        model, text, layer = jobs[place]
        start.wait()
        for _ in range(15):
            found = layer_run(model, model.encode(text), layer)
            if found.number != layer or found.output.shape != alone[place].shape or check(found).weights > 1e-5:
                wrong.append(place)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_model_that_shows_no_queries_is_told(small_model, refuses):
    model = small_model("diffllama", spread)
    assert model.route == "eager"
    with refuses(UserError):
        inside.verify(model, TEXT)


def test_what_does_not_exist_is_a_sentence(minilm, refuses):
    encoding = minilm.encode(TEXT)
    with refuses(UserError, "layer 6"):
        layer_run(minilm, encoding, 6)
    with pytest.raises(UserError, match="L9H9"):
        inside.look_inside(minilm, TEXT, "L9H9")
    with refuses(UserError, "tokens 0 to"):
        inside.draw_inside(inside.look_inside(minilm, TEXT, "L0H2"), query=99)
    with refuses(UserError):
        inside.draw_inside(inside.look_inside(minilm, TEXT, "L0H2"), step="magic")
