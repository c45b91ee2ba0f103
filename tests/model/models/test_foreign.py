"""What people bring and what used to go wrong with it: each cause, and each a sentence or the right numbers."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

from dashboard import ablate, attention, profile, scores, verify
from dashboard.analyses.explore.api import attentions
from dashboard.analyses.inside.api import differs
from dashboard.analyses.inside.verify import Check
from dashboard.analyses.profile.library import read_profile
from dashboard.capture import open_model, probe, tap, visit
from dashboard.capture.budgets import budgets
from dashboard.capture.limits import limit_of
from dashboard.capture.probe import Unfit, probe_tap
from dashboard.cli import main
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, heads_of
from tests.helpers import tiny
from tests.helpers.eager import by_the_library

TEXT = " ".join(tiny.SENTENCES[:2])


@pytest.fixture
def made(tmp_path):
    """The folder of a tiny model of that kind."""

    def of(kind, **more):
        tiny.make(kind, tmp_path, **more)
        return tmp_path

    return of


def edit(folder, file="config.json", **changes):
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | changes))


def add_weights(folder, **more):
    file = folder / "model.safetensors"
    save_file(load_file(file) | more, file, metadata={"format": "pt"})


def refused(folder, *parts):
    with pytest.raises(UserError) as said:
        open_model(str(folder))
    for part in parts:
        assert part in str(said.value)
    assert "\n" not in str(said.value) and str(said.value).endswith((".", ")"))


# What the tap does not know


def call(**more):
    q = torch.randn(1, 2, 5, 4)
    return tap.attend(torch.nn.Linear(1, 1), q, q, q, None, is_causal=True, **more)


def test_whatever_the_tap_does_not_know_is_no_silence():
    with pytest.raises(UserError, match="hands “indices” to its attention"):
        call(indices=torch.zeros(1))
    with pytest.raises(tap.Unknown) as said:
        call(block_indices=torch.zeros(1), sliding_window=4, something_new=0)
    assert said.value.names == ("block_indices", "something_new")
    call(indices=None, sliding_window=4, position_ids=torch.zeros(1), cu_seq_lens_q=None)


def test_what_is_handed_on_later_only_is_said_then(made, monkeypatch):
    model = open_model(str(made("bert")))

    def hands_on(*_, **__):
        call(indices=torch.zeros(1))

    monkeypatch.setattr(model.loaded.model.encoder.layer[1], "forward", hands_on)
    with pytest.raises(UserError, match=f"Reading the text with {model.title} stopped. It also hands “indices”"):
        attention(model, TEXT, "L2H0")


def test_a_model_that_chooses_its_keys_says_what_it_hands_on(made):
    with pytest.raises(Unfit, match="depends on “indices”"):
        probe_tap(open_model_by_tap(made("deepseek_v32")))


def open_model_by_tap(folder):
    from dashboard.models import find, load

    return load(find(str(folder)), attn_implementation=tap.NAME).model


class ForgetsTheMask(tap.Call):
    """As a model whose attention changes beyond a budget, without a word: right up to 32 tokens."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.q.shape[2] > 32:
            self.mask, self.causal = None, True


def test_the_probe_goes_beyond_every_window(made, monkeypatch):
    folder = made("mistral", sliding_window=40)
    assert open_model(str(folder)).route == "tap"
    monkeypatch.setattr(tap, "Call", ForgetsTheMask)
    assert open_model(str(folder)).route == "eager"
    edit(folder, sliding_window=None)
    assert open_model(str(folder)).route == "tap", "without a window there is nothing to go beyond"


def test_a_window_that_is_too_long_to_be_tried_is_said(made, monkeypatch):
    folder = made("mistral", sliding_window=40)
    assert open_model(str(folder)).note is None
    monkeypatch.setattr(probe, "WORK", 0)
    assert "a window or a budget of 40 tokens" in open_model(str(folder)).note


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


# Weights that nobody reads


def test_weights_within_a_layer_that_the_library_dropped_are_no_silence(made):
    """BERT with relative positions, which this version of the library has not."""
    folder = made("bert")
    edit(folder, position_embedding_type="relative_key")
    add_weights(folder, **{"encoder.layer.1.attention.self.distance_embedding.weight": torch.zeros(255, 8)})
    refused(folder, "encoder.layer.1.attention.self.distance_embedding.weight", "“bert” does not know")


