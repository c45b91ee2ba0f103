"""Budgets against loops that follow METRICS §2 word by word."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.analyses.profile.budget import CHANNELS, budget, budget_statistics, channels, diagonal_sums
from dashboard.corpus.batches import normalised
from dashboard.text import ParsedSentence

UPOS = ("NOUN", "VERB", "DET", "PUNCT", "SYM", "ADP", "_", "NUM")


def random_sentence(rng, m, index=0):
    """A random tree with random labels."""
    order = rng.permutation(m)
    heads = np.full(m, -1)
    for k in range(1, m):
        heads[order[k]] = order[rng.integers(k)]
    relations = [str(rng.choice(["nsubj", "obj", "obj:x", "punct", "det"])) if h >= 0 else "root" for h in heads]
    return ParsedSentence(
        index,
        1,
        tuple(f"w{rng.integers(5)}" for _ in range(m)),
        tuple(map(int, heads)),
        tuple(relations),
        tuple(map(str, rng.choice(UPOS, m))),
        tuple(str(rng.choice(["A", "a", "b", "_"])) for _ in range(m)),
    )


def random_words(rng, h, m, causal, special=0.3):
    """Attention between words whose rows sum to less than 1, the rest being special tokens': (h, m, m)."""
    scores = rng.normal(size=(h, m, m)) * 2
    if causal:
        scores[:, ~np.tri(m, dtype=bool)] = -np.inf
    weights = np.exp(scores)
    return (weights / weights.sum(2, keepdims=True) * (1 - special)).astype(np.float32)


def naive_channel(s, i, j):
    if j == i:
        return "self"
    if s.upos[j] == "PUNCT":
        return "punctuation"
    if s.heads[i] == j or s.heads[j] == i:
        return "syntax"
    if abs(i - j) == 1:
        return "neighbour"
    return "content" if s.upos[j] in ("NOUN", "PROPN", "VERB", "ADJ", "ADV", "NUM") else "function"


def naive_budget(corpus, head, causal):
    """Budget and twin of one head, by loops."""
    own, twin, g, count, words = dict.fromkeys(CHANNELS, 0.0), dict.fromkeys(CHANNELS, 0.0), {}, {}, 0
    for s, weights in corpus:
        for i in range(len(s)):
            row = weights[head, i].astype(float)
            others = [j for j in range(len(s)) if j != i and not (causal and j > i)]
            mass = sum(row[j] for j in others)
            for j in others:
                g[j - i] = g.get(j - i, 0) + row[j] / mass
                count[j - i] = count.get(j - i, 0) + 1
    g = {d: g[d] / count[d] for d in g}
    for s, weights in corpus:
        for i in range(len(s)):
            words += 1
            row = weights[head, i].astype(float)
            own["special"] += 1 - row.sum()
            twin["special"] += 1 - row.sum()
            others = [j for j in range(len(s)) if j != i and not (causal and j > i)]
            mass, total = sum(row[j] for j in others), sum(g[j - i] for j in others)
            own["self"] += row[i]
            twin["self"] += row[i]
            for j in others:
                own[naive_channel(s, i, j)] += row[j]
                twin[naive_channel(s, i, j)] += mass * g[j - i] / total
    return [own[c] / words for c in CHANNELS], [twin[c] / words for c in CHANNELS]


def statistics_of(corpus):
    found = []
    for s, weights in corpus:
        codes = channels(s)
        found.append((budget_statistics(weights, codes, *normalised(weights)), codes))
    return found


@pytest.mark.parametrize("causal", [False, True])
def test_against_loops(causal):
    rng = np.random.default_rng(0)
    sizes = (1, 2, 5, 9, 3, 14, 7)
    corpus = [(random_sentence(rng, m), random_words(rng, 3, m, causal)) for m in sizes]
    found = budget(statistics_of(corpus), 3, causal)
    assert found.words == sum(sizes)
    for head in range(3):
        own, twin = naive_budget(corpus, head, causal)
        np.testing.assert_allclose(found.head[head], own, atol=1e-6)
        np.testing.assert_allclose(found.position_only[head], twin, atol=1e-6)
    np.testing.assert_allclose(found.head.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(found.position_only.sum(1), 1, atol=1e-6)


def test_a_head_of_position_is_its_own_twin():
    rng = np.random.default_rng(1)
    corpus = [(random_sentence(rng, m), np.eye(m, k=-1, dtype=np.float32)[None]) for m in (6, 9, 2)]
    found = budget(statistics_of(corpus), 1, False)
    np.testing.assert_allclose(found.head, found.position_only, atol=1e-7)
    assert found.head[0, 0] == pytest.approx(3 / 17)  # the first words, which give nothing to words


def test_the_first_rule_that_fits():
    sentence = ParsedSentence(
        0, 1, tuple("abcde"), (1, -1, 1, 1, 1), ("x",) * 5, ("NOUN", "DET", "PUNCT", "NOUN", "DET"), ("_",) * 5
    )
    named = [[CHANNELS[code] for code in row] for row in channels(sentence)]
    assert named[0] == ["self", "syntax", "punctuation", "content", "function"]
    assert named[2] == ["content", "syntax", "self", "neighbour", "function"]
    assert named[3] == ["content", "syntax", "punctuation", "self", "neighbour"]


@settings(max_examples=30)
@given(m=st.integers(1, 12), seed=st.integers(0, 99))
def test_diagonal_sums(m, seed):
    cells = np.random.default_rng(seed).normal(size=(2, m, m))
    expected = np.stack([np.trace(cells, d, 1, 2) for d in range(-m + 1, m)], 1)
    np.testing.assert_allclose(diagonal_sums(cells), expected)


def test_a_row_that_gives_other_words_nothing():
    sentence = random_sentence(np.random.default_rng(2), 4)
    weights = np.zeros((1, 4, 4), np.float32)
    found = budget(statistics_of([(sentence, weights)]), 1, False)
    assert found.head[0, 0] == 1 and found.position_only[0, 0] == 1 and not found.position_only[0, 1:].any()
    assert np.isnan(budget([], 1, False).head).all()
