"""Heads by example, computed a second way: loops over the library's own eager attention."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
import torch
from scipy.stats import binom, false_discovery_control

from dashboard import attention
from dashboard.analyses.find_heads.by_example import examples, pairs_of
from dashboard.analyses.find_heads.pair_shares import pair_shares
from dashboard.analyses.find_heads.text import chance_remarks, example_finding, remarks
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.models import load
from tests.helpers.sentences import heads_in, numbers, wording

CHEF = "The chef who trained in Osaka says tonkotsu is her favourite food."
OTHER = "Unbelievably, nobody remembered the old bridge."


def naive(maps, encoding, causal, pairs):
    """score, baseline, rank of every head by loops over words: lists of (heads), from token maps (h, n, n)."""
    m = len(encoding.words)
    pieces = [[t for t, word in enumerate(encoding.word_of) if word == w] for w in range(m)]
    rows = []
    for weights in maps:
        words = [
            [sum(weights[a, b] for a in pieces[i] for b in pieces[j]) / len(pieces[i]) for j in range(m)]
            for i in range(m)
        ]

        def share(i, j, words=words):
            return words[i][j] / sum(words[i][k] for k in range(m) if k != i)

        score = np.mean([share(i, j) for i, j in pairs])
        base, rank = [], []
        for i, j in pairs:
            d = j - i
            cells = [(a, a + d) for a in range(m) if 0 <= a + d < m and (a, a + d) not in pairs]
            base.append(np.mean([share(*cell) for cell in cells]))
            others = [words[i][k] for k in range(m) if k not in (i, j) and (k < i or not causal)]
            rank.append(1 + sum(x > words[i][j] for x in others) + sum(x == words[i][j] for x in others) / 2)
        rows.append((score, np.mean(base), np.mean(rank)))
    return np.array(rows)


@pytest.fixture(scope="module", params=["minilm", "smollm2"])
def both(request):
    """A model, and its maps of a text by the library's eager attention."""
    model = request.getfixturevalue(request.param)
    copy = load(model.source, attn_implementation="eager").model

    def maps(encoding):
        with torch.inference_mode():
            every = copy(input_ids=torch.tensor([encoding.ids]), output_attentions=True).attentions
        return torch.cat(every)[:, :, :].flatten(0, 1).double().numpy()

    return model, maps


PAIRS = ((6, 1), (7, 6), (11, 8), (9, 1), (12, 11))


def test_every_head_equals_loops_over_eager_attention(both):
    model, maps = both
    encoding = model.encode(CHEF)
    assert max(np.bincount([w for w in encoding.word_of if w is not None])) > 1  # a word of several pieces
    found = examples(model, encoding, PAIRS)
    table = found.table.sort_values(["layer", "head"])
    expected = naive(maps(encoding), encoding, model.causal, PAIRS)
    np.testing.assert_allclose(table[["score", "baseline"]], expected[:, :2], atol=1e-4)
    assert (np.abs(table["rank"] - expected[:, 2]) > 1e-9).mean() < 0.02  # float32 may order two near-equal ones
    np.testing.assert_allclose(table["lift"], table["score"] - table["baseline"])
    assert (table["n"] == 5).all()
    assert found.table["lift"].is_monotonic_decreasing
    # offsets -5, -1, -3, -8, -1 of 13 words: 12 + 10 + 8 + 5 cells less the marked
    assert (table["others"] == (12 - 2) + (10 - 1) + (8 - 1) + (5 - 1)).all()


def test_q_is_that_of_loops_over_all_other_pairs_at_the_same_distances(both):
    model, maps = both
    encoding = model.encode(CHEF)
    pairs = ((6, 1), (9, 4), (9, 8))  # two of 8 at -5, one of 12 at -1
    found = examples(model, encoding, pairs)
    far, near = [(i, i - 5) for i in range(5, 13)], [(i, i - 1) for i in range(1, 13)]
    sets = [[*two, one] for two, one in product(combinations(far, 2), near)]
    assert found.sets == len(sets) - 1 == 28 * 12 - 1 and found.least_p == 1 / len(sets)
    score = [naive(maps(encoding), encoding, model.causal, one)[:, 0] for one in sets[:: len(sets) - 1]]  # two sets
    single = {pair: naive(maps(encoding), encoding, model.causal, [pair])[:, 0] for pair in {*far, *near}}
    of = np.array([np.mean([single[pair] for pair in one], 0) for one in sets])  # (sets, heads)
    np.testing.assert_allclose(of[:: len(sets) - 1], score, atol=1e-9)
    observed = np.mean([single[pair] for pair in pairs], 0)
    q = false_discovery_control((of >= observed - 1e-6).mean(0))
    table = found.table.sort_values(["layer", "head"])
    np.testing.assert_allclose(table["q"], q, rtol=0.02)  # float32 may order two near-equal sets


