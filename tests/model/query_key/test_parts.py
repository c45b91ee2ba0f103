"""Queries and keys of a decoder and of its cross attention, against the library's weights and its projections."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from dashboard import UserError, draw_query_keys, of_part, open_model, query_key_table, query_keys
from dashboard.corpus.builtin import builtin_corpus
from dashboard.corpus.sample import spread
from dashboard.heads.head_id import HeadId
from dashboard.text import read_treebank
from tests.helpers.snippets import thing_of
from tests.helpers.two_stacks import by_the_library, write


@pytest.fixture(scope="module")
def bart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("query_key") / "bart"
    write("bart", folder)
    return open_model(str(folder))


@pytest.mark.parametrize(("part", "head"), [("decoder", "D1H2"), ("cross", "X1H2")])
def test_softmax_of_the_products_is_the_library_s_attention(bart, part, head):
    vectors, wanted = query_keys(bart, sentences=3, part=part), HeadId.parse(head)
    layer, own = vectors.layers[wanted.layer], bart.whole.parts[part]
    assert layer.plain and vectors.part == part and len(vectors.sentences) == len(vectors.key_sentences) == 3
    used = spread([one for one in read_treebank(builtin_corpus()) if hasattr(one, "upos")], 3)
    for sentence, at, to in zip(used, vectors.sentences, vectors.key_sentences, strict=True):
        source, target = bart.encode_sentence(sentence), own.encode_sentence(sentence)
        with torch.inference_mode():
            output = by_the_library(bart.source.folder)(
                input_ids=torch.tensor([source.ids]),
                decoder_input_ids=torch.tensor([target.ids]),
                output_attentions=True,
            )
        maps = output.cross_attentions if part == "cross" else output.decoder_attentions
        columns = source if part == "cross" else target
        rows, seen = (np.flatnonzero([word is not None for word in one.word_of]).tolist() for one in (target, columns))
        assert vectors.tokens["position"][at].tolist() == rows and vectors.key_tokens["position"][to].tolist() == seen
        assert vectors.key_tokens["text"][to].tolist() == [columns.drawn[token] for token in seen]
        expected = maps[wanted.layer][0, wanted.head].numpy()[np.ix_(rows, seen)]
        scores = layer.scaling * layer.q[wanted.head, at] @ layer.k[wanted.head, to].T
        if part == "decoder":
            scores = np.where(np.tri(len(rows)) > 0, scores, -np.inf)
        found = np.exp(scores - scores.max(1, keepdims=True))
        found *= expected.sum(1, keepdims=True) / found.sum(1, keepdims=True)  # what special tokens leave
        np.testing.assert_allclose(found, expected, atol=2e-5)
        first = layer.keys[wanted.head, at, 0] - to.start
        np.testing.assert_allclose(expected[np.arange(len(rows)), first], expected.max(1), atol=2e-5)


def test_two_axes_in_table_and_picture_and_their_lines(bart, tmp_path, monkeypatch):
    vectors = query_keys(bart, sentences=3, part="cross")
    table, chart = query_key_table(vectors, "X1H2"), draw_query_keys(vectors, "X1H2", by="position")
    kinds = table["kind"].value_counts()
    assert kinds["query"] == len(vectors.tokens) and kinds["key"] == len(vectors.key_tokens)
    looks = table[table["kind"] == "query"]["looks_at"]
    assert set(looks) - {""} <= set(vectors.key_tokens["text"])
    again = thing_of(table.attrs["provenance"], tmp_path, monkeypatch)
    pd.testing.assert_frame_equal(again, table)
    assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()
    with pytest.raises(UserError, match="no head L1H2"):
        query_key_table(vectors, "L1H2")


def test_a_source_of_ones_own_is_refused(bart):
    with pytest.raises(UserError, match="whole model"):
        query_keys(of_part(bart, "cross", "She sold two pots."), sentences=2)
