"""Explained bits against loops and a plain Newton fit (METRICS §4), and heads whose answer is known."""

import math
from collections import Counter

import numpy as np
import pytest
import torch

from dashboard.analyses.profile.budget import CONTENT
from dashboard.analyses.profile.conditional_logit import TOLERANCE, Objective, fit
from dashboard.analyses.profile.explained import (
    ExplainedStatistics,
    _cross_entropies,
    _fitted,
    expected_features,
    explain,
    explained_queries,
)
from dashboard.analyses.profile.features import CorpusCounts, FeatureSpace, cosines
from dashboard.analyses.profile.fit_rows import pack
from dashboard.analyses.profile.roles import FIGURES, leans, role_label, roles
from dashboard.analyses.recall.threads import one_thread
from dashboard.corpus.batches import normalised
from dashboard.heads.bootstrap import intervals
from dashboard.text import ParsedSentence


def random_sentence(rng, m, index, lemmas="abcde_"):
    order, heads = rng.permutation(m), np.full(m, -1)
    for k in range(1, m):
        heads[order[k]] = order[rng.integers(k)]
    relations = tuple(str(rng.choice(["nsubj", "obj", "obj:x", "det"])) if h >= 0 else "root" for h in heads)
    return ParsedSentence(
        index,
        1,
        tuple(str(rng.choice(list("ABX"))) for _ in range(m)),
        tuple(map(int, heads)),
        relations,
        tuple(map(str, rng.choice(["NOUN", "DET", "PUNCT", "VERB"], m))),
        tuple(str(rng.choice(list(lemmas))) for _ in range(m)),
    )


def random_words(rng, h, m, causal):
    scores = rng.normal(size=(h, m, m)) * 2 - np.abs(np.arange(m)[:, None] - np.arange(m)) * 0.3
    if causal:
        scores[:, ~np.tri(m, dtype=bool)] = -np.inf
    weights = np.exp(scores)
    return (weights / weights.sum(2, keepdims=True) * 0.7).astype(np.float32)


def statistics_of(corpus, space, causal):
    for sentence, words, vectors in corpus:
        m = len(sentence)
        features, queries = space.pairs(sentence, vectors), explained_queries(m, causal)
        dense = space.dense(features).reshape(m, m, -1)[queries].reshape(-1, len(space))
        shares, mass = normalised(words)
        expected, entropy = expected_features(shares[:, queries], dense)
        yield ExplainedStatistics(sentence.index, features, expected, entropy, mass[:, queries])


def explain_corpus(corpus, layers, heads, causal=False):
    space = FeatureSpace.of(CorpusCounts.of(sentence for sentence, _, _ in corpus))
    return explain(list(statistics_of(corpus, space, causal)), space, layers, heads, causal)


def naive_features(s, vectors, i, j, relations, lemmas, total):
    """f(i, j) in the three groups, by METRICS §4 line by line."""
    d = j - i
    position = [float(d == k) for k in range(-10, 11) if k]
    position += [float(d < -10), float(d > 10), math.log(-d) if d < 0 else 0.0, math.log(d) if d > 0 else 0.0]
    base = [r.split(":")[0] for r in s.relations]
    syntax = [float(s.heads[i] == j and base[i] == r) for r in relations]
    syntax += [float(s.heads[j] == i and base[j] == r) for r in relations]
    syntax.append(float(s.heads[i] == s.heads[j] != -1))
    syntax.append(float(s.heads[i] != -1 and s.heads[s.heads[i]] == j))
    syntax.append(float(s.heads[j] != -1 and s.heads[s.heads[j]] == i))
    keys = [(w if k == "_" else k).casefold() for w, k in zip(s.words, s.lemmas, strict=True)]
    a, b = vectors[i], vectors[j]
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    context = [float(a @ b / norm) if norm else 0.0, float(keys[i] == keys[j]), float(s.upos[j] in CONTENT)]
    context += [math.log(lemmas[keys[j]] / total) / 5, float(s.upos[j] == "PUNCT")]
    return position, syntax, context


def naive_fit(rows):
    """Newton's method in float64 on mean CE in bits + 1e-4 |θ|²; rows are (X, q)."""
    theta = np.zeros(rows[0][0].shape[1])
    for _ in range(100):
        gradient, hessian = 2e-4 * theta, 2e-4 * np.eye(len(theta))
        for x, q in rows:
            p = np.exp(x @ theta - (x @ theta).max())
            p /= p.sum()
            mean = x.T @ p
            gradient = gradient + x.T @ (p - q) / len(rows) / math.log(2)
            hessian = hessian + ((x.T * p) @ x - np.outer(mean, mean)) / len(rows) / math.log(2)
        if np.abs(gradient).max() < 1e-9:
            return theta
        step = np.linalg.solve(hessian, gradient)
        theta = theta - step * min(1, 5 / np.abs(step).max())
    raise AssertionError("no fit")