def test_a_text_without_other_pairs_has_no_q_and_few_can_mark_no_head(minilm):
    whole = examples(minilm, minilm.encode("Cats sleep."), [(0, 1), (1, 2)])
    assert whole.sets == 0 and whole.table["q"].isna().all()
    assert "no other" in " ".join(chance_remarks(whole)) and "beyond chance" not in example_finding(whole)
    few = examples(minilm, minilm.encode(CHEF), [(6, 1)])
    assert few.sets == 7 and few.table["q"].min() >= few.least_p == 1 / 8
    two = examples(minilm, minilm.encode(CHEF), [(6, 1), (9, 1)])  # the key may be at 4 places
    assert two.sets == 4 and "together" in " ".join(chance_remarks(two)) and "together" not in chance_remarks(few)[1]
    assert "7" in " ".join(chance_remarks(few)) and "No head is beyond chance" in example_finding(few)


def test_a_head_that_follows_the_marks_is_found_and_none_where_they_are_shuffled(minilm):
    """Marks where one head looks most, of all words at that distance; and random marks, which no head follows."""
    encoding, head = minilm.encode(" ".join([CHEF, OTHER] * 3)), HeadId(5, 11)
    view = attention(minilm, encoding, head, unit="words", special="hide").weights.astype(float)
    np.fill_diagonal(view, 0)
    along = np.diagonal(view / view.sum(1, keepdims=True), -5)
    marked = [(int(j) + 5, int(j)) for j in np.argsort(-along)[:6]]
    found = examples(minilm, encoding, marked)
    assert found.row(head)["q"] <= 0.05
    assert "Beyond chance" in example_finding(found)
    lists = 0
    for run in range(40):
        drawn = np.random.default_rng(run).choice(np.arange(5, 55), 4, replace=False)
        lists += (examples(minilm, encoding, [(i, i - 5) for i in drawn.tolist()]).table["q"] <= 0.05).any()
    assert lists <= binom.ppf(0.99, 40, 0.05)


def test_texts_of_different_lengths_in_one_batch_equal_each_alone(both):
    model, _ = both
    encodings = [model.encode(CHEF), model.encode(OTHER)]
    together = pair_shares(model, encodings, [PAIRS, ((3, 2), (6, 3))])
    for encoding, pairs, found in zip(encodings, [PAIRS, ((3, 2), (6, 3))], together, strict=True):
        [alone] = pair_shares(model, [encoding], [pairs])
        np.testing.assert_allclose(found.share, alone.share, atol=2e-5)
        np.testing.assert_allclose(found.baseline, alone.baseline, atol=2e-5)
        assert (found.others == alone.others).all()


def test_rows_that_come_in_blocks_are_put_together(minilm, monkeypatch):
    import dashboard.capture.attention_call as call

    encoding = minilm.encode(CHEF)
    [whole] = pair_shares(minilm, [encoding], [PAIRS])
    original = call.Call.blocks
    monkeypatch.setattr(call.Call, "blocks", lambda self, rows=None, heads=None: original(self, 4, heads))
    [parts] = pair_shares(minilm, [encoding], [PAIRS])
    np.testing.assert_allclose(parts.share, whole.share, atol=1e-6)
    np.testing.assert_allclose(parts.baseline, whole.baseline, atol=1e-6)
    monkeypatch.undo()
    [eager] = pair_shares(
        replace(minilm, route="eager", loaded=load(minilm.source, attn_implementation="eager")), [encoding], [PAIRS]
    )
    np.testing.assert_allclose(eager.share, whole.share, atol=1e-5)


def test_a_causal_model_cannot_look_ahead_and_says_so(smollm2, refuses, snapshot):
    encoding = smollm2.encode(CHEF)
    found = examples(smollm2, encoding, [(6, 1), (1, 6)])
    assert found.pairs == ((6, 1),) and found.masked == ((1, 6),)
    assert (found.table["n"] == 1).all() and found.table["rank"].between(1, 6).all()
    assert "chef → says" in remarks(found)[0] and remarks(found)[0] == snapshot(name="left out")
    with refuses(UserError, "says → is", "SmolLM2"):
        examples(smollm2, encoding, [(1, 6), (6, 8)])
    # the first word sees nothing but itself and the start; the second sees one word, so gives it all
    [second] = pair_shares(smollm2, [encoding], [((1, 0),)])
    assert np.allclose(second.share, 1) and (second.rank == 1).all()


def test_a_distance_that_no_other_two_words_have_leaves_no_baseline(minilm, snapshot):
    found = examples(minilm, minilm.encode(CHEF), [(12, 0)])
    assert found.table["baseline"].isna().all() and found.table["lift"].isna().all()
    assert found.table["score"].notna().all() and found.table["score"].is_monotonic_decreasing
    assert (found.table["others"] == 0).all()
    assert wording(example_finding(found)) == snapshot


