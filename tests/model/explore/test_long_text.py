"""The map of a head over a long text as a picture, from Python and on the command line."""

import json

import numpy as np
import pytest

from dashboard import attention, draw_long_text, open_model
from dashboard.analyses.explore.heatmap_chart import heatmap
from dashboard.analyses.explore.long_text import read_long
from dashboard.analyses.explore.map_chart import Part, head_map
from dashboard.charts.look import Look
from dashboard.cli import main
from dashboard.errors import UserError
from dashboard.export.snippet import snippet
from dashboard.heads.head_id import HeadId
from tests.helpers.snippets import run

TEXT = " ".join(f"The cook of house {k} says that this dish is her favourite food." for k in range(60))
HEAD = "L1H2"


@pytest.fixture(scope="module")
def model():
    return open_model("smollm2")


@pytest.fixture(scope="module")
def whole(model):
    return attention(model, TEXT, HEAD, unit="words", special="hide")


@pytest.fixture(scope="module")
def source(model):
    return read_long(model, model.encode(TEXT), layers=[1]).rows(HeadId(1, 2), unit="words", special="hide")


def test_the_whole_is_drawn_in_squares_of_the_largest_weight(source, whole):
    part, m = Part(source), len(whole)
    assert m > 512 and part.level == 1 and part.values.shape == (-(-m // 2),) * 2
    i, j = 200, 101
    assert part.values[i, j] == pytest.approx(whole.weights[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(), abs=1e-6)
    table = part.table()
    assert set(table["positions"]) == {2} and table["weight"].max() == pytest.approx(whole.weights.max(), abs=1e-6)


def test_a_part_of_it_has_each_weight_and_its_words(source, whole):
    part = Part(source, (300, 340), (10, 60))
    np.testing.assert_allclose(part.values, whole.weights[300:340, 10:60], atol=2e-6)
    table = part.table()
    row = table.iloc[len(table) // 2]
    assert row["from"] == whole.labels[row["from_position"]] and row["to"] == whole.labels[row["to_position"]]
    with pytest.raises(UserError, match="no part of a text"):
        Part(source, (10, 10))
    with pytest.raises(UserError, match="no part of a text"):
        Part(source, keys=(0, 10**6))


class Rows:
    """The rows of a view, as those of a long text."""

    def __init__(self, view):
        self.view, self.axis, self.unit, self.hidden, self.head, self.model = (
            view, view.queries, view.unit, view.hidden, view.head, view.model
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.view)

    def rows(self, start: int, stop: int) -> np.ndarray:
        return self.view.weights[start:stop]


@pytest.mark.parametrize("head", ["L0H2", "L2H8", "L3H1"])
def test_full_ink_is_what_it_is_in_the_heatmap_of_the_same_words(minilm, head):
    view = attention(minilm, "The cook of the house says that this dish is her favourite food. " * 36, head)
    drawn, heat = (one.to_dict()["title"] for one in (head_map(Part(Rows(view)), Look()), heatmap(view, Look())))
    said = [next(line for line in one["subtitle"] if "shade" in line) for one in (drawn, heat)]
    assert said[0].rpartition(", ")[2] == said[1].rpartition(", ")[2]


def test_its_lines_make_it_again(model, tmp_path, whole):
    how = {"unit": "words", "special": "hide", "rows": (40, 80), "keys": (20, 60)}
    made = draw_long_text(model, TEXT, HEAD, **how)
    code = snippet(made.provenance)
    assert "draw_long_text(" in code and "rows=(40, 80)" in code
    run(f"{code}import json\njson.dump(thing.to_dict(), open('again.json', 'w'))", tmp_path)
    again = json.loads((tmp_path / "again.json").read_text())
    assert again["title"] == made.to_dict()["title"] and len(list(tmp_path.glob("*.svg"))) == 1
    cells, cells_again = (one["layer"][0]["data"]["values"] for one in (made.to_dict(), again))
    assert [row["j"] for row in cells] == [row["j"] for row in cells_again]
    for row, row_again in zip(cells, cells_again, strict=True):
        assert row["w"] == pytest.approx(row_again["w"], abs=2e-4)


def test_the_command_draws_all_of_it(tmp_path, capsys):
    out = tmp_path / "map.svg"
    asked = ["chart", TEXT, "--model", "smollm2", "--view", "long-text", "--out", str(out), "--heads"]
    assert main([*asked, HEAD]) == 0
    written = out.read_text(encoding="utf-8")
    assert "largest weight of each" in written and "L1H2" in written
    assert main([*asked, "L1H2,L1H3"]) == 2
    assert "Name one head" in capsys.readouterr().err
