"""Heads carried over, against the same by hooks on the library's own model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashboard import open_model
from dashboard.analyses.patching.pair import pair_of
from dashboard.capture.encoder_decoder import of_part
from dashboard.capture.interventions import Patch, between, head_of_language
from dashboard.capture.interventions.carry import MOST
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from tests.helpers import patched, tiny
from tests.helpers.patched import two_texts

KINDS = ["smollm2", "gpt2", "llama", "gemma2", "gpt_oss", "gpt_neo"]


def some_heads(model):
    """In the first layer, in the middle and in the last."""
    numbers = model.numbers
    return [HeadId(layer, layer % model.heads) for layer in (numbers[0], numbers[len(numbers) // 2], numbers[-1])]


def difference(pair, logits):
    return float(logits[pair.answer] - logits[pair.rival])


@pytest.mark.parametrize("kind", KINDS)
def test_every_patch_is_a_hook_on_the_librarys_output_projection(kind, opened):
    model = opened(kind)
    a, b = two_texts(model)
    pair, root = pair_of(model, a, b), patched.librarys(model)
    modules = patched.projections(root)
    donor = patched.taken(root, a.ids, modules)
    places = [None, (len(b) - 1,), (pair.first, pair.first + 2), (1,)]
    patches = [Patch((head,), (), where) for head in some_heads(model) for where in places]
    found = pair.figures(patches)
    assert pair.m_donor == pytest.approx(difference(pair, patched.logits(root, a.ids)), abs=1e-5, rel=1e-5)
    for value, one in zip(found, patches, strict=True):
        [head] = one.heads
        where = slice(None) if one.positions is None else list(one.positions)
        at = model.numbers.index(head.layer)
        with patched.inputs_changed({modules[at]: patched.with_head(donor[at], head.head, model.heads, where)}):
            expected = difference(pair, patched.logits(root, b.ids))
        assert value == pytest.approx(expected, abs=1e-5, rel=1e-5), one
    changed = np.abs(found - pair.m_base).reshape(-1, len(places))
    assert (changed[:, 0] > 1e-3).all() and (changed[:, 3] == 0).all()  # before the first difference nothing changes


def test_several_heads_and_feed_forward_parts_together(opened):
    model = opened("llama")
    a, b = two_texts(model)
    pair, root = pair_of(model, a, b, mlps=True), patched.librarys(model)
    projections, mlps = patched.projections(root), patched.mlps(root)
    donor, added = patched.taken(root, a.ids, projections), patched.taken(root, a.ids, mlps, outputs=True)
    patches = [Patch((HeadId(0, 1), HeadId(2, 3)), (1,)), Patch((), (0,), (5, 7)), Patch((HeadId(1, 0),), (2,))]

    def at(places, layer):
        def change(given):
            given[0, places] = added[layer][places]
            return given

        return change

    expected = []
    for inputs, outputs in (
        ({0: patched.with_head(donor[0], 1, 4), 2: patched.with_head(donor[2], 3, 4)}, {1: at(slice(None), 1)}),
        ({}, {0: at([5, 7], 0)}),
        ({1: patched.with_head(donor[1], 0, 4)}, {2: at(slice(None), 2)}),
    ):
        given = {projections[layer]: change for layer, change in inputs.items()}
        made = {mlps[layer]: change for layer, change in outputs.items()}
        with patched.inputs_changed(given), patched.outputs_changed(made):
            expected.append(difference(pair, patched.logits(root, b.ids)))
    assert pair.figures(patches) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", [*KINDS[:5], "opt", "granite", "gpt_neox"])
def test_itself_changes_nothing_and_everything_gives_the_other_text(kind, opened):
    model = opened(kind)
    a, b = two_texts(model)
    pair = pair_of(model, a, b, mlps=True)
    every = Patch(model.all_heads, model.numbers)
    assert pair.figures([every, Patch((model.all_heads[-1],)), every], pair.base).tolist() == [pair.m_base] * 3
    [value] = pair.figures([every])
    assert value == pytest.approx(pair.m_donor, abs=1e-5) and abs(pair.m_donor - pair.m_base) > 0.01
    mlps = pair.figures([Patch((), (layer,)) for layer in model.numbers])
    assert (np.abs(mlps - pair.m_base) > 1e-4).all()


@pytest.mark.parametrize("kind", ["smollm2", "llama", "gemma2"])
def test_shared_keys_of_the_tokens_before_change_no_figure(kind, opened, monkeypatch):
    model = opened(kind)
    pair = pair_of(model, *two_texts(model))
    heads = some_heads(model)
    patches = [
        Patch((head,), (), where) for head in heads for where in (None, *((k,) for k in range(len(pair.base.encoding))))
    ]
    found = pair.figures(patches)
    assert pair.into._shares and all(shared is not None for shared in pair.into._shares.values())
    monkeypatch.setattr(pair.into, "_prefix", lambda start: None)
    assert found == pytest.approx(pair.figures(patches), abs=1e-4 if kind == "smollm2" else 1e-5)


def test_two_heads_of_the_same_weights_carry_the_same(tmp_path):
    tiny.make("llama", tmp_path, head="causal")
    root = patched.AutoModelForCausalLM.from_pretrained(tmp_path)
    with torch.no_grad():
        for layer in root.model.layers:  # heads 0 and 1 have the same key and value head
            own = layer.self_attn
            size = own.head_dim
            own.q_proj.weight[size : 2 * size] = own.q_proj.weight[:size]
            own.o_proj.weight[:, size : 2 * size] = own.o_proj.weight[:, :size]
    root.save_pretrained(tmp_path)
    model = open_model(str(tmp_path))
    a, b = two_texts(model)
    pair = pair_of(model, a, b)
    heads = [HeadId(layer, head) for layer in range(3) for head in range(4)]
    found = pair.recovered(pair.figures([Patch((head,)) for head in heads])).reshape(3, 4)
    assert found[:, 0] == pytest.approx(found[:, 1], abs=1e-5)
    assert (np.abs(found[:, 0] - found[:, 2]) > 1e-3).all()
    back = pair_of(model, b, a)  # the other way, all heads together: what one way gives, the other takes
    assert {back.answer, back.rival} == {pair.answer, pair.rival}
    every = Patch(model.all_heads)
    assert pair.recovered(pair.figures([every])) == pytest.approx(1.0, abs=1e-4)
    assert back.recovered(back.figures([every])) == pytest.approx(1.0, abs=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("kind", ["smollm2", "llama", "gpt2", "granite"])
def test_the_direct_effect_by_hand(kind, opened):
    model = opened(kind)
    a, b = two_texts(model)
    pair, root = pair_of(model, a, b), patched.librarys(model)
    modules = patched.projections(root)
    own, other = (patched.taken(root, one.ids, modules) for one in (b, a))
    norm = root.transformer.ln_f if kind == "gpt2" else root.model.norm
    [[*_, x]] = patched.taken(root, b.ids, [norm])
    read = root.get_output_embeddings().weight.double() / getattr(root.config, "logits_scaling", 1.0)
    heads = some_heads(model)
    expected = []
    for head in heads:
        mine = patched.columns(head.head, own[0].shape[-1], model.heads)
        weight = modules[head.layer].weight.double() if kind == "gpt2" else modules[head.layer].weight.double().T
        change = (other[head.layer][-1] - own[head.layer][-1]).double()[mine] @ weight[mine]
        change = change * getattr(root.config, "residual_multiplier", 1.0)
        if kind == "gpt2":
            normed = (change - change.mean()) / (x.double().var(correction=0) + norm.eps).sqrt() * norm.weight.double()
        else:
            normed = change / (x.double().square().mean() + norm.variance_epsilon).sqrt() * norm.weight.double()
        expected.append(float(normed @ (read[pair.answer] - read[pair.rival])))
    assert pair.direct(heads) - pair.m_base == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert max(map(abs, expected)) > 1e-3
    if kind != "smollm2":
        assert pair.direct(heads[:1])[0] != pytest.approx(pair.figures([Patch((heads[0],))])[0], abs=1e-3)


@torch.inference_mode()
def test_the_direct_effect_through_a_cap_by_hand(tmp_path):
    """Gemma 2 norms what a layer adds, and caps its logits: neither is linear."""
    tiny.make("gemma2", tmp_path, head="causal", final_logit_softcapping=4.0)
    model = open_model(str(tmp_path))
    a, b = two_texts(model)
    pair, root = pair_of(model, a, b), patched.librarys(model)
    modules, norm = patched.projections(root), root.model.norm
    own, other = (patched.taken(root, one.ids, modules) for one in (b, a))
    [[*_, x]] = patched.taken(root, b.ids, [norm])
    read = root.get_output_embeddings().weight.double()[[pair.answer, pair.rival]]
    scale = (x.double().square().mean() + norm.eps).rsqrt() * (1 + norm.weight.double())

    def apart(stream):
        one, other = 4 * torch.tanh(read @ (stream.double() * scale) / 4)
        return float(one - other)

    expected, heads = [], some_heads(model)
    for head in heads:
        layer = root.model.layers[head.layer]
        mixed = own[head.layer][-1].clone()
        mine = patched.columns(head.head, mixed.shape[-1], model.heads)
        mixed[mine] = other[head.layer][-1][mine]
        added = [layer.post_attention_layernorm(modules[head.layer](one)) for one in (mixed, own[head.layer][-1])]
        expected.append(apart(x + added[0] - added[1]) - apart(x))
    assert pair.direct(heads) - pair.m_base == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert max(map(abs, expected)) > 1e-3


def by_hooks(root, model, ids, other, sender, receiver, into):
    """Path patching as Wang et al. have it, all else frozen: logits of the next token."""
    projections, mlps = patched.projections(root), patched.mlps(root)
    n, heads = len(ids), model.heads
    own, donor = (patched.taken(root, one, projections) for one in (ids, other))
    forward = patched.taken(root, ids, mlps, outputs=True)
    attention = root.model.layers[receiver.layer].self_attn
    parts = {"queries": attention.q_proj, "keys": attention.k_proj, "values": attention.v_proj}
    # 1. every head and every feed-forward part frozen but the sender; what the receiver then is given
    frozen = {
        module: lambda given, held=held: held[None].clone() for module, held in zip(projections, own, strict=True)
    }
    sent = own[sender.layer].clone()
    mine = patched.columns(sender.head, sent.shape[-1], heads)
    sent[:, mine] = donor[sender.layer][:, mine]
    frozen[projections[sender.layer]] = lambda given: sent[None].clone()
    still = {module: lambda given, held=held: held[None].clone() for module, held in zip(mlps, forward, strict=True)}
    with patched.inputs_changed(frozen), patched.outputs_changed(still):
        made = dict(zip(parts, patched.taken(root, ids, parts.values(), outputs=True), strict=True))
    # 2. what the receiver says with these in place of its own
    wanted = parts if into == "all" else [into]
    changes = {parts[name]: lambda given, held=made[name]: held[None].clone() for name in wanted}
    with patched.outputs_changed(changes):
        said = patched.taken(root, ids, [projections[receiver.layer]])[0]
    # 3. this alone put into the text's own pass
    assert said.shape[0] == n
    with patched.inputs_changed({projections[receiver.layer]: patched.with_head(said, receiver.head, heads)}):
        return patched.logits(root, ids)


@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt_oss"])
def test_the_path_between_two_heads_is_that_of_hooks(kind, opened):
    model = opened(kind)
    a, b = two_texts(model)
    pair, root = pair_of(model, a, b), patched.librarys(model)
    sender, receiver = HeadId(0, 1), HeadId(1, 2)
    found = between(pair.into, pair.donor, sender, receiver)
    assert list(found) == ["queries", "keys", "values", "all"]
    for into, value in found.items():
        expected = difference(pair, by_hooks(root, model, b.ids, a.ids, sender, receiver, into))
        assert value == pytest.approx(expected, abs=1e-5), into
    changes = {into: abs(value - pair.m_base) for into, value in found.items()}
    assert min(changes["keys"], changes["values"], changes["all"]) > 1e-5, "the path is to matter in this test"
    assert kind != "llama" or changes["queries"] > 1e-5


def test_a_path_leads_to_later_layers_alone(opened, refuses):
    pair = pair_of(opened("llama"), *two_texts(opened("llama")))
    with refuses(UserError, "L1H0"):
        between(pair.into, pair.donor, HeadId(1, 0), HeadId(1, 2))


def test_what_predicts_no_next_word_is_refused(minilm, tmp_path, refuses_alike):
    tiny.make("gpt2", tmp_path / "gpt2")
    tiny.make("t5", tmp_path / "t5", head=True)
    bare, t5 = (open_model(str(tmp_path / kind)) for kind in ("gpt2", "t5"))
    for model in (bare, of_part(t5, "decoder", "The old bridge."), t5):
        with refuses_alike(UserError, "smollm2"):
            head_of_language(model)
    with pytest.raises(UserError, match=r"MiniLM.*smollm2"):
        head_of_language(minilm)


def test_a_long_text_is_refused(opened, refuses):
    model = opened("smollm2")
    long = model.encode("word " * MOST)
    with refuses(UserError, str(MOST)):
        pair_of(model, long, long)