@pytest.mark.parametrize("name", ["layers.0.self_attn.q_norm.weight", "model.layers.2.mlp.gate.weight"])
def test_weights_within_a_layer_of_a_decoder(name, made):
    folder = made("llama")
    add_weights(folder, **{name: torch.zeros(8)})
    refused(folder, name)


def test_weights_of_the_embeddings_that_nobody_knows(made):
    folder = made("bert")
    add_weights(folder, **{"embeddings.segment_scale": torch.zeros(8)})
    refused(folder, "embeddings.segment_scale")


@pytest.mark.parametrize(
    "name",
    [
        "lm_head.weight",
        "classifier.bias",
        "cls.predictions.bias",
        "qa_outputs.weight",
        "bert.pooler.dense.other",
        "encoder.layer.0.attention.self.masked_bias",
    ],
)
def test_a_head_for_a_task_is_no_news(name, made):
    folder = made("bert")
    add_weights(folder, **{name: torch.zeros(8)})
    assert open_model(str(folder)).note is None


def test_fewer_layers_than_the_file_has_are_said(made):
    folder = made("llama")
    whole = open_model(str(folder))
    edit(folder, num_hidden_layers=2)
    model = open_model(str(folder))
    assert model.numbers == (0, 1)
    assert "layers up to 2" in model.note and "names 2" in model.note
    a, b = (attention(one, TEXT, "L1H3").weights for one in (whole, model))
    assert abs(a - b).max() < 1e-6


def test_code_of_its_own_over_a_known_type_is_said(made):
    folder = made("llama")
    edit(folder, auto_map={"AutoConfig": "configuration_x.X", "AutoModelForCausalLM": "modeling_x.XForCausalLM"})
    note = open_model(str(folder)).note
    assert "modeling_x.XForCausalLM" in note and "the library's “llama”" in note


def test_an_adapter_next_to_a_whole_model_is_not_put_on_in_silence(made):
    folder = made("llama")
    assert attention(open_model(str(folder)), TEXT, "L2H1").weights.any()
    width, rank = tiny.WIDTH, 2
    names = [f"base_model.model.layers.{n}.self_attn.q_proj" for n in range(tiny.LAYERS)]
    adapter = {f"{name}.lora_A.weight": torch.randn(rank, width) for name in names}
    adapter |= {f"{name}.lora_B.weight": torch.randn(tiny.HEADS * 8, rank) for name in names}
    save_file(adapter, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    said = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": 8,
        "target_modules": ["q_proj"],
        "base_model_name_or_path": "x/y",
    }
    (folder / "adapter_config.json").write_text(json.dumps(said))
    with pytest.raises(UserError, match="a whole model and an adapter beside it"):
        open_model(str(folder))


# Tokenizers and their weights


def test_a_token_that_every_text_gets_needs_a_row(made):
    """GPT-2 with a <s> that was added and never given a row: what we put in front of its texts."""
    folder = made("gpt2")
    grown = PreTrainedTokenizerFast.from_pretrained(folder)
    grown.add_special_tokens({"bos_token": "<begin>"})
    last = max(grown.get_vocab().values())
    assert last < tiny.VOCABULARY
    tiny.make("gpt2", folder, vocab_size=last)
    grown.save_pretrained(folder)
    refused(folder, f"ids up to {last}, its weights know {last}", f"model.resize_token_embeddings({last + 1})")


def test_an_added_token_without_a_row_is_refused_where_it_is_typed(made):
    folder = made("gpt2")
    grown = PreTrainedTokenizerFast.from_pretrained(folder)
    grown.add_tokens([f"<extra{number}>" for number in range(40)], special_tokens=True)
    grown.save_pretrained(folder)
    model = open_model(str(folder))
    attention(model, TEXT, "L0H0")
    with pytest.raises(
        UserError, match=r"“<extra39>” has the id \d+, and the weights of .* know 400 tokens.*resize_token"
    ):
        attention(model, "A heron <extra39> waits.", "L0H0")


