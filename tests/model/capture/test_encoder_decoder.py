"""The three parts of an encoder–decoder have the weights that the library's own eager attention gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel

from dashboard import ablate, attention, contributions, of_part, open_model, scores, verify
from dashboard.analyses.explore.api import attentions
from dashboard.capture import head_weights, read_part
from dashboard.capture.language import language_head
from dashboard.cli import main
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from tests.helpers import tiny
from tests.helpers.two_stacks import KINDS, SOURCE, START, TARGET, by_the_library, write, write_copier

PARTS = {"encoder": "encoder_attentions", "decoder": "decoder_attentions", "cross": "cross_attentions"}


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    made = {}

    def of(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp("two stacks") / kind
            write(kind, folder)
            made[kind] = open_model(str(folder)), folder
        return made[kind]

    return of


def whole_pass(folder, source, target, **more):
    with torch.inference_mode():
        return by_the_library(folder)(
            input_ids=torch.tensor([source.ids]), decoder_input_ids=torch.tensor([target.ids]), **more
        )


@pytest.mark.parametrize("kind", KINDS)
def test_all_parts_of_every_kind_have_the_library_s_weights(opened, kind):
    model, folder = opened(kind)
    assert model.parts == tuple(PARTS) and model.route == "tap"
    source = model.encode(SOURCE)
    target = of_part(model, "decoder", SOURCE).encode(TARGET)
    assert target.ids[0] == START
    expected = whole_pass(folder, source, target, output_attentions=True)
    for part, name in PARTS.items():
        read, encoding = read_part(model, SOURCE, part, TARGET)
        found = head_weights(read, encoding, read.all_heads)
        assert len(found) == sum(maps.shape[1] for maps in expected[name])
        for head, weights in zip(read.all_heads, found, strict=True):
            assert head.part == part
            maps = expected[name][head.layer][0, head.head].numpy()
            assert np.abs(weights - maps).max() < 1e-5, head
            assert np.allclose(weights.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_decoder_predicts_what_the_library_s_model_does(opened, kind):
    model, folder = opened(kind)
    decoder, target = read_part(model, SOURCE, "decoder", TARGET)
    head = language_head(decoder)
    vectors = decoder.last_vectors(torch.tensor([target.ids]))
    expected = whole_pass(folder, model.encode(SOURCE), target).logits[0]
    assert head is not None
    assert (head(vectors[0]) - expected).abs().max() < 1e-3 * expected.abs().max()


OUTPUTS = {
    ("t5", "decoder"): "decoder.block.{}.layer.0.SelfAttention.o",
    ("t5", "cross"): "decoder.block.{}.layer.1.EncDecAttention.o",
    ("bart", "decoder"): "model.decoder.layers.{}.self_attn.out_proj",
    ("bart", "cross"): "model.decoder.layers.{}.encoder_attn.out_proj",
    ("bart", "encoder"): "model.encoder.layers.{}.self_attn.out_proj",
}


@pytest.mark.parametrize(("kind", "part"), OUTPUTS)
def test_an_ablation_is_a_hook_on_the_library_s_own_projection(opened, kind, part):
    model, folder = opened(kind)
    read, encoding = read_part(model, SOURCE, part, TARGET)
    heads = [HeadId(0, 1, part), HeadId(2, 3, part)]
    table = ablate(read, encoding, heads).table
    target = encoding if part != "encoder" else None
    if target is None:
        assert table["shift"].gt(1e-4).all()  # what an encoder's vectors change by
        return
    library, logits = by_the_library(folder), []
    for head in (None, *heads):
        hook = None
        if head is not None:
            width = library.get_submodule(OUTPUTS[kind, part].format(head.layer)).in_features // read.heads
            cut = slice(head.head * width, (head.head + 1) * width)

            def silent(_module, args, cut=cut):
                mixed = args[0].clone()
                mixed[..., cut] = 0
                return (mixed, *args[1:])

            hook = library.get_submodule(OUTPUTS[kind, part].format(head.layer)).register_forward_pre_hook(silent)
        logits.append(whole_pass(folder, model.encode(SOURCE), target).logits[0])
        if hook:
            hook.remove()
    ids = torch.tensor(target.ids)
    loss = [torch.nn.functional.cross_entropy(one[:-1], ids[1:]) for one in logits]
    expected = [float(one - loss[0]) for one in loss[1:]]
    assert np.allclose(table["loss_change"], expected, atol=1e-4) and np.abs(expected).max() > 1e-4


@pytest.mark.parametrize("kind", ["t5", "bart", "t5gemma"])
def test_our_own_attention_equals_every_part(opened, kind):
    for part in PARTS:
        read, encoding = read_part(opened(kind)[0], SOURCE, part, TARGET)
        found = verify(read, encoding)
        assert len(found) == 3 and found["weights"].max() < 1e-5 and found["output"].max() < 1e-4, part


def test_a_view_of_cross_attention_has_the_target_s_words_as_rows_and_the_source_s_as_columns(opened):
    model, _ = opened("bart")
    view = attention(model, SOURCE, "X1H2", target=TARGET, unit="words")
    assert (view.text, view.target, view.causal) == (SOURCE, TARGET, False)
    assert view.queries.labels[1] == "She" and view.keys.labels[0] == "The"
    assert view.weights.shape == (len(view.queries), len(view.keys))
    decoder = attention(model, SOURCE, "D1H2", target=TARGET)
    assert (decoder.text, decoder.source, decoder.causal) == (TARGET, SOURCE, True)
    assert not np.triu(decoder.weights, 1).any()


def test_heads_of_several_parts_come_in_the_order_asked(opened):
    model, _ = opened("t5")
    names = ["X0H1", "L2H0", "D1H3", "X2H2"]
    views = attentions(model, SOURCE, names, target=TARGET)
    assert [str(view.head) for view in views] == names
    for name, view in zip(names, views, strict=True):
        assert np.array_equal(view.weights, attention(model, SOURCE, name, target=TARGET).weights)


def test_scores_of_cross_attention_are_those_of_its_maps(opened):
    model, _ = opened("bart")
    cross, target = read_part(model, SOURCE, "cross", TARGET)
    table = scores(cross, target)
    assert list(table.columns[:3]) == ["layer", "head", "part"] and set(table["part"]) == {"cross"}
    assert table[["self", "previous", "next", "distance", "induction"]].isna().all(axis=None)
    counted = ~np.array(target.special)
    source = model.encode(SOURCE)
    for row, weights in zip(table.itertuples(), head_weights(cross, target, cross.all_heads), strict=True):
        rows = weights[counted].astype(float)
        entropy = -(rows * np.log2(rows.clip(1e-300))).sum(1)
        assert np.isclose(row.entropy, entropy.mean(), atol=1e-4)
        assert np.isclose(row.first, rows[:, 0].mean(), atol=1e-5)
        assert np.isclose(row.spread, (2**entropy / len(source)).mean(), atol=1e-5)
        same = np.array(target.ids)[counted, None] == np.array(source.ids)
        some = same.any(1)
        assert np.isclose(row.same_token, (rows * same)[some].sum(1).mean(), atol=1e-5)


@pytest.mark.parametrize("part", ["decoder", "cross"])
def test_contributions_are_the_norms_of_what_is_carried_over(opened, part):
    model, folder = opened("bart")
    name = "X1H2" if part == "cross" else "D1H2"
    [view] = contributions(model, SOURCE, [name], target=TARGET)
    weights = attention(model, SOURCE, name, target=TARGET).weights
    library, source = by_the_library(folder), model.encode(SOURCE)
    attends = (
        library.model.decoder.layers[1].encoder_attn if part == "cross" else library.model.decoder.layers[1].self_attn
    )
    taken = []
    hook = attends.v_proj.register_forward_pre_hook(lambda _module, args: taken.append(args[0][0]))
    target = of_part(model, "decoder", SOURCE).encode(TARGET)
    whole_pass(folder, source, target)
    hook.remove()
    with torch.inference_mode():
        values = attends.v_proj(taken[-1])[:, 16:24] @ attends.out_proj.weight[:, 16:24].T
    expected = weights * values.norm(dim=1).numpy()
    assert np.allclose(view.weights, expected, atol=1e-5)


def test_a_model_that_copies_looks_along_the_diagonal(tmp_path):
    write_copier(tmp_path)
    view = attention(
        open_model(str(tmp_path)), "Two old pots wait by the water.", "X0H0", target="Two old pots wait by the water."
    )
    rows, columns = view.weights.shape
    assert rows == columns + 1  # the start token copies nothing
    assert (view.weights[1:].argmax(1) == np.arange(columns)).all() and np.diag(view.weights[1:]).min() > 0.9


def test_a_long_text_is_not_drawn_of_cross_attention(opened, tmp_path, capsys):
    _, folder = opened("bart")
    asked = ["chart", SOURCE, "--model", str(folder), "--target", TARGET, "--view", "long-text"]
    assert main([*asked, "--heads", "X0H1", "--out", str(tmp_path / "x.png")]) == 2
    assert "from one text to another" in capsys.readouterr().err.splitlines()[-1]
    assert main([*asked, "--heads", "D0H1", "--out", str(tmp_path / "d.png")]) == 0


def test_what_cannot_be_is_said(opened, minilm):
    model, _ = opened("t5")
    with pytest.raises(UserError, match="target"):
        attention(model, SOURCE, "X0H0")
    with pytest.raises(UserError, match="source"):
        of_part(model, "decoder")
    with pytest.raises(UserError, match="no encoder–decoder"):
        of_part(minilm, "cross", SOURCE)
    with pytest.raises(UserError, match="no target"):
        attention(minilm, SOURCE, "L0H0", target=TARGET)
    with pytest.raises(UserError, match="Choose its part"):
        scores(model, SOURCE).shape and model.check_head(HeadId(0, 0, "cross"))


def test_led_looks_within_its_window_and_at_the_source(tmp_path):
    """Its encoder hands out a band round the diagonal: it is held against q · k of the words within the window."""
    tiny.make("led", tmp_path, attention_window=[4, 8, 4])
    model = open_model(str(tmp_path))
    assert model.route == "eager" and model.parts == tuple(PARTS)
    root, source = model.whole.root, model.encode(SOURCE)
    n = len(source)
    taken = {}
    for layer in range(model.layers):
        for name in ("query", "key"):
            module = root.get_submodule(f"encoder.layers.{layer}.self_attn.longformer_self_attn.{name}")
            module.register_forward_hook(lambda *args, key=(layer, name): taken.__setitem__(key, args[2].clone()))
    with torch.inference_mode():
        root.get_encoder()(torch.tensor([source.ids]))
    for layer, window in enumerate((4, 8, 4)):
        q, k = (taken[layer, name].reshape(-1, model.heads, 8)[:n].transpose(0, 1) for name in ("query", "key"))
        apart = (torch.arange(n)[:, None] - torch.arange(n)).abs()
        scores = (q @ k.transpose(1, 2) / 8**0.5).masked_fill(apart > window // 2, -torch.inf)
        for head, expected in enumerate(scores.softmax(-1)):
            [found] = head_weights(model, source, [HeadId(layer, head, "encoder")])
            assert np.allclose(found, expected, atol=1e-5)
    _, target = read_part(model, SOURCE, "decoder", TARGET)
    library = AutoModel.from_pretrained(tmp_path, attn_implementation="eager").eval()
    with torch.inference_mode():
        output = library(
            input_ids=torch.tensor([source.ids]), decoder_input_ids=torch.tensor([target.ids]), output_attentions=True
        )
    for part in ("decoder", "cross"):
        read, encoding = read_part(model, SOURCE, part, TARGET)
        for head in read.all_heads:
            [found] = head_weights(read, encoding, [head])
            assert np.allclose(found, getattr(output, PARTS[part])[head.layer][0, head.head], atol=1e-5)
