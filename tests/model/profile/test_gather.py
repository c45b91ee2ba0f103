"""One pass over sentences: batched, layer by layer, against one sentence at a time from whole maps."""

import numpy as np
import pytest

from dashboard.analyses.profile.budget import CHANNELS, channels
from dashboard.analyses.profile.dependency import scored_words
from dashboard.analyses.profile.explained import explained_queries
from dashboard.analyses.profile.features import CorpusCounts, FeatureSpace
from dashboard.analyses.profile.gather import Embeddings, gather
from dashboard.capture import head_weights
from dashboard.text import LeftOut, ParsedSentence, parse

TEXT = (
    "The chef who trained in Osaka says ramen is her favourite food. She didn't eat it in 2019, though. No. "
    "Unbelievably good noodles, the tokenization-heavy critics wrote, are what everyone remembers."
)


def word_maps(model, sentence):
    """Attention between words, all heads, by loops over pieces: (h, m, m)."""
    encoding = model.encode_sentence(sentence)
    every = list(model.all_heads)
    maps = np.stack(head_weights(model, encoding, every)).astype(float)
    pieces = [[t for t, word in enumerate(encoding.word_of) if word == w] for w in range(len(sentence))]
    found = np.zeros((len(every), len(sentence), len(sentence)))
    for i, of_i in enumerate(pieces):
        for j, of_j in enumerate(pieces):
            found[:, i, j] = maps[:, of_i][:, :, of_j].sum(2).mean(1)
    return found


@pytest.fixture(scope="module")
def sentences():
    return [*parse(TEXT), LeftOut(4, 9, "it has 2 roots")]


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_against_one_sentence_at_a_time(name, sentences, request):
    model = request.getfixturevalue(name)
    *parsed, left_out = sentences
    space = FeatureSpace.of(CorpusCounts.of(parsed))
    found = list(gather(model, sentences, space))
    assert found[-1] is left_out
    for sentence, one in zip(parsed, found[:-1], strict=True):
        m, words = len(sentence), word_maps(model, sentence)
        codes, place = channels(sentence), np.arange(m)
        spent = [(words * (codes == k)).sum((1, 2)) for k in range(1, len(CHANNELS))]
        np.testing.assert_allclose(one.budget.spent[:, 1:].T, spent, atol=1e-4)
        np.testing.assert_allclose(one.budget.spent.sum(1), m, atol=1e-4)
        others = words.copy()
        others[:, place, place] = 0
        np.testing.assert_allclose(one.budget.mass, others.sum(2), atol=1e-5)

        cases = scored_words(sentence)
        visible = np.tri(m, k=-1, dtype=bool) if model.causal else ~np.eye(m, dtype=bool)
        right = np.where(visible, words, -1)[:, cases].argmax(2) == np.array(sentence.heads)[cases]
        right &= visible[cases].any(1)
        unpacked = np.unpackbits(one.dependency.correct[0], axis=0, count=len(words)).astype(bool)
        assert (unpacked != right).sum() <= 1  # float32 may break a tie the other way

        queries = explained_queries(m, model.causal)
        vectors = Embeddings(model).words(model.encode_sentence(sentence))
        dense = space.dense(space.pairs(sentence, vectors)).reshape(m, m, -1)
        q = others / np.maximum(others.sum(2, keepdims=True), 1e-30)
        expected = np.einsum("hij,ijf->hf", q[:, queries], dense[queries])
        np.testing.assert_allclose(one.explained.expected, expected, atol=2e-4)
        q = q[:, queries]
        entropy = -(q * np.log2(np.where(q > 0, q, 1))).sum((1, 2))
        np.testing.assert_allclose(one.explained.entropy, entropy, atol=2e-4)


def test_word_vectors_are_means_of_raw_embeddings(minilm):
    (sentence,) = parse("Unbelievably good.")
    encoding = minilm.encode_sentence(sentence)
    table = minilm.loaded.model.get_input_embeddings().weight.double()
    pieces = [t for t, word in enumerate(encoding.word_of) if word == 0]
    assert len(pieces) > 1
    expected = table[[encoding.ids[t] for t in pieces]].mean(0) - table.mean(0)
    np.testing.assert_allclose(Embeddings(minilm).words(encoding)[0], expected.detach().numpy(), atol=1e-9)


def test_what_the_model_cannot_read_is_left_out(minilm):
    def sentence(words):
        m = len(words)
        return ParsedSentence(0, 7, tuple(words), tuple(range(-1, m - 1)), ("dep",) * m, ("X",) * m, ("_",) * m)

    given = [sentence(["a"] * 600), sentence(["a", "\x00"]), sentence(["\x00"]), sentence(["a", "b", "c", "d"])]
    found = list(gather(minilm, given, FeatureSpace.of(CorpusCounts.of(given))))
    assert [isinstance(one, LeftOut) for one in found] == [True, True, True, False]
    assert "602 tokens" in found[0].reason and "word 2" in found[1].reason and "none" in found[2].reason
    assert all(one.line == 7 for one in found[:3])


def test_sentences_that_do_not_fit_into_one_block(minilm, sentences, monkeypatch):
    """A layer that comes in several blocks of rows is put together again."""
    import dashboard.capture.attention_call as call

    space = FeatureSpace.of(CorpusCounts.of(sentences))
    whole = list(gather(minilm, sentences[:-1], space))
    original = call.Call.blocks
    monkeypatch.setattr(call.Call, "blocks", lambda self, rows=None, heads=None: original(self, 5, heads))
    for a, b in zip(whole, gather(minilm, sentences[:-1], space), strict=True):
        np.testing.assert_allclose(a.explained.expected, b.explained.expected, atol=1e-4)
        np.testing.assert_allclose(a.budget.spent, b.budget.spent, atol=1e-5)


def test_a_long_sentence_in_parts(minilm, sentences, monkeypatch):
    import dashboard.analyses.profile.gather as module

    space = FeatureSpace.of(CorpusCounts.of(sentences))
    whole = list(gather(minilm, sentences[:1], space))
    monkeypatch.setattr(module, "DENSE_CELLS", len(space) * len(sentences[0]) * 3)
    (parts,) = gather(minilm, sentences[:1], space)
    np.testing.assert_allclose(parts.explained.expected, whole[0].explained.expected, atol=1e-5)
    np.testing.assert_allclose(parts.explained.entropy, whole[0].explained.entropy, atol=1e-5)