@pytest.mark.parametrize("pad", ["missing", None, -1, 10**6])
def test_padding_that_is_no_token_pads_all_the_same(pad, made):
    folder = made("codegen")
    model = open_model(str(folder))
    config = model.loaded.model.config
    if pad == "missing":
        assert not hasattr(config, "pad_token_id") or delattr(config, "pad_token_id") is None
    else:
        config.pad_token_id = pad
    texts = [model.encode(tiny.SENTENCES[0]), model.encode("A heron.")]
    maps = {}

    class Keep:
        def block(self, block):
            maps[block.text, block.layer] = block.weights.numpy().copy()

    visit(model, texts, Keep())
    for place, text in enumerate(texts):
        assert abs(maps[place, 1] - by_the_library(folder, text.ids)[1]).max() < 1e-5


@pytest.mark.parametrize(
    ("kind", "name"),
    [("codegen", "n_positions"), ("ctrl", "n_positions"), ("mpt", "max_seq_len"), ("xlm", "max_position_embeddings")],
)
def test_limits_by_whatever_name(kind, name, made):
    folder = made(kind, **{"max_seq_len" if kind == "mpt" else "max_position_embeddings": 48})
    assert json.loads((folder / "config.json").read_text())[name] == 48
    model = open_model(str(folder))
    assert model.limit == 48
    encoding = model.encode(" ".join(tiny.SENTENCES) * 3)
    assert len(encoding) == 48 and encoding.left_out
    assert attention(model, encoding, "L1H1").weights.shape == (48, 48)


@pytest.mark.parametrize("kind", ["gpt2", "bert", "opt"])
def test_no_more_tokens_than_the_table_of_positions_has(kind, made):
    model = open_model(str(made(kind))).loaded.model
    model.config.max_position_embeddings = 4096
    assert limit_of(model, None) == tiny.POSITIONS


def test_a_mask_with_one_row(made):
    """LayoutLM's mask says only which keys are padding, in one row for all queries."""
    folder = made("layoutlm")
    model = open_model(str(folder))
    assert model.route == "tap"
    texts = [model.encode(tiny.SENTENCES[0]), model.encode("A heron.")]
    shapes = []

    class Look:
        def block(self, block):
            shapes.append(block.allowed is None or block.allowed.shape == block.weights.shape[1:])

    visit(model, texts, Look(), rows=7)
    assert len(shapes) > 6 and all(shapes)
    assert len(scores(model, texts[0])) == tiny.LAYERS * tiny.HEADS


def test_no_last_hidden_state(made):
    """DPR hands out a pooled vector, and the last vectors among its hidden states only."""
    model = open_model(str(made("dpr")))
    effect = ablate(model, TEXT, ["L2H1"])
    assert model.hidden and np.isfinite(effect.table.iloc[0, 2])


# Layers by their own numbers


@pytest.fixture
def hybrid(made):
    return open_model(
        str(made("lfm2", layer_types=["conv", "conv", "full_attention", "conv", "full_attention"], num_hidden_layers=5))
    )


def test_layers_are_named_by_the_models_own_numbers(hybrid):
    assert (hybrid.layers, hybrid.numbers, hybrid.extent) == (5, (2, 4), "attention in 2 of 5 layers")
    assert "attention in 2 of 5 layers: layers 2 and 4" in hybrid.note
    encoding = hybrid.encode(TEXT)
    first, last = by_the_library(hybrid.source.folder, encoding.ids)
    views = attentions(hybrid, encoding, ["L4H3", "L2H0"])
    assert abs(views[0].weights - last[3]).max() < 1e-5 and abs(views[1].weights - first[0]).max() < 1e-5
    for wrong, sentence in (("L0H0", "Layer 0 of .* has no attention"), ("L3H1", "Choose layers 2 and 4")):
        with pytest.raises(UserError, match=sentence):
            attention(hybrid, TEXT, wrong)
    assert sorted(set(scores(hybrid, encoding)["layer"])) == [2, 4]
    assert list(verify(hybrid, encoding)["layer"]) == [2, 4]


def test_an_ablated_head_is_that_of_the_layer_named(hybrid):
    """Against the same model with the rows of this head's output projection set to 0."""
    encoding = hybrid.encode(TEXT)
    effect = ablate(hybrid, encoding.text, ["L2H1", "L4H2"])
    assert [(int(row.layer), int(row.head)) for row in effect.table.itertuples()] == [(2, 1), (4, 2)]
    from dashboard.capture.ablate import ablate as without

    ids = torch.tensor([encoding.ids])
    _, runs = without(hybrid, [encoding], [[HeadId(4, 2)]])
    found = next(iter(runs)).vectors[0, 0]
    projection = hybrid.loaded.model.layers[4].self_attn.out_proj.weight
    kept = projection.detach().clone()
    projection[:, 16:24] = 0
    expected = hybrid.loaded.model(ids).last_hidden_state[0]
    projection.copy_(kept)
    assert abs(found - expected).max() < 1e-5
    assert abs(found - hybrid.loaded.model(ids).last_hidden_state[0]).max() > 1e-3


