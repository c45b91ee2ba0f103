"""Heads by a pattern over a corpus: against loops over whole maps, one sentence at a time."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from dashboard.analyses.find_heads.by_pattern import matches
from dashboard.analyses.find_heads.corpus import search
from dashboard.analyses.find_heads.pattern import Pattern
from dashboard.analyses.find_heads.text import match_finding, match_remarks
from dashboard.capture import head_weights
from dashboard.errors import UserError
from dashboard.text import LeftOut, parse
from tests.helpers.sentences import heads_in, numbers, wording

TEXT = (
    "The old chef cooks good noodles in a small kitchen. A young waiter brings the hot soup to the quiet guests. "
    "My sister likes tonkotsu. The noisy children eat rice and the tired parents drink green tea. "
    "Nobody saw the grey cat under the table. The critic wrote a long and unkind review about the new menu. Why?"
)
DETERMINERS = Pattern(relation="det", nearest=1, furthest=2)


def shares_of(model, sentence):
    """q of every head by loops over pieces: (h, m, m)."""
    encoding = model.encode_sentence(sentence)
    every = list(model.all_heads)
    maps = np.stack(head_weights(model, encoding, every)).astype(float)
    m = len(sentence)
    pieces = [[t for t, word in enumerate(encoding.word_of) if word == w] for w in range(m)]
    words = np.array(
        [
            [[maps[h][np.ix_(a, b)].sum(1).mean() if a is not b else 0 for b in pieces] for a in pieces]
            for h in range(len(every))
        ]
    )
    mass = words.sum(2, keepdims=True)
    return np.divide(words, mass, out=np.full_like(words, np.nan), where=mass > 0)


def naive(model, sentences, pattern):
    """Per sentence and head: Σ share, Σ baseline, Σ rank (S, h, 3), and how many pairs (S)."""
    sums, counts = [], []
    for sentence in sentences:
        m, q = len(sentence), shares_of(model, sentence)
        fitting = [(i, j) for i, j in pattern.pairs(sentence) if j < i or not model.causal]
        total, n = np.zeros((len(q), 3)), 0
        for i, j in fitting:
            elsewhere = [(a, a + j - i) for a in range(m) if 0 <= a + j - i < m and (a, a + j - i) not in fitting]
            if not elsewhere:
                continue
            n += 1
            total[:, 0] += q[:, i, j]
            total[:, 1] += np.mean([q[:, a, b] for a, b in elsewhere], 0)
            rivals = [k for k in range(m) if k not in (i, j) and (k < i or not model.causal)]
            total[:, 2] += 1 + sum(q[:, i, k] > q[:, i, j] for k in rivals) if rivals else 1
        sums.append(total)
        counts.append(n)
    return np.array(sums), np.array(counts)


@pytest.fixture(scope="module")
def sentences():
    return list(parse(TEXT))


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("minilm", DETERMINERS),
        ("minilm", Pattern("any", looks_pos="ADJ", seen_pos="NOUN", furthest=4)),
        ("smollm2", Pattern("head->dependent", relation="det")),
    ],
)
def test_figures_equal_loops_over_whole_maps(name, pattern, sentences, request):
    model = request.getfixturevalue(name)
    found = matches(model, sentences, pattern, "a text")
    sums, counts = naive(model, sentences, pattern)
    table = found.table.sort_values(["layer", "head"])
    n = counts.sum()
    assert found.pairs == n and (table["n"] == n).all() and found.sentences == (counts > 0).sum()
    np.testing.assert_allclose(table["score"], sums[:, :, 0].sum(0) / n, atol=1e-4)
    np.testing.assert_allclose(table["baseline"], sums[:, :, 1].sum(0) / n, atol=1e-4)
    np.testing.assert_allclose(table["rank"], sums[:, :, 2].sum(0) / n, atol=0.26)  # a near-tie or two of float32
    np.testing.assert_allclose(table["rank"].mean(), (sums[:, :, 2].sum(0) / n).mean(), atol=0.01)
    np.testing.assert_allclose(table["lift"], table["score"] - table["baseline"], atol=1e-9)
    assert found.table["lift"].is_monotonic_decreasing

    # The interval, by its definition: whole resamples of the sentences that have a pair.
    used = counts > 0
    lift, cases = (sums[:, :, 0] - sums[:, :, 1])[used], counts[used]
    drawn = np.random.default_rng(0).integers(0, used.sum(), (1000, used.sum()))
    again = [lift[one].sum(0) / cases[one].sum() for one in drawn]
    low, high = np.percentile(again, [2.5, 97.5], axis=0)
    np.testing.assert_allclose(table["low"], low, atol=1e-4)
    np.testing.assert_allclose(table["high"], high, atol=1e-4)

    # Held out: chosen on one half, judged on the other.
    even = np.array([sentence.index % 2 == 0 for sentence in sentences])
    difference, judged = sums[:, :, 0] - sums[:, :, 1], []
    for choose, judge, head in [(even, ~even, found.best.chosen[0]), (~even, even, found.best.chosen[1])]:
        place = difference[choose].sum(0).argmax()
        assert place == head.layer * model.heads + head.head
        judged.append(difference[judge, place].sum() / counts[judge].sum())
    assert found.best.lift == pytest.approx(np.mean(judged), abs=1e-4)
    assert found.best.low <= found.best.lift <= found.best.high
    assert found.best.lift == pytest.approx(found.best.score - found.best.baseline)


def test_q_is_that_of_loops_over_random_pairs_of_each_sentence(minilm, sentences):
    found = matches(minilm, sentences, DETERMINERS, "a text")
    generator, observed, drawn, n = np.random.default_rng(9), 0, 0, 0
    for sentence in sentences:
        m, q = len(sentence), shares_of(minilm, sentence)
        pairs = [(i, j) for i, j in DETERMINERS.pairs(sentence)]
        for d in {j - i for i, j in pairs}:
            own = [i for i, j in pairs if j - i == d]
            places = [i for i in range(m) if 0 <= i + d < m]
            if len(places) == len(own):
                continue
            n += len(own)
            observed = observed + sum(q[:, i, i + d] for i in own)
            sets = [generator.choice(places, len(own), replace=False) for _ in range(4_000)]
            drawn = drawn + np.array([q[:, some, some + d].sum(1) for some in map(np.array, sets)])
    assert n == found.pairs
    p = (1 + (drawn >= observed - 1e-6).sum(0)) / 4_001
    wanted = false_discovery_control(p)
    table = found.table.sort_values(["layer", "head"])
    assert ((wanted < 0.02) <= (table["q"] <= 0.05)).all() and ((wanted > 0.1) <= (table["q"] > 0.05)).all()
    assert np.abs(table["q"].to_numpy() - wanted)[wanted < 0.05].max() < 0.02
    np.testing.assert_allclose(table["q"], wanted, atol=0.25)  # a step of the correction apart
    assert (wanted < 0.02).sum() > 3 and (wanted > 0.1).sum() > 20


def test_the_best_head_for_determiners_is_said_with_its_figures(minilm, sentences, snapshot):
    found = matches(minilm, sentences, DETERMINERS, "a text")
    said = match_finding(found)
    one = match_finding(found, found.best.chosen[0])
    assert {found.pairs, found.sentences} <= set(numbers(said)) and heads_in(one)[0] == str(found.best.chosen[0])
    assert numbers(match_remarks(found)[0])[0] == 7
    assert [wording(sentence) for sentence in (said, one, *match_remarks(found))] == snapshot


def test_reading_stops_at_the_limit_and_tells_how_far_it_is(minilm, sentences, monkeypatch, snapshot, refuses):
    told, read = [], []

    def stream():
        for sentence in sentences * 4:
            read.append(sentence)
            yield sentence

    found = matches(minilm, stream(), DETERMINERS, "a text", limit=3, progress=lambda *said: told.append(said))
    assert found.sentences == 3 and not found.whole and len(read) <= 6
    assert told[-1][0] == 1.0 and numbers(told[-1][1]) == [3]
    assert [wording(told[-1][1]), wording(match_remarks(found)[0])] == snapshot
    monkeypatch.setattr("dashboard.analyses.find_heads.by_pattern.READ_PER_MATCH", 5)
    with refuses(UserError):
        matches(minilm, sentences * 4, Pattern(relation="vocative"), "a text", limit=1)
    # Only one half of the sentences has a pair: nothing can be held out.
    assert matches(minilm, sentences[:1], DETERMINERS, "a text").best is None


def test_why_nothing_was_found_is_said(minilm, smollm2, sentences, refuses):
    gap = [LeftOut(0, 1, "it has 2 roots")]
    for model, given, pattern, *facts in [
        (minilm, sentences, Pattern(relation="case"), "case", "amod, det"),
        (minilm, sentences, Pattern(relation="all"), "all"),  # what pools them in a profile is none
        (minilm, sentences, Pattern(relation="det", looks_pos="VERB"), "7 sentences", "a text"),
        (smollm2, sentences, Pattern(relation="det"), "SmolLM2"),
        (minilm, sentences[2:3], Pattern("any", looks_lemma="my", seen_lemma=".")),
        (
            minilm,
            gap,
            Pattern(relation="det"),
            "Line 1: it has 2 roots",
            "1 of 1",
        ),
    ]:
        with refuses(UserError, *facts):
            matches(model, given, pattern, "a text")
    with refuses(UserError, "1 or more"):
        matches(minilm, sentences, DETERMINERS, "a text", limit=0)


def test_a_treebank_in_another_scheme_and_a_text_file(minilm, tmp_path, refuses):
    rows = (
        "1\tDie\tder\tDET\t_\t_\t2\tspec\t_\t_\n2\tKatze\tKatze\tNOUN\t_\t_\t3\tsubj\t_\t_\n"
        "3\tschläft\tschlafen\tVERB\t_\t_\t0\troot\t_\t_\n4\theute\theute\tADV\t_\t_\t3\tmod\t_\t_\n\n"
    )
    (tmp_path / "t.conllu").write_text(rows * 3)
    found = search(minilm, tmp_path / "t.conllu", Pattern(relation="spec"))
    assert found.pairs == 3 and found.corpus == "t.conllu" and found.reading["limit"] == 400
    (tmp_path / "t.txt").write_text(TEXT)
    assert search(minilm, tmp_path / "t.txt", DETERMINERS).pairs > 8
    for name in ("t.doc", "none.txt"):
        with refuses(UserError, name):
            search(minilm, tmp_path / name, DETERMINERS)


def test_the_same_from_python(minilm, tmp_path, monkeypatch):
    import dashboard

    (tmp_path / "t.txt").write_text(TEXT)
    found = dashboard.find_heads_in(minilm, tmp_path / "t.txt", dashboard.Pattern(relation="det"), limit=2)
    assert found.sentences == 2 and not found.whole
    recipe = found.table.attrs["provenance"]["recipe"]
    assert str(tmp_path) not in recipe and "'t.txt'" in recipe
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(recipe, names)
    np.testing.assert_allclose(names["thing"]["lift"], found.table["lift"])
    dashboard.save(found.table, tmp_path / "found.csv")
    assert (tmp_path / "found.csv").read_text(encoding="utf-8-sig").count("\n") >= 73


def test_the_lines_over_the_builtin_sentences_hold_no_path(minilm):
    import dashboard

    found = dashboard.find_heads_in(minilm, dashboard.builtin_corpus(), DETERMINERS, limit=2)
    recipe = found.table.attrs["provenance"]["recipe"]
    assert "find_heads_in(model, builtin_corpus(), " in recipe and str(dashboard.builtin_corpus().parent) not in recipe
