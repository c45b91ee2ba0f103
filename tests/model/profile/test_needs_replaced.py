"""Heads whose weights are replaced by a model of them, against the same behind the library's own softmax."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel

from dashboard import open_model
from dashboard.analyses.profile.needs.spread import own_shares, spread
from dashboard.capture.interventions import own_attention, with_outputs
from dashboard.capture.partial_forward import resumable, whole_pass
from dashboard.capture.visit import batch_inputs
from tests.helpers import tiny
from tests.helpers.eager import softmax_changed
from tests.helpers.replaced import replace_rows

TEXTS = ["The uncharacteristically long 7 days.", tiny.SENTENCES[0]]
KINDS = ["minilm", "smollm2", "bert", "gpt2", "llama", "gemma2", "gpt_oss", "gpt_neo"]


@pytest.fixture(scope="module", params=KINDS)
def model(request, tmp_path_factory):
    if request.param in ("minilm", "smollm2"):
        return open_model(request.param)
    folder = tmp_path_factory.mktemp("needs") / request.param
    folder.mkdir()
    tiny.make(request.param, folder)
    return open_model(str(folder))


def p_of(encoding):
    """Any model of a head: how each word spreads over words (m, m)."""
    return np.random.default_rng(len(encoding)).dirichlet(np.full(len(encoding.words), 0.5), len(encoding.words))


def vectors_with(model, encodings, layer, head, shares_of):
    """The last vectors of each text as it is, and with a head's weights spread by `shares_of`."""
    inputs = batch_inputs(model, encodings)
    before, given = whole_pass(model, inputs, keep=resumable(model, encodings[0], [layer]))
    longest = max(map(len, encodings))
    said = []
    for encoding, own in zip(encodings, own_attention(model, encodings, layer), strict=True):
        weights = spread(own.weights, shares_of(encoding, own.weights), encoding.word_of, causal=model.causal)
        assert torch.allclose(weights.sum(-1), own.weights.sum(-1), atol=1e-5)
        new = (weights @ own.values)[head]
        said.append(torch.nn.functional.pad(new, (0, 0, 0, longest - len(encoding))))
    after = with_outputs(model, inputs, layer, given.get(layer), [(head, None), (head, torch.stack(said))])[1]
    return [(a[: len(one)], b[: len(one)]) for one, a, b in zip(encodings, before, after, strict=True)]


def close(a, b):
    """Within 1e-5 of numbers of the size of 1; of larger ones, of their size."""
    return float((a - b).abs().max()) <= 1e-5 * max(1.0, float(b.abs().max()))


@torch.inference_mode()
def test_equal_to_the_same_rows_behind_the_librarys_softmax(model):
    layer, head = len(model.numbers) // 2, 1
    encodings = [model.encode(text) for text in TEXTS]

    def shares_of(encoding, _weights):
        rows = [0 if word is None else word for word in encoding.word_of]
        return torch.from_numpy(p_of(encoding)[rows])

    found = vectors_with(model, encodings, layer, head, shares_of)
    root = AutoModel.from_pretrained(model.source.folder, dtype=torch.float32, attn_implementation="eager").eval()
    for encoding, (before, after) in zip(encodings, found, strict=True):

        def change(rows, encoding=encoding):
            replace_rows(rows[head], encoding.word_of, p_of(encoding), model.causal)

        with softmax_changed(layer, change):
            expected = root(input_ids=torch.tensor([encoding.ids])).last_hidden_state[0]
        assert close(after, expected)
        assert float((after - before).abs().max()) > 1e-4


@torch.inference_mode()
def test_by_its_own_weights_nothing_changes(model):
    encodings = [model.encode(text) for text in TEXTS]

    def own(encoding, weights):
        return own_shares(weights, encoding.word_of, len(encoding.words))

    for before, after in vectors_with(model, encodings, 1, 2, own):
        assert close(after, before)