def test_the_finding_names_the_best_head_with_its_figures(minilm, snapshot):
    found = examples(minilm, minilm.encode(CHEF), [(6, 1)])
    best = found.table.iloc[0]
    said = example_finding(found)
    assert heads_in(said) == [str(found.best)] and numbers(said)[:2] == [72, round(100 * best["score"])]
    other = example_finding(found, HeadId(0, 2))
    row = found.table.query("layer == 0 and head == 2").iloc[0]
    assert heads_in(other)[0] == "L0H2" and numbers(other)[0] == 0.1 > 100 * row["score"]  # “under 0.1 %”
    none = example_finding(replace(found, table=found.table.assign(lift=-0.1)))
    assert all("says → chef" in one for one in (said, other, none))
    assert [wording(one) for one in (said, other, none)] == snapshot


def test_what_is_no_pair_of_this_text_is_said_in_a_sentence(minilm, refuses):
    encoding = minilm.encode(CHEF)
    for pairs, *facts in [
        ([],),
        ([(6, 13)], "0 to 12"),
        ([(-1, 2)], "0 to 12"),
        ([(3, 3)],),
        (
            [(k, k + 1) for k in range(12)]
            + [(k, k + 2) for k in range(11)]
            + [(k + 1, k) for k in range(12)]
            + [(k + 2, k) for k in range(11)],
            "40",
        ),
    ]:
        with refuses(UserError, *facts):
            examples(minilm, encoding, pairs)
    with refuses(UserError):
        examples(minilm, minilm.encode("Noodles"), [(0, 0)])
    # A word that gives no token has no place among the words.
    with refuses(UserError, "0 to 1"):
        examples(minilm, minilm.encode("ramen \x00 noodles"), [(0, 2)])


def test_pairs_as_a_person_types_them(minilm, refuses):
    encoding = minilm.encode("The chef says the 2 noodles are the chef’s, in 2019.")
    forms = [word.form for word in encoding.words]
    assert pairs_of(encoding, "says > noodles, are → SAYS;2->1\n 0 => 2,") == ((2, 5), (6, 2), (2, 1), (0, 2))
    assert pairs_of(encoding, "2019 > in") == ((forms.index("2019"), forms.index("in")),)
    assert pairs_of(encoding, "The > says") == ((0, 2),)
    assert pairs_of(encoding, "2>1") == ((2, 1),)  # a number is the word's number
    for typed, *facts in [
        ("says", "“says”"),
        ("says > chef > the", "“says > chef > the”"),
        (" > says", "“> says”"),
        ("says > pasta", "“pasta”"),
        ("99 > 0", "99"),
        ("says > chef", "2 times", "1 and 8"),
        ("THE > says", "3 times", "0, 3 and 7"),
    ]:
        with refuses(UserError, *facts):
            pairs_of(encoding, typed)


def test_the_same_from_python_and_on_the_command_line(minilm, tmp_path, capsys):
    import pandas as pd

    import dashboard
    from dashboard.cli import main

    found = dashboard.find_heads(minilm, CHEF, "says > chef, 9 > 1")
    assert found.pairs == ((6, 1), (9, 1))
    names = {}
    exec(found.table.attrs["provenance"]["recipe"], names)
    pd.testing.assert_frame_equal(names["thing"], found.table)
    assert main(["find", CHEF, "--pairs", "says>chef,9>1", "--out", str(tmp_path / "f.parquet")]) == 0
    told = capsys.readouterr().out
    assert heads_in(told) == [str(found.best)] and numbers(told)[:2] == [72, 2]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "f.parquet"), found.table, check_exact=False)
    for pairs, says in [("says>says", "“says”"), ("says", "“says”"), ("in>pasta", "“pasta”")]:
        assert main(["find", CHEF, "--pairs", pairs, "--out", str(tmp_path / "g.csv")]) == 2
        said = capsys.readouterr()
        assert says in said.err and said.err.count("\n") == 1 and not said.out
    assert not (tmp_path / "g.csv").exists()


def test_the_command_line_says_what_a_causal_model_cannot_see(smollm2, tmp_path, capsys, snapshot):
    from dashboard.cli import main

    asked = ["find", CHEF, "--model", "smollm2", "--out", str(tmp_path / "f.csv"), "--pairs"]
    assert main([*asked, "says>chef,chef>says"]) == 0
    [told] = [line for line in capsys.readouterr().err.splitlines() if "chef → says" in line]
    assert told == snapshot(name="left out")
    assert main([*asked, "chef>says"]) == 2
    [told] = [line for line in capsys.readouterr().err.splitlines() if "chef → says" in line]
    assert told == snapshot(name="nothing left")
