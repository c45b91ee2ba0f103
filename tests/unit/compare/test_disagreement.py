"""Where two heads part, word by word."""

from __future__ import annotations

import re

import pytest

from dashboard.analyses.compare.disagreement import ELSEWHERE, disagreements, parting
from dashboard.analyses.compare.divergence import compare
from tests.helpers.sentences import numbers, plain
from tests.helpers.views import words_view as view


def test_disagreements_come_first_and_say_where_each_looks(snapshot):
    a = view("x y z", [[1, 0, 0], [0.9, 0.1, 0], [0, 0, 1]])
    b = view("x y z", [[1, 0, 0], [0, 0.2, 0.8], [0, 0.4, 0.6]])
    table = disagreements(a, b)
    assert table["word"].tolist() == ["y", "z", "x"]
    assert table.iloc[0][["a_looks_at", "b_looks_at"]].tolist() == ["x", "z"]
    assert table["js"].mean() == pytest.approx(compare(a, b).js)
    said = parting(table, "A", "B")
    assert re.findall("“(.*?)”", said) == ["y", "x", "z"] and numbers(said) == [90, 80]
    assert [plain(said), plain(parting(disagreements(a, a), "A", "B"))] == snapshot


def test_where_most_goes_to_what_is_not_drawn_it_says_elsewhere():
    whole = view("x y z", [[0.1, 0.1, 0.8]] * 3)
    part = whole.part([0, 1])
    assert disagreements(part, part)["a_looks_at"].tolist() == [ELSEWHERE, ELSEWHERE]
    assert disagreements(part, part)["a_share"].tolist() == pytest.approx([0.8, 0.8])
    sink = view("x y z", [[0.1, 0.1, 0.0]] * 3)
    table = disagreements(sink, whole)
    assert table["a_looks_at"].tolist() == [ELSEWHERE] * 3 and table["a_share"].tolist() == pytest.approx([0.8] * 3)
    assert table["b_looks_at"].tolist() == ["z"] * 3 and compare(sink, whole).top1 == 0
