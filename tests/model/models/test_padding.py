"""A model that padding changes reads texts of different lengths one after the other, whoever asks for several."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
import torch
from transformers import AutoModel

from dashboard.analyses.compare.change import head_changes
from dashboard.analyses.find_heads.pair_shares import pair_shares
from dashboard.analyses.long_range.measure import measure_step
from dashboard.analyses.long_range.trial import Trial
from dashboard.analyses.query_key.vectors import corpus_vectors
from dashboard.analyses.similarity.distances import word_maps
from dashboard.capture import open_model, visit
from dashboard.capture.ablate import ablate, batches, mean_outputs
from dashboard.capture.visit import batch_inputs
from dashboard.heads.head_id import HeadId
from dashboard.text import parse
from tests.helpers import tiny
from tests.helpers.eager import by_the_library

CHANGED = ["convbert", "mobilebert", "deepseek_v32"]


class Maps:
    """Visitor: everything, whole; and which text and layer came when."""

    def __init__(self, model, encodings):
        self.maps = [np.zeros((model.layers, model.heads, len(e), len(e)), np.float32) for e in encodings]
        self.order = []

    def block(self, block):
        self.order.append((block.text, block.layer))
        weights = block.weights.numpy()
        self.maps[block.text][block.layer, list(block.heads), block.rows, : weights.shape[-1]] = weights


@pytest.mark.parametrize("kind", CHANGED)
def test_several_texts_have_the_weights_that_each_has_alone(kind, tiny_model):
    folder = tiny_model(kind)
    model = open_model(str(folder))
    texts = [model.encode(text) for text in (tiny.SENTENCES[0], "A heron waits.", tiny.SENTENCES[1], "A heron waits.")]
    assert model.alone and len(texts[1]) < len(texts[0]) != len(texts[2])
    seen = Maps(model, texts)
    visit(model, texts, seen)
    for maps, text in zip(seen.maps, texts, strict=True):
        assert abs(maps - np.concatenate(by_the_library(folder, text.ids)).reshape(maps.shape)).max() < 1e-5
    assert seen.order == sorted(seen.order), "one text after the other"
    same = Maps(model, [texts[1], texts[3]])
    visit(model, [texts[1], texts[3]], same)
    assert same.order == sorted(same.order, key=lambda place: place[1]), "texts of one length need no padding"
    assert abs(np.stack(same.maps) - seen.maps[1]).max() < 1e-5

    library = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.inference_mode():  # or there would be nothing to honour
        together = library(**batch_inputs(model, texts), output_attentions=True).attentions
    assert any(
        abs(np.stack([one[row].numpy() for one in together])[..., : len(text), : len(text)] - maps).max() > 1e-4
        for row, (text, maps) in enumerate(zip(texts, seen.maps, strict=True))
    )


def known(model, *, alone):
    """The model, of which that was found out before."""
    other = dataclasses.replace(model)
    vars(other)["alone"] = alone
    return other


@pytest.mark.parametrize("kind", ["bert", "llama", "mistral"])
def test_what_padding_does_not_change_is_read_together(kind, tiny_model):
    model = open_model(str(tiny_model(kind)))
    texts = [model.encode(text) for text in tiny.SENTENCES[:3]]
    seen = Maps(model, texts)
    visit(model, texts, seen)
    assert not model.alone and seen.order == sorted(seen.order, key=lambda place: place[1])


def test_only_texts_of_one_length_are_ablated_together(tiny_model):
    model = open_model(str(tiny_model("mobilebert")))
    texts = [model.encode(text) for text in (*tiny.SENTENCES, "A heron waits.", "A lamp waits.", tiny.SENTENCES[1])]
    means, sizes = mean_outputs(model, texts), [len(text) for text in texts]
    for layer, found in means.items():
        each = [n * mean_outputs(model, [text])[layer] for n, text in zip(sizes, texts, strict=True)]
        assert abs(found - sum(each) / sum(sizes)).max() < 1e-5
    for batch in batches(model, texts):
        assert len({len(text) for text in batch}) == 1
        together, _ = ablate(model, batch, [[HeadId(0, 0)]])
        for vectors, text in zip(together, batch, strict=True):
            assert abs(vectors - ablate(model, [text], [[HeadId(0, 0)]])[0][0]).max() < 1e-4
    assert len(list(batches(known(model, alone=False), texts))) == 1


def test_whoever_reads_several_texts_finds_the_same_one_after_the_other(minilm):
    """Their visitors may not count on a layer of all texts coming before the next layer of any."""
    alone = known(minilm, alone=True)
    texts = [minilm.encode(text) for text in tiny.SENTENCES[:3]]
    a, b = (head_changes(model, texts[0], texts[1], texts[2:]).table.sort_index() for model in (minilm, alone))
    assert abs(a["change"] - b["change"]).max() < 1e-5 and len(a) == len(b)
    pairs = [[(0, 2), (3, 1)]] * 3
    for one, other in zip(*(pair_shares(model, texts, pairs) for model in (minilm, alone)), strict=True):
        assert np.allclose(one.share, other.share, atol=1e-5, equal_nan=True)
    parsed = [(sentence, minilm.encode_sentence(sentence)) for sentence in parse(" ".join(tiny.SENTENCES[:3]))]
    (*_, a), (*_, b) = (corpus_vectors(model, parsed, Counter()) for model in (minilm, alone))
    assert all(abs(a[layer].q - b[layer].q).max() < 1e-4 and a[layer].plain == b[layer].plain for layer in a)
    trials = [Trial(text, text.index(" ") + 1, 0) for text in tiny.SENTENCES]
    a, b = (measure_step(model, trials) for model in (minilm, alone))
    assert np.allclose(a.share, b.share, atol=1e-5)
    a, b = (list(word_maps(model, [one for one, _ in parsed])) for model in (minilm, alone))
    assert all(abs(one - other).max() < 1e-5 for one, other in zip(a, b, strict=True))
