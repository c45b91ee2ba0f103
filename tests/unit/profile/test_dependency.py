"""Dependency accuracies against loops that follow METRICS §3."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from dashboard.analyses.profile.dependency import (
    best_of,
    dependencies,
    dependency_statistics,
    found_heads,
    scored_words,
)
from dashboard.analyses.profile.dependency_cases import ALL, DIRECTIONS, OFFSETS
from dashboard.text import ParsedSentence

RELATIONS = ["nsubj", "obj", "obj:x", "punct", "det"]


def corpus_of(rng, sizes, layers, heads, causal):
    """Random trees with coarse weights, so that ties happen."""
    found = []
    for index, m in enumerate(sizes):
        order, tree = rng.permutation(m), np.full(m, -1)
        for k in range(1, m):
            tree[order[k]] = order[rng.integers(k)]
        labels = tuple(str(rng.choice(RELATIONS)) if h >= 0 else "root" for h in tree)
        sentence = ParsedSentence(
            2 * index + index % 3, 1, ("w",) * m, tuple(map(int, tree)), labels, ("X",) * m, ("_",) * m
        )
        weights = rng.integers(0, 4, (layers * heads, m, m)).astype(np.float32)
        found.append((sentence, weights * np.tri(m) if causal else weights))
    return found


def statistics_of(corpus, causal):
    for sentence, weights in corpus:
        correct = found_heads(weights, sentence.heads, scored_words(sentence), causal)
        yield dependency_statistics(sentence.index, sentence, correct)


def naive_cases(corpus, relation, causal, subtypes):
    """(sentence number, odd index, offset, right per direction and head) of every case."""
    for number, (s, weights) in enumerate(corpus):
        for i in range(len(s)):
            name = s.relations[i] if subtypes else s.relations[i].split(":")[0]
            if s.heads[i] == -1 or name == "punct" or relation not in (name, ALL):
                continue
            right = np.zeros((2, len(weights)), bool)
            for h in range(len(weights)):
                for d in range(2):
                    best = None
                    for j in range(len(s)):
                        if j == i or (causal and (j > i if d == 0 else j < i)):
                            continue
                        weight = weights[h, i, j] if d == 0 else weights[h, j, i]
                        if best is None or weight > best[0]:
                            best = (weight, j)
                    right[d, h] = best is not None and best[1] == s.heads[i]
            yield number, s.index % 2, s.heads[i] - i, right


def naive_best(cases):
    counts = sum(case[3].astype(int) for case in cases)
    h, d = max(product(range(counts.shape[1]), range(2)), key=lambda hd: (counts[hd[1], hd[0]], -hd[0], -hd[1]))
    return h, d


def naive_offset(cases):
    return max(OFFSETS, key=lambda o: (sum(case[2] == o for case in cases), -o))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("subtypes", [False, True])
def test_against_loops(causal, subtypes):
    layers, heads = 2, 5
    corpus = corpus_of(np.random.default_rng(3), (1, 2, 6, 9, 4, 12, 7, 15), layers, heads, causal)
    found = dependencies(statistics_of(corpus, causal), layers, heads, causal, subtypes=subtypes)
    names = {r if subtypes else r.split(":")[0] for s, _ in corpus for r in s.relations} - {"punct", "root"}
    assert set(found.best.relation[1:]) == names and found.best.relation[0] == found.heads.relation[0] == ALL
    assert found.best.n[0] == found.best.n[1:].sum() and list(found.best.n[1:]) == sorted(found.best.n[1:])[::-1]
    assert len(found.heads) == (len(names) + 1) * 2 * layers * heads
    idx = np.random.default_rng(0).integers(0, len(corpus), (1000, len(corpus)))
    for row in found.best.itertuples():
        cases = list(naive_cases(corpus, row.relation, causal, subtypes))
        h, d = naive_best(cases)
        offset = naive_offset(cases)
        assert (row.n, row.layer, row.head, row.direction) == (len(cases), h // heads, h % heads, DIRECTIONS[d])
        assert row.offset == offset and row.ranked == (row.n >= 30)
        assert row.baseline == pytest.approx(np.mean([case[2] == offset for case in cases]))
        held = []
        for half in (0, 1):
            chosen, scored = ([c for c in cases if c[1] == k] for k in (half, 1 - half))
            if chosen and scored:
                h2, d2 = naive_best(chosen)
                o2 = naive_offset(chosen)
                held.append((np.mean([c[3][d2, h2] for c in scored]), np.mean([c[2] == o2 for c in scored])))
        if len(held) == 2:
            np.testing.assert_allclose([row.held_out_accuracy, row.held_out_baseline], np.mean(held, 0))
        else:
            assert np.isnan(row.held_out_accuracy)
        for one in found.heads[found.heads.relation == row.relation].itertuples():
            d, h = DIRECTIONS.index(one.direction), one.layer * heads + one.head
            right = [case[3][d, h] for case in cases]
            assert one.correct == sum(right) and one.accuracy == pytest.approx(np.mean(right))
            assert one.lift == pytest.approx(one.accuracy - row.baseline)
            hidden = np.mean([case[2] > 0 if d == 0 else case[2] < 0 for case in cases]) if causal else 0
            assert one.invisible == pytest.approx(hidden)
            above, below = np.zeros(len(corpus)), np.zeros(len(corpus))
            for case in cases:
                above[case[0]] += case[3][d, h]
                below[case[0]] += 1
            values = [above[k].sum() / below[k].sum() for k in idx if below[k].sum()]
            np.testing.assert_allclose([one.low, one.high], np.percentile(values, [2.5, 97.5]), atol=1e-9)


@pytest.mark.parametrize("causal", [False, True])
def test_q_is_that_of_loops_over_all_signs_of_the_sentences(causal):
    corpus = corpus_of(np.random.default_rng(8), (2, 6, 9, 4, 12, 7, 15, 11), 2, 5, causal)
    found = dependencies(statistics_of(corpus, causal), 2, 5, causal)
    p = []
    for row in found.heads.itertuples():
        cases = list(naive_cases(corpus, row.relation, causal, False))
        d, h = DIRECTIONS.index(row.direction), row.layer * 5 + row.head
        beyond = {number: 0 for number, *_ in cases}
        for number, _, offset, right in cases:
            beyond[number] += int(right[d, h]) - (offset == row.offset)
        sums = [
            sum(s * b for s, b in zip(signs, beyond.values(), strict=True))
            for signs in product((1, -1), repeat=len(beyond))
        ]
        p.append(np.mean([one >= sum(beyond.values()) for one in sums]))
    np.testing.assert_allclose(found.heads["q"], false_discovery_control(p))
    for best in found.best.itertuples():
        rows = found.heads[(found.heads.relation == best.relation) & (found.heads.direction == best.direction)]
        [own] = rows[(rows.layer == best.layer) & (rows["head"] == best.head)].itertuples()
        assert own.q == best.q


def test_a_head_that_follows_the_parse_is_beyond_chance_and_one_that_looks_anywhere_is_not():
    rng = np.random.default_rng(9)
    corpus = corpus_of(rng, [12] * 60, 1, 20, False)
    for sentence, weights in corpus:
        for word, head in enumerate(sentence.heads):
            weights[7, word, head] += 9 * (head >= 0)
    found = dependencies(statistics_of(corpus, False), 1, 20, False)
    beyond = found.heads[found.heads["q"] <= 0.05]
    assert set(zip(beyond["head"], beyond["direction"], strict=True)) == {(7, DIRECTIONS[0])}
    assert set(beyond["relation"]) == set(found.heads["relation"])


def test_a_relation_that_is_named_all_is_told_from_all_relations():
    sentence = ParsedSentence(0, 1, ("w",) * 4, (-1, 0, 0, 2), ("root", "all", "det", "all:x"), ("X",) * 4, ("_",) * 4)
    found = dependencies(statistics_of([(sentence, np.ones((1, 4, 4), np.float32))], False), 1, 1, False)
    assert dict(zip(found.best.relation, found.best.n, strict=True)) == {ALL: 3, "all (relation)": 2, "det": 1}


def test_cases_are_counted_the_same_in_however_many_parts(monkeypatch):
    corpus = corpus_of(np.random.default_rng(6), (5, 1, 9, 14, 3, 8), 2, 5, True)
    whole = dependencies(statistics_of(corpus, True), 2, 5, True)
    for together in (1, 3, 7):
        monkeypatch.setattr("dashboard.analyses.profile.dependency_cases.TOGETHER", together)
        parts = dependencies(statistics_of(corpus, True), 2, 5, True)
        for one in ("heads", "best"):
            pd.testing.assert_frame_equal(getattr(parts, one), getattr(whole, one), check_exact=True)


def test_ties_of_the_best_head():
    assert best_of(np.array([[1, 3, 3], [2, 3, 3]])) == (1, 0)
    assert best_of(np.array([[1, 0], [1, 0]])) == (0, 0)
    assert best_of(np.array([[0, 0], [0, 2]])) == (1, 1)


def test_a_head_that_always_finds_it():
    corpus = corpus_of(np.random.default_rng(4), (9,) * 40, 1, 1, False)
    for sentence, weights in corpus:
        weights[:] = 0
        for i, head in enumerate(sentence.heads):
            if head >= 0:
                weights[0, i, head] = 1
    found = dependencies(statistics_of(corpus, False), 1, 1, False)
    assert (found.best.accuracy == 1).all() and (found.best.held_out_accuracy == 1).all()
    assert (found.best.direction == "dependent->head").all() and (found.best.low == 1).all()
    assert found.best.ranked.all() and list(found.best.n) == sorted(found.best.n, reverse=True)


def test_nothing_to_score():
    assert len(dependencies([], 2, 3, False).heads) == 0
    corpus = corpus_of(np.random.default_rng(5), (1,), 1, 2, False)
    assert len(dependencies(statistics_of(corpus, False), 1, 2, False).best) == 0
