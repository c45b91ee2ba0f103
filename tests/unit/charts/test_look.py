"""The two values that every chart takes."""

import pytest

from dashboard import draw_atlas
from dashboard.analyses.scores.atlas_chart import atlas
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import PALETTES
from dashboard.heads.head_id import HeadId
from tests.helpers.charts import score_table


def test_a_look_has_the_colours_of_its_theme_and_a_width_where_one_is_asked_for():
    assert Look("dark").palette is PALETTES["dark"]
    assert (Look().width_or(600), Look("light", 320).width_or(600)) == (600, 320)


@pytest.mark.parametrize("head", [None, HeadId(1, 2)])
def test_a_mark_follows_a_click_of_its_own_epoch_and_else_the_head_on_show(head):
    selection = Selection(head, epoch=7)
    shown = "datum.layer === 1 && datum.head === 2" if head else "false"
    assert selection.selected_expr() == shown
    assert selection.clicked == "isValid(head.epoch) && head.epoch[0] === 7"
    assert selection.marked() == (
        f"({selection.clicked}) ? (datum.layer === head.layer[0] && datum.head === head.head[0]) : ({shown})"
    )
    if head:
        assert selection.selected_expr(parts=True) == f"{shown} && datum.part === 'encoder'"
        assert "datum.part === head.part[0]" in selection.marked(parts=True)


def test_the_public_functions_take_both_as_keywords():
    look, selection = Look("dark", 480), Selection(HeadId(0, 1), (HeadId(1, 2), HeadId(0, 0)), 3)
    scores = score_table(2, 3, "self", 0.5)
    drawn = draw_atlas(scores, "self", **look.keywords(), **selection.keywords())
    assert drawn.to_dict() == atlas(scores, "self", look, selection=selection).to_dict()
