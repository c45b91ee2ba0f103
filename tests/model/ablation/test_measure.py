"""What changes without a head, against the library's own language models and the formula of METRICS §7."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

import dashboard.heads.predictions as predictions
from dashboard.analyses.ablation.measure import measure
from dashboard.capture import open_model
from dashboard.capture.language import language_head
from dashboard.heads.head_id import HeadId

CHEF = "The chef who trained in Osaka says ramen is her favourite food, and the chef knows all the food in Osaka."
SHORT = "Two birds sang."
HEADS = [[HeadId(0, 0)], [HeadId(0, 3)], [HeadId(1, 1)], [HeadId(2, 0)], [HeadId(2, 2)]]


def own_language_model(model):
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
def test_the_change_of_loss_is_that_of_the_librarys_own_language_model(
    kind, small, monkeypatch, output_projection, ablate_on_text
):
    model = small(kind)
    own, path = own_language_model(model), output_projection(kind)
    encodings = [model.encode(SHORT), model.encode("The chef says ramen is food.")]
    sets = [(HeadId(0, 1),), (HeadId(0, 1), HeadId(1, 2)), (HeadId(2, 3),)]
    monkeypatch.setattr(predictions, "POSITIONS", 3)  # blocks must not be seen
    found = measure(model, encodings, sets, logits=language_head(model), keep_each=True)
    assert found.measure == "loss_change"
    flips = {}
    for text, encoding in enumerate(encodings):
        before, old = own_losses(lambda ids: own(ids).logits, model, encoding)
        assert found.tokens[text] == len(before)
        assert found.loss[text] == pytest.approx(sum(before.values()), abs=1e-4)
        known = np.flatnonzero(~np.isnan(found.each_loss[text]))
        assert known.tolist() == sorted(before)
        assert found.each_loss[text][known] == pytest.approx([before[place] for place in known], abs=1e-4)
        for column, heads in enumerate(sets):

            def run(ids, heads=heads):
                whole = own
                for one in heads:
                    at = {"layer": one.layer, "head": one.head, "heads": 4}
                    whole = partial(ablate_on_text, whole, own.base_model, path, **at)
                return whole(ids).logits

            after, new = own_losses(run, model, encoding)
            change = sum(after.values()) - sum(before.values())
            assert found.sums[text, column] == pytest.approx(change, abs=2e-5 * len(before))
            each = found.each[text][:, column]
            assert np.nansum(each) == pytest.approx(found.sums[text, column], abs=1e-9)
            assert each[known] == pytest.approx([after[place] - before[place] for place in known], abs=4e-5)
            assert abs(change) > 1e-3, "this head is to matter"
            for place in before:
                a, b = int(old[place].argmax()), int(new[place].argmax())
                if a != b:
                    p, q = old[place].detach().softmax(-1), new[place].softmax(-1)
                    flips[heads, place, a, b] = [float(x) for x in (p[a], q[a], p[b], q[b])]
    assert flips
    assert {row[:4] for row in found.changed} == set(flips)
    for row in found.changed:
        assert row[4:] == pytest.approx(flips[row[:4]], abs=1e-5)
    assert found.flips.sum() == len(found.changed)


def test_shift_is_one_minus_the_cosine_of_the_last_vectors(minilm, output_projection, ablate_on_text):
    encoding, heads = minilm.encode(CHEF), [(1, 3), (5, 11)]
    assert language_head(minilm) is None
    found = measure(minilm, [encoding], [[HeadId(*head)] for head in heads], logits=None, keep_each=True)
    assert found.measure == "shift" and found.flips is None and found.mean_loss is None
    model, ids = minilm.loaded.model, torch.tensor([encoding.ids])
    with torch.inference_mode():
        intact = model(ids).last_hidden_state[0].numpy()
    own = ~np.array(encoding.special)
    for column, (layer, head) in enumerate(heads):
        other = (
            ablate_on_text(model, model, output_projection("minilm"), ids, layer, head, 12).last_hidden_state[0].numpy()
        )
        cosine = (intact * other).sum(1) / np.linalg.norm(intact, axis=1) / np.linalg.norm(other, axis=1)
        assert found.tokens[0] == own.sum() == len(encoding) - 2
        assert found.sums[0, column] / own.sum() == pytest.approx((1 - cosine[own]).mean(), abs=1e-6)
        assert found.each[0][own, column] == pytest.approx(1 - cosine[own], abs=1e-6)
        assert np.isnan(found.each[0][~own]).all() and not found.each_loss


def test_texts_of_a_batch_measure_what_each_measures_alone(small, minilm):
    texts = [SHORT, CHEF, "Yes.", "The chef says ramen is her favourite food."]
    for model in (small("llama"), small("bert"), minilm):
        logits, heads = language_head(model), HEADS
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
    found = measure(silent, [silent.encode(CHEF)], [[HeadId(0, 0)], [HeadId(0, 1)], [HeadId(2, 1)]], logits=None)
    assert found.sums[0, 1] == found.sums[0, 2] == pytest.approx(0, abs=1e-12)
    assert found.sums[0, 0] > 0.01


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


def test_progress_ends_the_work_by_raising(small):
    model, told = small("bert"), []

    def stop(fraction):
        told.append(fraction)
        if len(told) == 3:
            raise KeyboardInterrupt

    encodings = [model.encode(CHEF)] * 3
    with pytest.raises(KeyboardInterrupt):
        measure(model, encodings, HEADS, logits=None, progress=stop)
    assert len(told) == 3
    told.clear()
    measure(model, encodings, HEADS, logits=None, progress=told.append)
    assert told == sorted(told) and told[-1] == pytest.approx(1)
