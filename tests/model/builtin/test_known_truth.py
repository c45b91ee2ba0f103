"""Hand-written models through the ordinary door: what opens is what was meant."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from dashboard.analyses.ablation.api import ablate
from dashboard.analyses.scores.induction import induction_of_heads
from dashboard.builtin import known_truth
from dashboard.builtin.known_truth.made_language import sentences
from dashboard.capture import head_weights, of_part, open_model
from tests.helpers import two_stacks
from tests.helpers.eager import by_the_library

TEXT = "river stone lamp apple river stone cloud horse apple"


@pytest.fixture(scope="module")
def induction(tmp_path_factory):
    known = known_truth.build("induction", 3)
    folder = known_truth.write(tmp_path_factory.mktemp("induction"), "induction", 3)
    return known, folder, open_model(str(folder))


def test_its_attention_is_what_was_meant_and_what_the_library_computes(induction):
    known, folder, model = induction
    encoding = model.encode(TEXT)
    assert list(encoding.ids) == known.ids(TEXT) and model.route == "tap"
    meant = np.stack([steps.weights.numpy() for steps in known.run(encoding.ids)])
    seen = np.stack(head_weights(model, encoding, model.all_heads)).reshape(meant.shape)
    assert abs(seen - meant).max() < 1e-5
    assert abs(by_the_library(folder, encoding.ids) - meant).max() < 1e-5


def test_its_jobs_are_kept_in_its_folder(induction):
    known, folder, model = induction
    assert known_truth.jobs_in(folder) == known.jobs
    assert tuple(known.jobs) == model.all_heads


def test_it_predicts_the_word_that_followed_before(induction):
    known, folder, _ = induction
    library = AutoModelForCausalLM.from_pretrained(folder).eval()
    ids = known.ids("river stone lamp apple river")
    with torch.inference_mode():
        logits = library(torch.tensor([ids])).logits[0]
    assert known.vocabulary[logits[-1].argmax()] == "stone" and logits[-1].softmax(-1).max() > 0.9
    assert abs(logits - known.logits(ids)).max() < 1e-3  # of logits up to 8


def without(folder, ids, head):
    """The library's attention (layers, h, n, n) and last logits where a head of layer 0 or 1 writes nothing."""
    library = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    handles = []
    if head is not None:
        own = library.config.n_embd // library.config.n_head

        def cut(module, args):
            mixed = args[0].clone()
            mixed[..., head.head * own : (head.head + 1) * own] = 0
            return (mixed,)

        handles = [library.transformer.h[head.layer].attn.c_proj.register_forward_pre_hook(cut)]
    with torch.inference_mode():
        out = library(torch.tensor([ids]), output_attentions=True)
    assert len(handles) == (head is not None)
    return torch.stack([one[0] for one in out.attentions]).numpy(), out.logits[0, -1]


def test_without_the_previous_head_the_induction_head_is_lost_and_no_other(induction):
    known, folder, _ = induction
    ids = known.ids("river stone lamp apple river")
    [before], [again] = known.doing("previous"), known.doing("induction")
    whole, _ = without(folder, ids, None)
    cut, logits = without(folder, ids, before)
    moved = abs(cut - whole).max((2, 3))
    assert whole[1, again.head, -1, 2] > 0.999 and cut[1, again.head, -1, 2] < 0.6
    others = [head for head in known.jobs if head != again]
    assert max(moved[head.layer, head.head] for head in others) < 1e-5
    assert logits.softmax(-1)[known.vocabulary.index("stone")] < 0.5


def test_no_random_head_changes_the_prediction(induction):
    known, folder, _ = induction
    ids = known.ids("river stone lamp apple river")
    stone = known.vocabulary.index("stone")
    for head, jobs in known.jobs.items():
        left = float(without(folder, ids, head)[1].softmax(-1)[stone])
        assert left < 0.6 if jobs else left > 0.95, head


def test_ablation_ranks_the_two_heads_of_the_circuit_first(induction):
    known, _, model = induction
    words = known.plain[5:25]
    effect = ablate(model, " ".join([*words, *words])).table.sort_values("loss_change", ascending=False)
    first = {(row.layer, row.head) for row in effect.head(2).itertuples()}
    assert first == {(head.layer, head.head) for head, jobs in known.jobs.items() if jobs}
    assert effect["loss_change"].iloc[1] > 0.5 > 0.1 > abs(effect["loss_change"].iloc[2:]).max()


