"""What a layer adds to the stream, against hooks on the modules that compute it, in every kind of model."""

import threading
from dataclasses import replace

import pytest
import torch

from dashboard.capture.residual_stream import follow
from dashboard.errors import UserError

TEXT = "The chef who trained in Osaka says ramen is her favourite food, and nobody who eats it disagrees."
# kind → the modules whose outputs are what attention and what the feed-forward part adds
KINDS = {
    "bert": ("encoder.layer.{}.attention.output.dense", "encoder.layer.{}.output.dense"),
    "distilbert": ("transformer.layer.{}.attention.out_lin", "transformer.layer.{}.ffn"),
    "albert": (
        "encoder.albert_layer_groups.0.albert_layers.0.attention.dense",
        "encoder.albert_layer_groups.0.albert_layers.0.ffn_output",
    ),
    "gpt2": ("h.{}.attn", "h.{}.mlp"),
    "opt": ("decoder.layers.{}.self_attn", "decoder.layers.{}.fc2"),
    "gpt_neox": ("layers.{}.attention", "layers.{}.mlp"),
    "gptj": ("h.{}.attn", "h.{}.mlp"),
    "cohere": ("layers.{}.self_attn", "layers.{}.mlp"),
    "llama": ("layers.{}.self_attn", "layers.{}.mlp"),
    "granite": (None, None),
    "gemma2": ("layers.{}.post_attention_layernorm", "layers.{}.post_feedforward_layernorm"),
    "gpt_oss": ("layers.{}.self_attn", "layers.{}.mlp"),
    "qwen2_moe": ("layers.{}.self_attn", "layers.{}.mlp"),
}
AFTER = {"bert", "distilbert", "albert"}  # they normalise the stream itself


class Steps(list):
    step = list.append


def first(output):
    return (output[0] if isinstance(output, tuple) else output).clone()


def hooked(model, path, encoding):
    """What the modules of this path give in a plain forward pass, in the order in which they run."""
    seen, modules = [], dict(model.named_modules())
    paths = dict.fromkeys(path.format(layer) for layer in range(100))
    handles = [
        modules[one].register_forward_hook(lambda module, args, output: seen.append(first(output)))
        for one in paths
        if one in modules
    ]
    with torch.no_grad():
        model(torch.tensor([encoding.ids]))
    for handle in handles:
        handle.remove()
    return [one.reshape(len(encoding), -1) for one in seen]


def followed(model, encoding):
    steps = Steps()
    follow(model, encoding, steps)
    return steps


def even(model):
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.normal_(0, parameter.shape[-1] ** -0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_are_what_the_models_own_modules_add(kind, small_model):
    model = small_model(kind, even)
    encoding = model.encode(TEXT)
    steps = followed(model, encoding)
    assert [step.layer for step in steps] == [0, 1, 2]
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        whole = step.before + step.attention + step.feed_forward + step.normalisation
        assert torch.allclose(whole, step.after, atol=1e-5)
        assert following is None or torch.equal(step.after, following.before)
        rest = float(step.normalisation.norm() / (step.after - step.before).norm())
        assert rest > 0.05 if kind in AFTER else rest < 1e-5
    for part, path in zip(("attention", "feed_forward"), KINDS[kind], strict=True):
        if path:
            for step, expected in zip(steps, hooked(model.loaded.model, path, encoding), strict=True):
                assert torch.allclose(getattr(step, part), expected, atol=1e-5), (step.layer, part)


def test_a_scale_on_the_way_to_the_stream_is_part_of_what_is_added(small_model):
    model = small_model("granite", even)
    encoding = model.encode(TEXT)
    steps = followed(model, encoding)
    for part, path in (("attention", "layers.{}.self_attn"), ("feed_forward", "layers.{}.mlp")):
        for step, whole in zip(steps, hooked(model.loaded.model, path, encoding), strict=True):
            assert torch.allclose(getattr(step, part), 0.5 * whole, atol=1e-5)


@pytest.mark.parametrize("kind", ["gpt2", "bert", "gemma2"])
@pytest.mark.parametrize("heads", [1, 4])
def test_a_single_head_and_a_single_layer_are_read_as_well(kind, heads, small_model):
    one = {"num_attention_heads": heads, "num_key_value_heads": 1, "num_hidden_layers": 1, "head_dim": 32 // heads}
    model = small_model(kind, even, **one)
    encoding = model.encode("Hi")
    [step] = followed(model, encoding)
    [expected] = hooked(model.loaded.model, KINDS[kind][0], encoding)
    assert torch.allclose(step.attention, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_the_real_models_against_their_own_modules(name, request):
    model = request.getfixturevalue(name)
    encoding = model.encode(TEXT)
    steps = followed(model, encoding)
    assert len(steps) == model.layers
    paths = KINDS["bert" if name == "minilm" else "llama"]
    for part, path in zip(("attention", "feed_forward"), paths, strict=True):
        for step, expected in zip(steps, hooked(model.loaded.model, path, encoding), strict=True):
            assert torch.allclose(getattr(step, part), expected, rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        states = model.loaded.model(torch.tensor([encoding.ids]), output_hidden_states=True).hidden_states
    for step, state in zip(steps, states, strict=False):
        assert torch.allclose(step.before, state[0], rtol=1e-4, atol=1e-4)


def test_a_model_that_computes_attention_its_own_way_is_refused_with_a_sentence(minilm, refuses):
    own = replace(minilm, route="eager")
    with refuses(UserError):
        followed(own, minilm.encode("Hi"))


def test_a_text_longer_than_the_model_takes_is_refused_with_a_sentence(minilm, refuses):
    with refuses(UserError):
        followed(replace(minilm, limit=4), minilm.encode(TEXT))


def test_two_threads_follow_one_model_without_meeting(minilm):
    texts = [TEXT, "Two birds.", "Nobody knew the old bridge.", "One two three four five six seven."]
    expected = [followed(minilm, minilm.encode(text)) for text in texts]
    wrong = []

    def run(which):
        for _ in range(4):
            steps = followed(minilm, minilm.encode(texts[which]))
            pairs = zip(steps, expected[which], strict=True)
            if not all(torch.allclose(a.attention, b.attention, atol=1e-4) for a, b in pairs):
                wrong.append(which)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
