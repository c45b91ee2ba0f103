"""What the model has not read is marked on every page that draws the words of the text."""

import json

import pytest

from tests.helpers.pages import heading, opened, read
from tests.helpers.sentences import plain

TEXT = "我爱吃 𝒳 ramen 👩‍👩‍👧 ok"
MARKED = {f"{word} [UNK]" for word in ("爱", "吃", "𝒳", "👩‍👩‍👧")}


def specs(app) -> list[str]:
    return [json.dumps(json.loads(one.proto.spec), ensure_ascii=False) for one in app.get("vega_lite_chart")]


def test_without_a_head():
    app = opened("ablation", text=TEXT, unit="words")
    assert not app.exception
    [own] = [spec for spec in specs(app) if "dashed" in spec and "([UNK])" in spec]
    assert '"strokeDash": [3, 2]' in own and "𝒳 [UNK]: turns by" in own
    assert "[UNK]” (" in read(app)


def test_through_the_layers():
    app = opened("layers", text=TEXT, unit="words", word="3")
    assert not app.exception
    path, sheet, _ = specs(app)
    assert "“𝒳 [UNK]” through the layers" in path and all(json.dumps(m, ensure_ascii=False) in sheet for m in MARKED)
    assert set(app.selectbox(key="choose_word").options) >= MARKED
    assert "moves “𝒳 [UNK]” most" in read(app)


def test_inside_a_head():
    app = opened("inside", text=TEXT, query="4")
    assert not app.exception
    assert app.selectbox(key="choose_query").options[4] == "4 [UNK]" and "“[UNK]” looks most at" in read(app)
    assert all("“[UNK]”" in spec for spec in specs(app)[:2])


@pytest.mark.parametrize("page", ["explore", "find_heads"])
def test_where_a_head_is_drawn(page):
    app = opened(page, text=TEXT, unit="words", **({"pairs": "3>4"} if page == "find_heads" else {}))
    assert not app.exception
    assert any(all(mark in spec for mark in MARKED) for spec in specs(app))
    if page == "find_heads":
        [buttons] = [one.proto for one in app.get("bidi_component") if one.proto.component_name == "two_heads_mark"]
        assert json.loads(buttons.json)["unread"] == [1, 2, 3, 5]  # dashed among the words to press
        assert "𝒳 [UNK] → ramen" in plain(heading(app))
