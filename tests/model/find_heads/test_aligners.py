"""Cross attention as a word aligner, against loops over the weights and a model made to copy."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from dashboard import draw_aligners, find_aligners, find_heads, of_part, open_model
from dashboard.analyses.find_heads.aligner import NO_LINK, alignment_error
from dashboard.analyses.find_heads.aligner_text import chance_remarks, finding, remarks
from dashboard.capture import head_weights
from dashboard.cli import main
from dashboard.errors import UserError
from dashboard.export import figure_bytes, file_stem, snippet
from dashboard.heads.head_id import heads_of
from tests.helpers.snippets import run, thing_of
from tests.helpers.two_stacks import SOURCE, TARGET, write, write_copier

TEXT, TURNED = "Two old pots wait by the water", "water the by wait pots old Two"


@pytest.fixture(scope="module")
def copier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aligners") / "copier"
    write_copier(folder)
    return open_model(str(folder))


@pytest.fixture(scope="module")
def bart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aligners") / "bart"
    write("bart", folder)
    return open_model(str(folder))


def test_a_model_that_copies_aligns_without_error(copier):
    same = find_aligners(copier, TEXT, [(k, k) for k in range(7)], target=TEXT)
    assert same.table["aer"][0] == same.diagonal == same.least == 0 and same.table["share"][0] > 0.9
    turned = find_aligners(copier, f"He says {TURNED}", "old > old, water > water, Two > Two", target=f"says {TEXT}")
    assert turned.table["aer"][0] == 0 and turned.diagonal == 1
    assert turned.links(turned.best)["right"].all()
    assert "0 %" in finding(turned).replace("\xa0", " ") and "100 %" in finding(turned).replace("\xa0", " ")


def test_wrong_marks_are_errors_and_several_marks_have_a_least_error(copier):
    wrong = find_aligners(copier, TEXT, [(0, 1), (1, 1), (2, 2), (3, 0)], target=TEXT)
    assert wrong.table["aer"][0] == pytest.approx(1 - 2 * 2 / 8) and wrong.table["right"][0] == 2
    double = find_aligners(copier, TEXT, [(0, 0), (0, 1)], target=TEXT)
    assert double.table["aer"][0] == pytest.approx(double.least) == pytest.approx(1 / 3)
    assert any("33" in one for one in remarks(double)) and not any("marks, and" in one for one in remarks(wrong))


def test_the_alignment_error_is_that_of_och_and_ney():
    assert alignment_error({(0, 0), (1, 2)}, {(0, 0), (1, 1)}) == 0.5
    assert alignment_error({(0, 0)}, {(0, 0), (1, 1), (2, 2)}) == 0.5
    assert alignment_error(set(), set()) == alignment_error(set(), {(0, 0)}) == 1


def test_every_head_is_what_loops_over_its_weights_find(bart):
    pairs = [(1, 3), (4, 0), (4, 7), (9, 2), (11, 15)]
    found = find_aligners(bart, SOURCE, pairs, target=TARGET)
    cross = of_part(bart, "cross", SOURCE)
    target, source = cross.encode(TARGET), cross.source_text
    assert heads_of(found.table) != list(cross.all_heads) and set(heads_of(found.table)) == set(cross.all_heads)
    for head, weights in zip(cross.all_heads, head_weights(cross, target, cross.all_heads), strict=True):
        links, shares = set(), {}
        for j in {j for j, _ in pairs}:
            rows = [token for token, word in enumerate(target.word_of) if word == j]
            to = np.zeros(len(source.words))
            for row in rows:
                for token, word in enumerate(source.word_of):
                    if word is not None:
                        to[word] += weights[row, token] / len(rows)
            links.add((j, int(to.argmax())))
            shares |= {(j, i): to[i] / to.sum() for i in range(len(to))}
        right = len(links & set(pairs))
        row = found.row(head)
        assert row["aer"] == pytest.approx(1 - 2 * right / (len(links) + 5)) and row["right"] == right
        assert row["share"] == pytest.approx(np.mean([shares[pair] for pair in pairs]), abs=1e-5)
    order = found.table[["aer", "share"]].to_numpy().tolist()
    assert order == sorted(order, key=lambda one: (one[0], -one[1]))
    assert found.table["aer"].nunique() > 1


def test_q_is_that_of_all_other_links_at_the_same_distances(bart):
    cross = of_part(bart, "cross", SOURCE)
    m, n = len(cross.encode(TARGET).words), len(cross.source_text.words)
    whole = find_aligners(bart, SOURCE, [(j, 0) for j in range(m)], target=TARGET).linked
    links = whole[cross.all_heads[0]]
    pairs = [(j, links[j]) for j in (1, 4, 9)]  # as this head has them
    found = find_aligners(bart, SOURCE, pairs, target=TARGET)

    def error(head, some):
        own = {(j, whole[head][j]) for j, _ in some if whole[head][j] != NO_LINK}
        return alignment_error(own, set(some))

    groups = []
    for d in {i - j for j, i in pairs}:
        size = sum(i - j == d for j, i in pairs)
        groups.append([*combinations([(j, j + d) for j in range(m) if 0 <= j + d < n], size)])
    every = [sum(some, ()) for some in product(*groups)]
    p = [np.mean([error(head, some) <= error(head, pairs) + 1e-9 for some in every]) for head in cross.all_heads]
    assert found.sets == len(every) - 1 and p[0] < 0.05 < max(p)
    wanted = dict(zip(cross.all_heads, false_discovery_control(p), strict=True))
    q = [wanted[head] for head in heads_of(found.table)]
    np.testing.assert_allclose(found.table["q"], q, atol=1e-9 if found.sets <= 1_000 else 0.05)


def test_marks_that_are_no_better_than_others_are_not_beyond_chance(copier):
    whole = find_aligners(copier, TEXT, [(k, k) for k in range(7)], target=TEXT)
    assert whole.sets == 0 and whole.table["q"].isna().all() and "no other" in " ".join(chance_remarks(whole))
    some = find_aligners(copier, TEXT, [(k, k) for k in (0, 2, 4, 6)], target=TEXT)
    assert some.table["q"][0] == 1 and "No head is beyond chance" in finding(some)  # it aligns the others as well
    turned = find_aligners(copier, TURNED, "old > old, water > water, Two > Two", target=TEXT)
    assert turned.sets == 2 and turned.table["q"].min() >= turned.least_p == 1 / 3  # the marks lie in the corners


def test_the_lines_of_a_file_make_the_same_table_and_figure(bart, tmp_path, monkeypatch):
    found = find_aligners(bart, SOURCE, "She > chef, lamp > ramen", target=TARGET)
    table = thing_of(found.table.attrs["provenance"], tmp_path, monkeypatch)
    assert table.equals(found.table)
    chart = draw_aligners(found, width=500)
    assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()
    written = draw_aligners(found, width=500, theme="dark").provenance
    run(snippet(written), tmp_path)
    expected = figure_bytes(draw_aligners(found, width=500, theme="dark"), "svg", written)
    assert (tmp_path / f"{file_stem(written)}.svg").read_bytes() == expected


def test_the_command_writes_the_same_table(bart, tmp_path, capsys):
    out = tmp_path / "heads.csv"
    given = [SOURCE, "--model", bart.name, "--target", TARGET, "--part", "cross", "--pairs", "She > chef"]
    assert main(["find", *given, "--out", str(out)]) == 0
    found = find_aligners(bart, SOURCE, "She > chef", target=TARGET)
    assert finding(found) in capsys.readouterr().out
    assert len(out.read_text().splitlines()) == len(found.table) + 1


def test_pairs_in_the_decoder_are_found_and_made_again(bart, tmp_path, monkeypatch):
    decoder = of_part(bart, "decoder", SOURCE)
    found = find_heads(decoder, TARGET, "sold > She")
    assert (found.part, found.source) == ("decoder", SOURCE) and str(found.best).startswith("D")
    assert thing_of(found.table.attrs["provenance"], tmp_path, monkeypatch).equals(found.table)


def test_what_cannot_be_aligned_is_said(bart, minilm):
    with pytest.raises(UserError, match="find_aligners"):
        find_heads(of_part(bart, "cross", SOURCE), TARGET, "She > sold")
    with pytest.raises(UserError, match="numbered 0 to"):
        find_aligners(bart, SOURCE, [(0, 99)], target=TARGET)
    with pytest.raises(UserError, match="at least one pair"):
        find_aligners(bart, SOURCE, [], target=TARGET)
    with pytest.raises(UserError, match="target"):
        find_aligners(bart, SOURCE, "She > chef")
    with pytest.raises(UserError, match="cross"):
        find_aligners(minilm, SOURCE, "She > chef", target=TARGET)


def test_a_head_that_gives_the_words_nothing_has_no_link(bart, monkeypatch):
    from dashboard.analyses.find_heads import aligner

    class Nothing(aligner._Visitor):
        def block(self, block):
            block.weights.zero_()
            super().block(block)

    monkeypatch.setattr(aligner, "_Visitor", Nothing)
    found = find_aligners(bart, SOURCE, "She > chef", target=TARGET)
    assert (found.table["aer"] == 1).all() and found.table["share"].isna().all()
    assert found.linked[found.best] == (NO_LINK,) and found.links(found.best)["to"].tolist() == [""]
