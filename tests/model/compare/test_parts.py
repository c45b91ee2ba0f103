"""Heads of one part of an encoder–decoder compared; heads of two parts refused."""

from __future__ import annotations

import pytest

from dashboard import (
    attention,
    changed_heads,
    compare_texts,
    comparison_table,
    draw,
    draw_aligned,
    draw_closest_pairs,
    of_part,
)
from dashboard import open_model as opened
from dashboard.analyses.compare.change import most_changed
from dashboard.analyses.explore.api import attentions
from dashboard.cli import main
from dashboard.errors import UserError
from tests.helpers.snippets import thing_of
from tests.helpers.two_stacks import SOURCE, TARGET, write

PAIRS = {"decoder": ["D2H1", "D1H3"], "cross": ["X2H1", "X1H3"]}


@pytest.fixture(scope="module")
def bart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare") / "bart"
    write("bart", folder)
    return opened(str(folder))


@pytest.mark.parametrize("part", PAIRS)
def test_heads_of_a_part_are_compared_by_their_rows(bart, part, tmp_path, monkeypatch):
    import numpy as np
    from scipy.spatial.distance import jensenshannon

    views = attentions(bart, SOURCE, PAIRS[part], unit="words", target=TARGET)
    table = comparison_table(views)
    rows = [k for k, special in enumerate(views[0].queries.special) if not special]
    a, b = (view.weights[rows].astype(float) for view in views)
    expected = np.mean([jensenshannon(x, y, 2) ** 2 for x, y in zip(a, b, strict=True)])
    assert table["js"][0] == pytest.approx(expected, abs=1e-6) and table["rows"][0] == len(rows)
    assert table["top1"][0] == pytest.approx((a.argmax(1) == b.argmax(1)).mean())
    assert thing_of(table.attrs["provenance"], tmp_path, monkeypatch).equals(table)
    for chart in (draw_closest_pairs(views), draw(views, "difference"), draw(views, "compare", width=700)):
        assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()


@pytest.mark.parametrize("part", PAIRS)
def test_one_head_on_two_targets(bart, part, tmp_path, monkeypatch):
    read, head = of_part(bart, part, SOURCE), PAIRS[part][0]
    aligned = compare_texts(read, head, TARGET, TARGET.replace("lamp", "boat"))
    assert sum(aligned.changed) == 1 and aligned.a.head == aligned.b.head
    if part == "decoder":
        changes = changed_heads(read, TARGET, TARGET.replace("lamp", "boat"), exchanges=1)
        assert str(most_changed(changes)).startswith("D")
        again = thing_of(changes.table.attrs["provenance"], tmp_path, monkeypatch)
        assert again.equals(changes.table)
    chart = draw_aligned(aligned, "difference")
    assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()


def test_a_cross_head_and_a_self_head_are_refused(bart, tmp_path):
    views = attentions(bart, SOURCE, ["X1H1", "D1H1"], target=TARGET)
    with pytest.raises(UserError, match="X1H1 and D1H1 look at different texts"):
        comparison_table(views)
    with pytest.raises(UserError, match="same positions"):
        comparison_table(attentions(bart, SOURCE, ["L1H1", "D1H1"], target=TARGET))
    for view in ("compare", "difference", "lines"):
        with pytest.raises(UserError, match="one part"):
            draw(views, view)
    given = ["compare", SOURCE, "--model", bart.name, "--target", TARGET, "--out", str(tmp_path / "c.csv")]
    assert main([*given, "--heads", "X1H1,D1H1"]) == 2
    assert main([*given, "--heads", "X1H1,X0H1"]) == 0 and "X0H1" in (tmp_path / "c.csv").read_text()
    assert attention(bart, SOURCE, "X1H1", target=TARGET).head.letter == "X"
