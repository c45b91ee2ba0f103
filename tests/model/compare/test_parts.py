"""Heads of one part of an encoder–decoder compared; heads of two parts refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast

from dashboard import (
    attention,
    changed_heads,
    compare_models,
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
    changes = changed_heads(read, TARGET, TARGET.replace("lamp", "boat"), exchanges=1)
    assert str(most_changed(changes)).startswith(head[0])
    again = thing_of(changes.table.attrs["provenance"], tmp_path, monkeypatch)
    assert again.equals(changes.table)
    rows = range(
        aligned.a.queries.labels.index("lamp / boat"), len(aligned.a.queries)
    )  # a row before it sees no change
    a, b = (attention(read, text, head, unit="words").weights for text in (TARGET, TARGET.replace("lamp", "boat")))
    apart = [jensenshannon(a[row], b[row], 2) ** 2 for row in rows if not aligned.a.queries.special[row]]
    of_head = changes.table.set_index(["layer", "head"])["change"].loc[int(head[1]), int(head[3])]
    assert of_head == pytest.approx(np.mean(apart), abs=1e-6) and changes.rows == len(apart)
    chart = draw_aligned(aligned, "difference")
    assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another model, whose tokens are single bytes."""
    folder = tmp_path_factory.mktemp("compare") / "pegasus"
    write("pegasus", folder)
    letters = {letter: place for place, letter in enumerate(["<pad>", "<s>", "</s>", *ByteLevel.alphabet()])}
    made = Tokenizer(BPE(letters, []))
    made.pre_tokenizer = ByteLevel(add_prefix_space=False)
    PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="</s>").save_pretrained(folder)
    return opened(str(folder))


@pytest.mark.parametrize("part", PAIRS)
@pytest.mark.parametrize("measure", ["weight", "contribution"])
def test_heads_of_two_models_meet_at_the_words_of_both_texts(bart, other, part, measure, tmp_path, monkeypatch):
    (first, second), both = PAIRS[part], [of_part(one, part, SOURCE) for one in (bart, other)]
    aligned = compare_models(both[0], first, both[1], second, TARGET, measure=measure)
    assert aligned.a.queries.labels == aligned.b.queries.labels and aligned.a.keys.labels == aligned.b.keys.labels
    for model, name, view in zip((bart, other), (first, second), (aligned.a, aligned.b), strict=True):
        if measure == "weight":  # all words are shared, and no special token is
            whole = attention(model, SOURCE, name, unit="words", target=TARGET)
            rows, columns = (~np.array(axis.special) for axis in (whole.queries, whole.keys))
            assert np.allclose(view.weights, whole.weights[rows][:, columns], atol=1e-6)
        assert view.weights.shape == (14, 14 if part == "decoder" else 20)
    chart = draw_aligned(aligned)
    assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()


def test_two_models_read_one_part_and_one_source(bart, other, refuses):
    decoder = of_part(bart, "decoder", SOURCE)
    for second in (of_part(other, "decoder", TARGET), of_part(other, "cross", SOURCE), other):
        with refuses(UserError, "the same part"):
            compare_models(decoder, "D1H1", second, "L1H1", TARGET)


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