def naive_bits(corpus, head, causal):
    lemmas = Counter(
        (w if k == "_" else k).casefold() for s, _, _ in corpus for w, k in zip(s.words, s.lemmas, strict=True)
    )
    relations = sorted({r.split(":")[0] for s, _, _ in corpus for r in s.relations})
    halves = ([], [])
    for s, words, vectors in corpus:
        if len(s) < 4:
            continue
        for i in range(len(s)):
            candidates = [j for j in range(len(s)) if j != i and not (causal and j > i)]
            q = words[head, i, candidates].astype(float)
            if len(candidates) < 3 or q.sum() == 0:
                continue
            parts = [naive_features(s, vectors, i, j, relations, lemmas, lemmas.total()) for j in candidates]
            halves[s.index % 2].append((parts, q / q.sum(), q.sum()))

    def entropy(*groups):
        def rows(half):
            return [(np.array([[f for g in groups for f in part[g]] for part in parts]), q) for parts, q, _ in half]

        found = []
        for half in (0, 1):
            theta = naive_fit(rows(halves[half]))
            for x, q in rows(halves[1 - half]):
                scores = x @ theta
                found.append((np.log(np.exp(scores).sum()) - q @ scores) / math.log(2))
        return np.mean(found)

    every = halves[0] + halves[1]
    even = np.mean([math.log2(len(q)) for _, q, _ in every])
    total = even - np.mean([-(q[q > 0] * np.log2(q[q > 0])).sum() for _, q, _ in every])
    pos, pos_ctx, pos_syn, full = entropy(0), entropy(0, 2), entropy(0, 1), entropy(0, 1, 2)
    syntax, context = pos_ctx - full, pos_syn - full
    shared = pos - full - syntax - context
    bits = [total, even - pos, syntax, context, shared, total - (even - pos) - syntax - context - shared]
    return bits, np.mean([mass for _, _, mass in every]), len(every)


@pytest.fixture(scope="module", autouse=True)
def alone():
    """Small fits are faster on one core; what runs after this file has all of them again."""
    with one_thread():
        yield


