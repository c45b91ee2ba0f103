"""Queries and keys of a corpus against the model's own attention, and the lines that make the plane again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from dashboard import attention, draw_query_keys, query_key_table, query_keys
from dashboard.analyses.query_key.biplot import query_key_map
from dashboard.analyses.query_key.text import plane_remarks
from dashboard.analyses.query_key.vectors import STRONGEST, _Collect, _Words
from dashboard.capture import Block
from dashboard.corpus.builtin import builtin_corpus
from dashboard.corpus.sample import parsed_sample, spread
from dashboard.export import Provenance, snippet
from dashboard.heads.head_id import HeadId
from dashboard.models import load


@pytest.mark.parametrize(("name", "head"), [("minilm", "L2H8"), ("smollm2", "L9H4")])
def test_softmax_of_the_products_is_the_models_attention(request, name, head):
    """Sentence by sentence from `attention`, which is SDPA's own inputs put together in another way."""
    model, wanted = request.getfixturevalue(name), HeadId.parse(head)
    vectors = query_keys(model, sentences=5)
    used = spread(parsed_sample(model, builtin_corpus())[0], 5)
    layer, table = vectors.layers[wanted.layer], vectors.tokens
    assert layer.plain and "do not follow" not in " ".join(plane_remarks(query_key_map(vectors, wanted)))
    for (sentence, encoding), at in zip(used, vectors.sentences, strict=True):
        view = attention(model, encoding, head, unit="tokens")
        own = np.flatnonzero([word is not None for word in encoding.word_of])
        assert table["position"][at].tolist() == own.tolist()
        words = [encoding.word_of[token] for token in own]
        assert table["upos"][at].tolist() == [sentence.upos[word] for word in words]
        expected = view.weights[np.ix_(own, own)]
        scores = layer.scaling * layer.q[wanted.head, at] @ layer.k[wanted.head, at].T
        if model.causal:
            scores = np.where(np.tri(len(own)) > 0, scores, -np.inf)
        found = np.exp(scores - scores.max(1, keepdims=True))
        rest = expected.sum(1, keepdims=True)  # what special tokens leave
        np.testing.assert_allclose(found / found.sum(1, keepdims=True) * rest, expected, atol=2e-5)
        strongest = -np.sort(-expected, 1)[:, :STRONGEST]
        kept = layer.weights[wanted.head, at][:, : strongest.shape[1]]
        np.testing.assert_allclose(kept, strongest, atol=2e-5)
        first = layer.keys[wanted.head, at, 0] - at.start
        np.testing.assert_allclose(expected[np.arange(len(own)), first], strongest[:, 0], atol=2e-5)


def test_a_head_that_adds_to_its_scores_says_so(small_model, peaked_weights):
    """Gemma 2 caps its scores, gpt-oss has a sink."""
    for kind, plain in (("llama", True), ("mistral", True), ("gemma2", False), ("gpt_oss", False)):
        assert query_keys(small_model(kind, peaked_weights), sentences=3).layers[0].plain is plain, kind


def test_what_a_sliding_window_hides_is_no_key(small_model, peaked_weights):
    """A window of 8 tokens: scores, guesses and the strongest key over what the model's own attention may see."""
    model = small_model("mistral", peaked_weights)
    vectors = query_keys(model, sentences=4)
    found, layer = query_key_map(vectors, HeadId(0, 1)), vectors.layers[0]
    used = spread(parsed_sample(model, builtin_corpus())[0], 4)
    lost = total = 0.0
    same, guesses = [], []
    for (_, encoding), at in zip(used, vectors.sentences, strict=True):
        view = attention(model, encoding, "L0H1", unit="tokens", special="hide")
        scores = layer.scaling * layer.q[1, at].astype(float) @ layer.k[1, at].T
        plane = found.x[at] @ found.y[at].T
        for own, drawn, seen, weights in zip(scores, plane, view.allowed, view.weights, strict=True):
            own, drawn = own[seen] - own[seen].mean(), drawn[seen] - drawn[seen].mean()
            lost, total = lost + ((own - drawn) ** 2).sum(), total + (own**2).sum()
            if seen.sum() > 1:
                same.append(drawn.argmax() == weights[seen].argmax())
                guesses.append(1 / seen.sum())
    assert min(guesses) == 1 / 8
    assert found.rows == len(same) and found.guess == pytest.approx(np.mean(guesses))
    assert found.variance_kept[0] == pytest.approx(1 - lost / total, abs=1e-4) and found.agree[0] == pytest.approx(
        np.mean(same)
    )


def test_all_sentences_have_a_say_in_whether_weights_follow_from_queries_and_keys():
    """The shortest is read first: a cap that changes nothing there may change another."""
    torch.manual_seed(0)
    words = _Words([], [np.arange(2), np.arange(5)], np.array([0, 2, 7]))
    visitor = _Collect({}, [0, 1], words, words, False)
    for text, (n, cap) in enumerate([(2, 1e9), (5, 1.0)]):
        q, k = torch.randn(2, n, 4), torch.randn(2, n, 4)
        weights = (cap * torch.tanh(q @ k.transpose(1, 2) / cap)).softmax(-1)
        visitor.block(Block(text, 0, (0, 1), slice(0, n), weights, None, q, k, k, 1.0))
        assert visitor.layers[0].plain is (text == 0)


def test_a_model_that_does_not_call_the_tap_is_followed(minilm):
    """The library's eager attention of the same model, read by its products."""
    eager = replace(minilm, route="eager", loaded=load(minilm.source, attn_implementation="eager"))
    ours, theirs = (query_keys(model, sentences=3) for model in (eager, minilm))
    assert ours.layers.keys() == theirs.layers.keys()
    for number, layer in theirs.layers.items():
        own = ours.layers[number]
        assert own.plain and own.scaling == layer.scaling and np.array_equal(own.keys, layer.keys)
        for name in ("q", "k", "weights"):
            assert np.allclose(getattr(own, name), getattr(layer, name), atol=1e-4), name


def test_a_corpus_of_ones_own(minilm, tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("The chef says ramen is her favourite food. The chef cooks.", encoding="utf-8")
    table = query_key_table(query_keys(minilm, file), "L0H2")
    chefs = table[table["text"] == "chef"]
    assert set(chefs["frequency"]) == {2} and set(chefs["upos"]) == {"NOUN"} and len(chefs) == 4
    assert chefs["said"].iloc[0] == "The «chef» says ramen is her …"
    assert table.attrs["provenance"]["recipe"].endswith(", 'L0H2')")


def test_table_and_picture_are_made_again_from_the_lines_beside_them(minilm, tmp_path, monkeypatch):
    vectors = query_keys(minilm, sentences=6)
    table, chart = query_key_table(vectors, "L2H8"), draw_query_keys(vectors, "L2H8", by="frequency", width=640)
    monkeypatch.chdir(tmp_path)
    exec(snippet(Provenance.from_dict(table.attrs["provenance"])), {})
    exec(snippet(chart.provenance), {})
    [data], [drawn] = tmp_path.glob("*.csv"), tmp_path.glob("*.svg")
    again = pd.read_csv(data, comment="#")
    np.testing.assert_allclose(again[["x", "y"]], table[["x", "y"]], atol=1e-4)
    assert "L2H8" in drawn.read_text(encoding="utf-8")
