"""Heads have names wherever they are listed, with the evidence one hover away; without a profile they have none."""

from __future__ import annotations

import json

import pytest

from dashboard.analyses.profile.names import head_names
from dashboard.heads.head_id import HeadId
from tests.helpers.charts import leaves
from tests.helpers.pages import opened, read
from tests.helpers.sentences import plain
from tests.helpers.shipped import profile

HEAD = HeadId(2, 0)


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ("explore", {}),
        ("inside", {}),
        ("find_heads", {}),
        ("compare", {"tray": "L2H0,L5H4"}),
        ("ablation", {}),
        ("similarity", {}),
        ("query_key", {}),
        ("profile", {}),
    ],
)
def test_the_head_on_show_has_its_name_and_the_evidence_as_help(page, asked):
    app = opened(page, layer="2", head="0", **asked)
    assert not app.exception
    name = head_names(profile())[HEAD]
    told = [one for one in app.main.markdown if plain(one.value) == f"**{HEAD} · {name.text}**"]
    assert [plain(one.proto.help) for one in told] == [plain(name.evidence)]


@pytest.mark.parametrize("page", ["explore", "similarity", "profile"])
def test_a_picture_of_all_heads_says_the_names_on_hover(page):
    app = opened(page, layer="2", head="0")
    drawn = "\n".join(text for spec in specs_of(app) for text in leaves(spec))
    for head, name in head_names(profile()).items():
        assert f" · {name.text}" in drawn, head
        assert f"\n{name.figures}" in drawn, head


def test_heads_like_one_are_listed_by_name():
    app = opened("similarity", layer="2", head="0")
    names = head_names(profile())
    listed = app.dataframe[0].value["head"]
    assert len(listed) == 10
    for told in listed:
        head, _, name = told.partition(" · ")
        assert names[HeadId.parse(head)].text == name


@pytest.mark.parametrize("page", ["explore", "find_heads", "ablation", "similarity"])
def test_a_model_without_a_profile_has_no_names(monkeypatch, page):
    monkeypatch.setattr("dashboard.analyses.profile.library.profile_library", list)
    app = opened(page, layer="2", head="0")
    assert not app.exception and "verb of the object" not in read(app)
    assert not [text for spec in specs_of(app) for text in leaves(spec) if " · attention sink" in text]


def specs_of(app) -> list[dict]:
    return [json.loads(one.proto.spec) for one in app.get("vega_lite_chart")]