def test_the_standard_input_finds_the_induction_head(induction):
    known, _, model = induction
    scores = induction_of_heads(model)
    [again] = known.doing("induction")
    assert scores.pop(again) > 0.999 and max(scores.values()) < 0.1


@pytest.mark.parametrize("strength", [4.0, 20.0])
@pytest.mark.parametrize("kind", ["tokens", "both_ways", "partners", "parse", "causal_parse"])
def test_every_kind_opens_as_it_was_meant(kind, strength, tmp_path):
    known = known_truth.build(kind, 1, strength=strength)
    folder = known_truth.write(tmp_path, kind, 1, strength=strength)
    model = open_model(str(folder))
    text = sentences(1, 5)[0].text if "parse" in kind else " ".join(known.plain[:20] + known.plain[5:25])
    encoding = model.encode(text)
    assert list(encoding.ids) == known.ids(text) and tuple(known.jobs) == model.all_heads
    meant = np.stack([steps.weights.numpy() for steps in known.run(encoding.ids)])
    seen = np.stack(head_weights(model, encoding, model.all_heads)).reshape(meant.shape)
    assert abs(seen - meant).max() < 1e-5
    assert abs(by_the_library(folder, encoding.ids) - meant).max() < 1e-5


def test_the_aligner_opens_as_it_was_meant(tmp_path):
    known = known_truth.build("aligner", 2, strength=4.0)
    model = open_model(str(known_truth.write(tmp_path, "aligner", 2, strength=4.0)))
    source, target = known.plain[:9], known.plain[3:7]
    cross = of_part(model, "cross", " ".join(source))
    encoding = cross.encode(" ".join(target))
    ids = known.ids(target, target=True), known.ids(source)
    assert list(encoding.ids) == ids[0] and list(cross.source_text.ids) == ids[1]
    assert tuple(known.jobs) == cross.all_heads and known_truth.jobs_in(tmp_path) == known.jobs
    meant = np.stack([steps.weights.numpy() for steps in known.run(*ids)])
    seen = np.stack(head_weights(cross, encoding, cross.all_heads)).reshape(meant.shape)
    assert abs(seen - meant).max() < 1e-5
    library = two_stacks.by_the_library(tmp_path)
    with torch.inference_mode():
        out = library(
            input_ids=torch.tensor([ids[1]]), decoder_input_ids=torch.tensor([ids[0]]), output_attentions=True
        )
    assert abs(torch.cat(list(out.cross_attentions)).numpy() - meant).max() < 1e-5


def test_either_head_of_the_circuit_carries_the_answer_over_and_no_random_head_does(induction):
    """METRICS §9 by hooks of the library: text B with one head's output of text A, at all positions."""
    known, folder, _ = induction
    library = AutoModelForCausalLM.from_pretrained(folder).eval()
    a, b, answer_a, answer_b = known_truth.induction_pair(known, 3)
    own = library.config.n_embd // library.config.n_head
    answers = [known.vocabulary.index(word) for word in (answer_a, answer_b)]
    kept = {}

    def run(text, carried=None):
        def hook(layer):
            def see(module, args):
                if carried is None:
                    kept[layer] = args[0].clone()
                elif carried.layer == layer:
                    mixed, part = args[0].clone(), slice(carried.head * own, (carried.head + 1) * own)
                    mixed[..., part] = kept[layer][..., part]
                    return (mixed,)
                return None

            return see

        blocks = enumerate(library.transformer.h)
        handles = [block.attn.c_proj.register_forward_pre_hook(hook(layer)) for layer, block in blocks]
        with torch.inference_mode():
            logits = library(torch.tensor([known.ids(text)])).logits[0, -1]
        for handle in handles:
            handle.remove()
        return float(logits[answers[0]] - logits[answers[1]])

    of_b, of_a = run(b), run(a)  # the outputs of A are kept last
    assert of_a > 5 and of_b < -5
    for head, jobs in known.jobs.items():
        recovered = (run(b, head) - of_b) / (of_a - of_b)
        assert recovered > 0.9 if jobs else abs(recovered) < 0.1, head
