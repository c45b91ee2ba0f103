"""Bars, grids and sentences of hand-made figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard.analyses.patching.api import Patched, Path, recorded
from dashboard.analyses.patching.bars_chart import LEAST, Bar, bars_chart
from dashboard.analyses.patching.draw import draw_patch, draw_patch_path, draw_patch_set
from dashboard.analyses.patching.first_pair import FILE, first_pair, written
from dashboard.analyses.patching.over_set import LeftOutPair, SetResult, set_table
from dashboard.analyses.patching.set_api import PatchedSet
from dashboard.analyses.patching.text import patch_finding, patch_remarks, path_finding, set_finding, tokens_finding
from dashboard.charts.look import Look
from dashboard.commands.patching import answers_of
from dashboard.errors import UserError
from dashboard.export.call import Call, recipe
from dashboard.heads.head_id import HeadId
from tests.helpers.charts import texts, valid_svg_of
from tests.helpers.sentences import heads_in, numbers, plain

TABLE = pd.DataFrame(
    {"layer": [0, 0, 1, 1], "head": [0, 1, 0, 1], "m": 0.0, "recovered": [0.02, -0.3, 0.75, np.nan], "direct": 0.25}
)


def found_of(table=TABLE, m=(2.0, -2.0), position="all", **more):
    whole = {"answers": ("·are", "·is"), "typed": ("are", "is"), "name": "smollm2", "revision": "", "model": "SmolLM2"}
    whole |= {"text": "The keys", "other": "The key", "tokens": 3, "differ": 1, "reading": {"bos": True}}
    return recorded(Patched(table.copy(), *m, position=position, **whole | more), "patch", (), {})


def test_the_finding_names_the_head_that_brings_back_most(snapshot):
    said = patch_finding(found_of())
    assert heads_in(said) == ["L1H0"] and numbers(said)[:3] == [75, 4, 2]
    assert [plain(one) for one in (said, *patch_remarks(found_of()))] == snapshot


def test_a_pair_that_the_model_gets_wrong_and_one_too_close_are_told(snapshot):
    wrong = patch_remarks(found_of(m=(-0.5, -2.0)))
    close = found_of(TABLE.assign(recovered=np.nan), m=(0.5, 0.45))
    assert "0.05" in patch_finding(close)
    assert [plain(one) for one in (*wrong, patch_finding(close), *patch_remarks(close))] == snapshot


def test_all_heads_are_drawn_in_per_cent():
    drawing = draw_patch(found_of(), theme="dark", width=500)
    assert valid_svg_of(drawing)
    rows = drawing.spec["layer"][0]["data"]["values"]
    assert [row["number"] for row in rows] == ["2", "−30", "75", "–"]
    assert "draw_patch(found, theme='dark', width=500)" in drawing.provenance.recipe
    assert "found = patch(model, text, 'The key', answers=['are', 'is']" in drawing.provenance.recipe


def test_a_grid_without_a_figure_has_no_scale():
    drawing = draw_patch(found_of(TABLE.assign(recovered=np.nan), m=(0.5, 0.5)))
    svg = valid_svg_of(drawing)
    assert {"L0", "H1"} <= set(texts(svg)) and not [one for one in texts(svg) if "000" in one or "million" in one]
    assert "colour" not in drawing.spec["title"]["subtitle"][-1]


def test_tokens_are_bars_of_one_head():
    table = pd.DataFrame(
        {"layer": 1, "head": 0, "position": range(3), "token": ["<s>", "The", "·key"], "recovered": [0.0, -0.1, 0.6]}
    )
    found = found_of(table, position="each")
    assert valid_svg_of(draw_patch(found)) and {"The", "·key"} <= set(texts(valid_svg_of(draw_patch(found))))
    said = tokens_finding(found)
    assert heads_in(said) == ["L1H0"] and "“·key”" in said and numbers(said) == [60, 3]
    with pytest.raises(UserError, match="L2H9"):
        draw_patch(found_of(table.assign(head=pd.NA), position="each"))


def test_of_many_tokens_those_with_most_are_bars_and_either_way_counts():
    values = np.full(50, 0.001)
    values[[0, 20, 49]] = 0.1, -0.6, 0.5
    table = pd.DataFrame({"layer": 1, "head": 0, "position": range(50), "token": [f"t{k}" for k in range(50)]})
    found = found_of(table.assign(recovered=values), position="each")
    drawn = texts(valid_svg_of(draw_patch(found)))
    bars = [one for one in drawn if one.startswith("t") and one[1:].isdigit()]
    assert len(bars) == 40 and bars == sorted(bars, key=lambda one: int(one[1:])) and {"t0", "t20", "t49"} <= set(bars)
    assert any("the 40 of 50 with most" in one for one in drawn)
    said = tokens_finding(found)
    assert "“t20”" in said and numbers(said)[:2] == [-60, 50]


def each_of(values, tokens):
    """Heads L0H0, L0H1, … at each token."""
    values = np.asarray(values, float)
    head, position = np.indices(values.shape)
    labels = np.array(tokens)[position.ravel()]
    table = pd.DataFrame({"layer": 0, "head": head.ravel(), "position": position.ravel(), "token": labels})
    return found_of(table.assign(m=0.0, recovered=values.ravel()), position="each")


def places_of(drawing):
    [layer] = [one for one in drawing.spec["layer"] if "params" in one]
    return layer["data"]["values"]


def test_several_heads_are_a_table_with_a_cell_a_head_and_token(snapshot):
    found = each_of([[0, 0.5, np.nan], [0, -0.02, 0.004]], ["The", "·key", "·is"])
    drawing = draw_patch(found, selected=HeadId(0, 1), tray=[HeadId(0, 0)], theme="dark", width=500)
    drawn = texts(valid_svg_of(drawing))
    assert {"L0H0", "L0H1", "·key", "·is", "50", "−2", "–"} <= set(drawn) and "The" not in drawn
    cells = places_of(drawing)
    assert [(one["head"], one["tip"]) for one in cells][:2] == [
        (0, "L0H0 at ·key: 50\u00a0% recovered"),
        (0, "L0H0 at ·is: no figure"),
    ]
    assert len(cells) == 4 and {one["epoch"] for one in cells} == {0}
    said = patch_finding(found)
    assert heads_in(said) == ["L0H0"] and "“·key”" in said
    assert numbers(said)[:4] == [50, 2, 2, 0.4], "a token at which nothing can be carried is no part of the median"
    assert [plain(one) for one in (said, *drawing.spec["title"]["subtitle"])] == snapshot
    assert "draw_patch(found, theme='dark', width=500)" in drawing.provenance.recipe


def test_of_many_heads_and_tokens_those_with_most_are_drawn_in_their_order():
    values = np.full((40, 60), 0.01)
    values[30, 50] = values[7, 3] = -0.4
    drawing = draw_patch(each_of(values, [f"t{k}" for k in range(60)]))
    cells = places_of(drawing)
    heads, tokens = ({one[name] for one in cells} for name in ("head", "x"))
    assert len(heads) == 24 and {7, 30} <= heads and len(tokens) == 40 and len(cells) == 24 * 40
    assert [one["head"] for one in cells] == sorted(one["head"] for one in cells)
    assert {"t3", "t50"} <= set(texts(valid_svg_of(drawing)))
    subtitle = " ".join(drawing.spec["title"]["subtitle"])
    assert "16 other heads: at most 1\u00a0%" in subtitle and "at most 1\u00a0% at 20 other tokens" in subtitle


def test_a_table_in_which_nothing_is_carried_keeps_its_tokens():
    drawing = draw_patch(each_of(np.zeros((3, 2)), ["a", "b"]))
    assert len(places_of(drawing)) == 6 and valid_svg_of(drawing)


def test_bars_point_to_either_side_and_what_is_next_to_nothing_is_short():
    def boxes(values):
        drawing = bars_chart([Bar("a", value) for value in values], Look(), title="", subtitle=[], description="")
        filled = [layer for layer in drawing.spec["layer"] if "fill" in layer["encoding"]]
        return [row for layer in filled for row in layer["data"]["values"] if "tip" in row]

    p = Look().palette
    right, left = boxes([0.5, -0.25])
    assert (right["fill"], left["fill"]) == (p.plus, p.minus) and right["x"] == left["x2"]
    assert right["x2"] - right["x"] == pytest.approx(2 * (left["x2"] - left["x"]), abs=0.3)
    [small] = boxes([LEAST / 10])
    [whole] = boxes([LEAST])
    assert whole["x2"] - whole["x"] == pytest.approx(10 * (small["x2"] - small["x"]), rel=0.05)
    assert not boxes([np.nan, 0.0])


def test_a_path_is_told_by_what_it_reaches(snapshot):
    table = pd.DataFrame({"into": ["queries", "keys", "values", "all"], "m": 0.0, "recovered": [0.0, 0.4, 0.1, 0.5]})
    one = found_of()
    path = Path(
        table,
        2.0,
        -2.0,
        *(getattr(one, name) for name in ("answers", "typed", "name", "revision", "model", "text", "other", "reading")),
        sender=HeadId(0, 1),
        receiver=HeadId(1, 0),
    )
    path = recorded(path, "patch_path", ("L0H1", "L1H0"), {})
    assert valid_svg_of(draw_patch_path(path)) and heads_in(path_finding(path)) == ["L1H0", "L0H1"]
    assert plain(path_finding(path)) == snapshot
    assert "patch_path(model, text, 'The key', 'L0H1', 'L1H0'" in draw_patch_path(path).provenance.recipe


def set_found(pairs=4):
    heads = (HeadId(0, 0), HeadId(0, 1))
    recovered = np.array([[0.1, 0.5], [0.2, 0.6], [0.0, 0.7], [0.1, 0.4]])[:pairs]
    control = recovered / 2
    control[1:2] = np.nan
    result = SetResult(
        "agreement", 6, heads, tuple(range(pairs)), np.ones((pairs, 2)), recovered, control, (LeftOutPair(5, "wrong"),)
    )
    table = set_table(result)
    call = Call("patch_set", ("m", "agreement"), {}, to="found")
    table.attrs["provenance"] = found_of().table.attrs["provenance"]
    return PatchedSet(table, pd.DataFrame({"pair": range(pairs)}), result, call)


def test_a_set_is_told_with_interval_size_and_control():
    found = set_found()
    said = set_finding(found, "SmolLM2")
    assert heads_in(said) == ["L0H1"] and "55" in said and "4 pairs" in said
    assert found.table["specific"].tolist() == pytest.approx([(0.05 + 0 + 0.05) / 3, (0.25 + 0.35 + 0.2) / 3])
    for figure, value in (("recovered", "55"), ("specific", "27")):
        drawing = draw_patch_set(found, figure)
        assert valid_svg_of(drawing)
        row = drawing.spec["layer"][0]["data"]["values"][1]
        assert row["number"] == value and "interval" in row["tip"]
    with pytest.raises(UserError, match="specific"):
        draw_patch_set(found, "control")


def test_one_pair_has_no_interval():
    found = set_found(1)
    assert found.table[["recovered_low", "recovered_high"]].isna().all(None)
    assert "interval" not in set_finding(found, "SmolLM2")
    assert valid_svg_of(draw_patch_set(found))


def test_a_set_without_any_control_can_be_drawn():
    found = set_found(2)
    nothing = SetResult(**vars(found.result) | {"control": np.full((2, 2), np.nan)})
    found = PatchedSet(set_table(nothing).assign(), found.pairs, nothing, found.call)
    found.table.attrs["provenance"] = found_of().table.attrs["provenance"]
    assert (found.table["controlled"] == 0).all() and found.table["specific"].isna().all()
    assert valid_svg_of(draw_patch_set(found, "specific")) and "control" not in set_finding(found, "SmolLM2")


def test_the_first_pair_is_read_as_it_was_written():
    assert written(first_pair()) == FILE.read_text(encoding="utf-8")
    made = recipe(first_pair().call)
    assert "patch(model, text, 'The key to the cabinet', answers=['are', 'is'], direct=True" in made


@pytest.mark.parametrize(("typed", "answers"), [("", ("", "")), ("are,is", ("are", "is")), ("are, ", ("are", ""))])
def test_answers_as_they_are_typed(typed, answers):
    assert answers_of(typed) == answers


def test_three_answers_are_refused(refuses):
    with refuses(UserError, "3"):
        answers_of("are,is,was")
