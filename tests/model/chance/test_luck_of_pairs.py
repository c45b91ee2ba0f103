"""The visitor's own list: the figures of Find heads, beside random marks on the same text."""

import numpy as np
import pytest

from dashboard import draw_luck, find_heads, luck_of_pairs
from dashboard.analyses.chance.api import luck_table
from dashboard.analyses.chance.text import luck_finding, luck_remarks
from dashboard.errors import UserError
from dashboard.heads.head_id import heads_of
from tests.helpers.sentences import numbers
from tests.helpers.snippets import thing_of

TEXT = "Anna met Ben in Paris. Ben liked the museum and Anna liked the river. Later Anna wrote to Ben."
PAIRS = [(6, 2), (11, 0), (17, 11), (20, 6)]


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_scores_and_q_are_those_of_find_heads(name, request):
    model = request.getfixturevalue(name)
    listed = find_heads(model, TEXT, PAIRS)
    found = luck_of_pairs(model, TEXT, PAIRS)
    table = found.table.set_index("name")
    names = [str(head) for head in heads_of(listed.table)]
    np.testing.assert_allclose(table.loc[names, "score"], listed.table["score"], atol=1e-6)
    np.testing.assert_allclose(table.loc[names, "q"], listed.table["q"])
    assert (found.sets, found.least_p, found.pairs) == (listed.sets, listed.least_p, 4)
    assert found.table["beyond"].is_monotonic_decreasing and len(found.best) == 1_000
    assert found.table["name"][0] in luck_finding(found)


def test_one_pair_says_how_little_it_can_show(minilm):
    found = luck_of_pairs(minilm, TEXT, "20 > 6")
    assert found.sets == 7 and found.table["p"].min() >= 1 / 8
    assert any(one.startswith("Mark more") for one in luck_remarks(found))
    assert numbers(luck_finding(found))[-2:] == [7, 0.12] and "ruled out" in luck_finding(found)
    alone = luck_of_pairs(minilm, "Cats sleep", [(0, 1), (1, 0)])
    assert alone.sets == 0 and luck_finding(alone) and draw_luck(alone).description == luck_finding(alone)


def test_what_a_causal_model_cannot_see_is_left_out_or_refused(smollm2):
    some = luck_of_pairs(smollm2, TEXT, [(6, 2), (2, 6)])
    assert some.pairs == 1
    with pytest.raises(UserError, match="ahead"):
        luck_of_pairs(smollm2, TEXT, [(2, 6)])


def test_the_lines_of_a_file_make_the_same_table_and_figure(minilm, tmp_path, monkeypatch):
    found = luck_table(luck_of_pairs(minilm, TEXT, PAIRS))
    assert thing_of(found.table.attrs["provenance"], tmp_path, monkeypatch).equals(found.table)
    chart = draw_luck(found, width=500)
    assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()