def test_a_profile_of_some_layers_is_read_back_with_their_numbers(hybrid, treebank, tmp_path):
    made = profile(hybrid, treebank, tmp_path / "profile", limit=8)
    back = read_profile(tmp_path / "profile")
    for table in (made.heads, made.dependencies, made.best, back.heads, back.dependencies, back.moments):
        assert set(table["layer"]) <= {2, 4}
    assert heads_of(back.heads) == list(hybrid.all_heads)


def test_the_command_line_speaks_of_the_same_layers(hybrid, tmp_path, capsys):
    folder, out = str(hybrid.source.folder), tmp_path / "x.csv"
    assert main(["attention", TEXT, "--model", folder, "--layer", "4", "--head", "0", "--out", str(out)]) == 0
    assert "attention in 2 of 5 layers" in capsys.readouterr().err
    assert main(["attention", TEXT, "--model", folder, "--layer", "0", "--head", "0", "--out", str(out)]) == 2
    assert "Layer 0 of" in capsys.readouterr().err


# Errors of a model's own code


@pytest.mark.parametrize(
    "error",
    [
        KeyError("half"),
        IndexError("out of range"),
        ZeroDivisionError(),
        RuntimeError("a\nb"),
        MemoryError(),
        TypeError(),
    ],
)
def test_whatever_a_models_code_raises_is_a_sentence(error, made):
    model = open_model(str(made("bert")))

    def broken(*args, **kwargs):
        raise error

    model.loaded.model.encoder.layer[1].forward = broken
    for work in (
        lambda: attention(model, TEXT, "L2H0"),
        lambda: scores(model, TEXT),
        lambda: verify(model, TEXT),
        lambda: ablate(model, TEXT, ["L2H0"]),
    ):
        with pytest.raises(UserError, match=f"Reading the text with {model.title}") as said:
            work()
        assert "\n" not in str(said.value) and "choose another model" in str(said.value)


def test_whatever_a_tokenizers_code_raises_is_a_sentence(made, monkeypatch):
    model = open_model(str(made("bert")))

    def broken(*_, **__):
        raise KeyError("piece")

    monkeypatch.setattr("dashboard.capture.model.encode", broken)
    with pytest.raises(UserError, match=r"Splitting the text into tokens for .* failed: “piece” is missing"):
        model.encode(TEXT)


def test_whatever_opening_raises_is_a_sentence(made, monkeypatch):
    folder = made("bert")

    def broken(*_, **__):
        raise LookupError("nowhere")

    monkeypatch.setattr("dashboard.capture.open.limit_of", broken)
    refused(folder, "Opening “", "LookupError: nowhere", "Choose another model")


def test_what_cannot_be_compared_does_not_pass():
    nan = float("nan")
    sound = Check(0, "x", 0.0, 1e-7, 3.0)
    assert sound.holds and replace(sound, output=nan, size=nan).holds  # no output projection to be seen
    assert not replace(sound, weights=nan).holds
    assert not replace(sound, output=nan).holds
    assert not replace(sound, output=float("inf"), size=nan).holds


@pytest.mark.parametrize("where", ["weights", "output"])
def test_verify_counts_what_is_no_number(where, made):
    model = open_model(str(made("llama")))
    table = verify(model, TEXT)
    assert not differs(table)
    assert differs(table.assign(**{where: [0.0, float("nan"), 0.0]}))


def test_a_model_that_computes_no_number_differs(made):
    model = open_model(str(made("llama")))
    model.loaded.model.layers[2].self_attn.o_proj.weight[0, 0] = float("nan")
    assert differs(verify(model, TEXT))


def test_no_head_is_named_that_is_not_there(made):
    model = open_model(str(made("gpt2")))
    with pytest.raises(UserError, match="no head L3H0"):
        attention(model, TEXT, HeadId(3, 0))
