"""Sequence classifiers, against the library's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from dashboard import UserError, attribute, open_model
from dashboard.capture.gradients import class_head
from tests.helpers import tiny
from tests.helpers.attributed import by_hand

SENTENCE = tiny.SENTENCES[0]


@pytest.mark.parametrize(("kind", "reads"), [("bert", 0), ("gpt2", -1), ("llama", -1)])
def test_the_class_and_its_gradients_are_the_librarys(kind, reads, predicting):
    model, eager = predicting(kind, "classes")
    assert class_head(model).labels == ("bad", "so-so", "good")
    found = attribute(model, SENTENCE, steps=400)
    with torch.no_grad():
        logits = eager(torch.tensor([found.encoding.ids])).logits[0].double()
    assert found.kind == "class" and found.answer.place == int(logits.argmax())
    assert found.answer.p == pytest.approx(float(logits.softmax(-1).max()), abs=1e-5)
    assert found.places == (range(len(found.encoding))[reads],)
    figure, x, baseline = by_hand(eager, model, SENTENCE, found.answer.place)
    vectors = x.clone().requires_grad_()
    [gradient] = torch.autograd.grad(figure(vectors), vectors)
    assert found.table["gradient"].to_numpy() == pytest.approx((gradient * x)[0].sum(-1).numpy(), abs=1e-4)
    rise = float(figure(x) - figure(baseline))
    assert found.table["integrated"].sum() - rise == pytest.approx(found.error, abs=1e-4)
    assert abs(found.error) <= max(0.05 * abs(rise), 1e-4)


def test_a_class_by_name_or_number_and_a_rival(predicting):
    model, eager = predicting("bert", "classes")
    found = attribute(model, SENTENCE, answer="GOOD", rival="0", steps=8)
    assert (found.answer.label, found.rival.label) == ("good", "bad")
    with torch.no_grad():
        logits = eager(torch.tensor([found.encoding.ids])).logits[0]
    assert found.value == pytest.approx(float(logits[2] - logits[0]), abs=1e-5)
    for answer, rival, named in (("awful", "", "so-so"), ("good", "2", "rival")):
        with pytest.raises(UserError, match=named):
            attribute(model, SENTENCE, answer=answer, rival=rival)


def test_a_pair_is_read_with_its_token_types(tmp_path, minilm):
    tiny.make("bert", tmp_path, head="classes", num_labels=3, vocab_size=30522)
    for file in Path(minilm.source.folder).glob("*token*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    found = attribute(open_model(str(tmp_path)), SENTENCE, pair=tiny.SENTENCES[1], answer="2", steps=8)
    ids, types = torch.tensor([found.encoding.ids]), torch.tensor([found.encoding.types])
    eager = AutoModelForSequenceClassification.from_pretrained(tmp_path, dtype=torch.float32).eval()
    with torch.no_grad():
        p, without = (eager(ids, token_type_ids=one).logits[0].softmax(-1)[2] for one in (types, 0 * types))
    assert found.answer.p == pytest.approx(float(p), abs=1e-5) and abs(float(p - without)) > 1e-3


def test_a_base_without_a_classifier_has_no_classes(predicting, minilm):
    model, _ = predicting("gpt2")
    assert class_head(model) is None and class_head(minilm) is None


def test_a_classifier_whose_weights_are_not_there_has_no_classes(tmp_path):
    tiny.make("bert", tmp_path, head="classes", num_labels=3)
    file = tmp_path / "model.safetensors"
    save_file(
        {name: one for name, one in load_file(file).items() if not name.startswith("classifier")},
        file,
        metadata={"format": "pt"},
    )
    assert class_head(open_model(str(tmp_path))) is None


def test_several_classes_at_once_have_a_probability_each(tmp_path):
    tiny.make("bert", tmp_path, head="classes", num_labels=3, problem_type="multi_label_classification")
    model = open_model(str(tmp_path))
    found = [attribute(model, SENTENCE, answer=str(place), steps=8).answer.p for place in range(3)]
    assert all(0 < p < 1 for p in found) and not np.isclose(sum(found), 1)