@pytest.mark.parametrize("causal", [False, True])
def test_against_loops_and_newton(causal):
    rng = np.random.default_rng(0)
    corpus = []
    for index, m in enumerate([1, 3, 4, 5, 14, 6, 9, 7, 8, 13, 5, 6, 4, 9]):
        vectors = rng.normal(size=(m, 4))
        vectors[0] = 0
        words = random_words(rng, 2, m, causal)
        if index == 6:
            words[1, 5] = 0  # this head gives other words nothing here
        corpus.append((random_sentence(rng, m, index + index // 5), words, vectors))
    found = explain_corpus(corpus, 1, 2, causal)
    assert found.silent == 1
    for head in range(2):
        bits, active, queries = naive_bits(corpus, head, causal)
        row = found.table.iloc[head]
        assert row.queries == queries and row.active == pytest.approx(active, abs=1e-6)
        np.testing.assert_allclose([row[f"bits_{name}"] for name in FIGURES], bits, atol=0.002)
        assert row.bits_unexplained >= 0 and row.bits_total_low <= row.bits_total <= row.bits_total_high


@pytest.fixture(scope="module")
def known():
    """Heads that always look at the syntactic head, the same lemma, one to the left, and one at all words alike."""
    rng = np.random.default_rng(1)
    corpus = []
    for index in range(160):
        m = int(rng.integers(6, 12))
        s = random_sentence(rng, m, index, lemmas="abcd")
        scores = np.zeros((4, m, m))
        keys = np.array(s.keys)
        for i in range(m):
            if s.heads[i] >= 0:
                scores[0, i, s.heads[i]] = 60
            scores[1, i, keys == keys[i]] = 60
            if i:
                scores[2, i, i - 1] = 60
        weights = np.exp(scores)
        weights[:, np.arange(m), np.arange(m)] = 0
        weights *= np.array([0.9, 0.9, 0.9, 0.2])[:, None, None] / weights.sum(2, keepdims=True)
        corpus.append((s, weights.astype(np.float32), rng.normal(size=(m, 4))))
    return explain_corpus(corpus, 2, 2).table


def test_known_heads_have_their_roles(known):
    assert list(known.role) == ["syntax", "context", "position", "flat"]
    assert known.lean[0] > 0.95 and known.lean[1] < -0.95
    assert known.bits_total[3] == pytest.approx(0, abs=1e-5)
    assert known.bits_syntax[0] > 1 and known.bits_context[1] > 0.5 and known.bits_position[2] > 1
    np.testing.assert_allclose(known.active, [0.9, 0.9, 0.9, 0.2], atol=1e-6)


def test_the_parts_sum_to_the_whole(known):
    parts = sum(known[f"bits_{name}"] for name in FIGURES[1:])
    np.testing.assert_allclose(parts, known.bits_total, atol=1e-5)
    assert (known.bits_unexplained > -1e-5).all()
    for name in FIGURES:
        assert (known[f"bits_{name}_low"] <= known[f"bits_{name}"] + 1e-6).all()
        assert (known[f"bits_{name}_high"] >= known[f"bits_{name}"] - 1e-6).all()


def test_scores_of_sentences_are_parts_of_the_figures():
    rng = np.random.default_rng(4)
    corpus = []
    for index, m in enumerate(rng.integers(5, 10, 16)):
        corpus.append((random_sentence(rng, m, index), random_words(rng, 2, m, False), rng.normal(size=(m, 4))))
    found = explain_corpus(corpus, 1, 2)
    every = found.top_examples[found.top_examples.kind == "decile"]  # of 16 sentences no decile has more than two
    for (head, figure), rows in every.groupby(["head", "figure"]):
        assert sorted(rows.sentence) == list(range(16)) and list(rows.queries) == [
            len(corpus[s][0]) for s in rows.sentence
        ]
        mean = (rows.score * rows.queries).sum() / rows.queries.sum()
        assert mean == pytest.approx(found.table[f"bits_{figure}"][head], abs=1e-5)


def test_lean_and_roles():
    nothing = math.nan
    lean = leans(
        np.array([0.3, 0.1, -0.1, 0.004]),
        np.array([0.1, 0.3, 0.2, 0.0]),
        np.array([0.1, -0.3, -0.2, 0.001]),
        np.array([0.3, 0.1, -0.1, 0.01]),
    )
    np.testing.assert_allclose(lean, [0.5, nothing, -1, nothing])
    found = roles(
        np.array([0.01, 1, 1, 1, 1, 1]),
        np.array([0.01, 0.7, 0.1, 0.1, 0.1, nothing]),
        np.array([1, 1, 0.5, -0.5, nothing, nothing]),
    )
    assert list(found) == ["flat", "position", "syntax", "context", "undecided", ""]
    assert (
        role_label("context", 0.09) == "context, attention sink 91\u00a0%" and role_label("context", 0.4) == "context"
    )


def test_a_corpus_without_two_halves():
    rng = np.random.default_rng(2)
    corpus = [
        (random_sentence(rng, 6, index), random_words(rng, 2, 6, False), rng.normal(size=(6, 3))) for index in (0, 2)
    ]
    table = explain_corpus(corpus, 1, 2).table
    assert np.isnan(table.bits_position).all() and (table.bits_total > 0).all() and list(table.role) == ["", ""]


def test_intervals_cover_the_value_of_the_fitted_models():
    """Heads' models fitted once; the interval over a resampled corpus covers their figure in the population."""
    rng = np.random.default_rng(3)
    corpus = []
    for index in range(800):
        m = int(rng.integers(4, 10))
        s = random_sentence(rng, m, index)
        words = random_words(rng, 1, m, False)
        for i, head in enumerate(s.heads):
            words[0, i, head] += 0.3 * (head >= 0)
        corpus.append((s, words, rng.normal(size=(m, 4))))
    space = FeatureSpace.of(CorpusCounts.of(s for s, _, _ in corpus))
    statistics = list(statistics_of(corpus, space, False))
    packed, sums = pack(statistics, space, 1, False)
    found = {}
    for groups in ((False, True), (True, True)):
        theta = [_fitted(packed[half], sums.expected[half], sums.counted[half], space, *groups) for half in (0, 1)]
        found[groups] = _cross_entropies(packed, theta, statistics, space, 1, *groups).astype(float)
    gain = found[False, True] - found[True, True]
    value, covered = gain.sum() / sums.queries.sum(), 0
    for _ in range(200):
        drawn = rng.integers(0, 800, 150)
        low, high = intervals(gain[drawn], sums.queries[drawn])
        covered += low[0] <= value <= high[0]
    assert 180 <= covered <= 198


def test_the_fit_ends_well_within_its_tolerance():
    """So that rounding elsewhere, which decides how many steps are made, does not show in the bits; of sharp heads too,
    whose curvature where they end is not that where the fit begins."""
    rng = np.random.default_rng(5)
    corpus = []
    for k, m in enumerate(rng.integers(6, 14, 60)):
        words = random_words(rng, 6, m, False) ** 10
        corpus.append((random_sentence(rng, m, k), words, rng.normal(size=(m, 4))))
    space = FeatureSpace.of(CorpusCounts.of(s for s, _, _ in corpus))
    packed, sums = pack(list(statistics_of(corpus, space, False)), space, 6, False)
    rows = [block.expand(space, True, True) for block in packed[0]]
    objective = Objective(rows, torch.from_numpy(sums.expected[0]), torch.from_numpy(sums.counted[0]))
    assert objective(fit(objective), torch.arange(6))[1].abs().max() < TOLERANCE / 50


def test_cosines():
    found = cosines(np.array([[1.0, 0], [0, 0], [1, 1]]))
    np.testing.assert_allclose(found, [[1, 0, 2**-0.5], [0, 0, 0], [2**-0.5, 0, 1]], atol=1e-7)
