"""A head's moments against loops: which sentences are strongest, and that the sample is one of all deciles."""

import numpy as np

from dashboard.analyses.profile.example_sentences import EXAMPLE_FIGURES, top_examples


def made(rng, S, h):
    queries = rng.integers(2, 20, (S, h)).astype(np.float32)
    bits = {figure: (rng.normal(size=(S, h)) * queries).astype(np.float32) for figure in EXAMPLE_FIGURES}
    return bits, queries, np.sort(rng.choice(10 * S, S, replace=False))


def test_against_loops():
    bits, queries, sentences = made(np.random.default_rng(0), 137, 6)
    table = top_examples(bits, queries, sentences, 2, 3)
    assert len(table) == 6 * 3 * 25 and not table.isna().any().any()
    for layer in range(2):
        for head in range(3):
            place = 3 * layer + head
            for figure in EXAMPLE_FIGURES:
                rows = table[(table.layer == layer) & (table["head"] == head) & (table.figure == figure)]
                scores = {
                    int(sentences[s]): float(bits[figure][s, place] / queries[s, place])
                    for s in range(137)
                    if queries[s, place] >= 5
                }
                ranked = sorted(scores, key=scores.get)
                assert list(rows[rows.kind == "strongest"].sentence) == ranked[::-1][:5]
                drawn = rows[rows.kind == "decile"]
                assert list(drawn.decile) == [k for k in range(1, 11) for _ in range(2)] and drawn.sentence.is_unique
                for row in rows.itertuples():
                    rank = ranked.index(row.sentence)
                    assert row.decile == 10 * rank // len(ranked) + 1
                    assert np.isclose(row.score, scores[row.sentence], rtol=1e-6)
                    assert row.queries == queries[list(sentences).index(row.sentence), place]


def test_the_sample_is_fair_and_the_same_again():
    bits, queries, sentences = made(np.random.default_rng(1), 100, 100)
    queries[:] = 8
    table = top_examples(bits, queries, sentences, 10, 10)
    assert table.equals(top_examples(bits, queries, sentences, 10, 10))
    drawn = table[table.kind == "decile"]
    # 100 heads × 3 figures × 20 of 100 sentences: each is drawn 60 times, give or take.
    counts = drawn.sentence.value_counts()
    assert len(counts) == 100 and counts.min() > 35 and counts.max() < 90
    # The strongest are no better than others at being drawn: two of the ten in their decile.
    top = table[table.kind == "strongest"].merge(drawn, on=["layer", "head", "figure", "sentence"])
    assert 0.15 < len(top) / (100 * 3 * 5) < 0.25


def test_few_sentences_ties_and_heads_without_figures():
    rng = np.random.default_rng(2)
    bits, queries, sentences = made(rng, 8, 2)
    queries[:] = [[5, 4]] * 8
    bits["context"][:] = np.nan
    bits["syntax"][:] = 1
    table = top_examples(bits, queries, sentences, 1, 2)
    assert set(table["head"]) == {0} and set(table.figure) == {"position", "syntax"}
    assert (table.groupby(["figure", "kind"]).size() == [8, 5, 8, 5]).all()
    ties = table[(table.figure == "syntax") & (table.kind == "decile")]
    assert list(ties.sentence) == list(sentences) and list(ties.decile) == [1, 2, 3, 4, 6, 7, 8, 9]
    empty = top_examples(
        {f: np.zeros((0, 2), np.float32) for f in EXAMPLE_FIGURES}, np.zeros((0, 2)), np.zeros(0), 1, 2
    )
    assert len(empty) == 0 and list(empty.columns) == list(table.columns)
