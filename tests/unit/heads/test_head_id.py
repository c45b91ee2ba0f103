"""A head's name: written, read, put in order, told by tables, charts and clicks; without a part as it always was."""

import io
import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analyses.ablation.results import MEASUREMENT
from dashboard.analyses.find_heads.by_example import by_lift
from dashboard.analyses.find_heads.pair_shares import PairShares
from dashboard.analyses.profile.tables import TABLES, read_table
from dashboard.analyses.scores.atlas_chart import atlas
from dashboard.charts.look import Look, Selection
from dashboard.charts.ranking import ranking
from dashboard.errors import UserError
from dashboard.export.provenance import Provenance
from dashboard.export.table import table_bytes
from dashboard.heads.head_id import (
    HeadId,
    click_fields,
    clicked_expr,
    columns_of,
    datum_of,
    every_head,
    from_selection,
    head_columns,
    head_of,
    heads_of,
    is_expr,
    is_of,
    largest_first,
    listed_heads,
    name_expr,
    nearest,
    written_heads,
)
from dashboard.ui.frame.existing_heads import within
from dashboard.ui.url_state import Choices, from_address, to_address

PLAIN = [HeadId(0, 1), HeadId(2, 9)]
PARTED = [HeadId(2, 9, "encoder"), HeadId(0, 1, "decoder"), HeadId(3, 4, "cross")]

heads = st.builds(HeadId, st.integers(0, 9999), st.integers(0, 9999), st.sampled_from(["", "decoder", "cross"]))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (HeadId(2, 9), "L2H9"),
        (HeadId(2, 9, "encoder"), "L2H9"),
        (HeadId(2, 9, "decoder"), "D2H9"),
        (HeadId(12, 0, "cross"), "X12H0"),
    ],
)
def test_a_part_is_a_letter(head, name):
    assert str(head) == name
    for typed in (name, name.lower(), f"  {name} "):
        assert HeadId.parse(typed) == head == HeadId.of(typed)
    assert HeadId.of(head) is head


@given(heads)
def test_a_name_is_read_as_it_is_written(head):
    assert HeadId.parse(str(head)) == head and HeadId.parse(str(head)).part == head.part


@pytest.mark.parametrize("name", ["", "2H9", "E2H9", "C2H9", "L2", "DX2H9", "L-1H0", "L2H9 D0H1", "L２H9", "L00000H1"])
def test_anything_else_is_no_head(name, refuses_alike):
    with refuses_alike(UserError, f"“{name}”"):
        HeadId.parse(name)


def test_there_is_no_other_part(refuses):
    with refuses(UserError):
        HeadId(0, 0, "middle")


def test_encoder_before_decoder_before_cross_then_layer_then_head():
    names = ["X0H0", "D1H0", "L3H1", "D0H7", "L0H2", "L3H0", "D0H10"]
    assert [str(head) for head in sorted(map(HeadId.parse, names))] == [
        *("L0H2", "L3H0", "L3H1"),
        *("D0H7", "D0H10", "D1H0"),
        "X0H0",
    ]
    assert max(PARTED) == HeadId(3, 4, "cross")


def test_the_encoders_head_is_the_head_without_a_part():
    assert HeadId(2, 9, "encoder") == HeadId(2, 9) and len({HeadId(2, 9, "encoder"), HeadId(2, 9)}) == 1
    assert HeadId(2, 9, "decoder") != HeadId(2, 9) and HeadId(2, 9) != (2, 9)


def test_every_head_and_the_nearest():
    assert list(map(str, every_head(2, 2))) == ["L0H0", "L0H1", "L1H0", "L1H1"]
    some = every_head([3, 7], 2, "cross")
    assert list(map(str, some)) == ["X3H0", "X3H1", "X7H0", "X7H1"]
    assert nearest(some, HeadId(6, 9, "cross")) == some[-1]
    both = [*every_head(2, 2), *every_head(2, 2, "decoder")]
    assert nearest(both, HeadId(9, 1, "decoder")) == HeadId(1, 1, "decoder")
    assert nearest(both, HeadId(1, 0, "cross")) == HeadId(1, 0)


def test_lists_of_names():
    assert listed_heads("L2H9, d0h1,L2H9,,") == [HeadId(2, 9), HeadId(0, 1, "decoder")]
    assert written_heads(listed_heads("L2H9, D0H1")) == "L2H9,D0H1"
    assert listed_heads("") == []


# Tables


def table(some, **more):
    return pd.DataFrame({**head_columns(some), **more})


def test_a_table_without_parts_has_the_bytes_it_always_had():
    found = table(PLAIN, score=[0.5, 1.0])
    assert table_bytes(found, "csv") == b'"layer","head","score"\n0,1,0.5\n2,9,1.0\n'
    old = pd.DataFrame({"layer": [0, 2], "head": [1, 9], "score": [0.5, 1.0]})
    assert table_bytes(found, "parquet") == table_bytes(old, "parquet")
    assert columns_of(found) == ["layer", "head"] and heads_of(found) == PLAIN
    assert list(head_columns([])) == ["layer", "head"] and table([]).dtypes.tolist() == [np.int64, np.int64]


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_a_table_with_parts_reads_back(fmt):
    data = table_bytes(table(PARTED, score=[1.0, 2.0, 3.0]), fmt)
    back = (pd.read_csv if fmt == "csv" else pd.read_parquet)(io.BytesIO(data))
    assert list(back.columns) == ["layer", "head", "part", "score"]
    assert back["part"].tolist() == ["encoder", "decoder", "cross"]
    assert heads_of(back) == PARTED and [head_of(row) for _, row in back.iterrows()] == PARTED
    assert columns_of(back) == ["layer", "head", "part"]


def test_a_table_that_was_written_before_reads_as_before():
    found = pd.read_parquet(MEASUREMENT.shipped / "minilm-zero.parquet")
    assert heads_of(found) == every_head(6, 12)
    assert found[is_of(found, HeadId(2, 9))].index.tolist() == [33]
    assert not is_of(found, HeadId(2, 9, "cross")).any()


@pytest.mark.parametrize("fmt", ["csv", "parquet", "xlsx"])
def test_a_profiles_tables_keep_the_part_where_there_is_one(fmt, tmp_path):
    kinds = TABLES["moments"]
    for some in (PLAIN, PARTED):
        more = {
            name: {"int64": 1, "float64": 0.5, "object": "x", "bool": True}[kind]
            for name, kind in kinds.items()
            if name not in ("layer", "head")
        }
        written = table(some, **more)
        (tmp_path / f"moments.{fmt}").write_bytes(table_bytes(written, fmt))
        back = read_table(tmp_path, "moments", fmt)
        assert heads_of(back) == some and ("part" in back) == (some is PARTED)
        assert [name for name in back if name != "part"] == list(kinds)


def test_rows_of_one_head():
    both = table([HeadId(2, 9, "encoder"), HeadId(2, 9, "cross"), HeadId(2, 9, "decoder")])
    assert is_of(both, HeadId(2, 9)).tolist() == [True, False, False]
    assert is_of(both, HeadId(2, 9, "cross")).tolist() == [False, True, False]
    mended = both.assign(part=[np.nan, "cross", ""])  # an empty cell of a CSV file
    assert is_of(mended, HeadId(2, 9)).tolist() == [True, False, True]


def test_the_largest_first_then_by_head():
    some = [HeadId(1, 0, "cross"), HeadId(5, 0, "decoder"), HeadId(0, 3, "cross"), HeadId(9, 9)]
    ordered = largest_first(table(some, lift=[0.5, 0.5, 0.5, np.nan]), "lift")
    assert list(map(str, heads_of(ordered))) == ["D5H0", "X0H3", "X1H0", "L9H9"]
    plain = table([HeadId(1, 0), HeadId(0, 3), HeadId(0, 2)], lift=[0.5, 0.5, 0.7], n=[1, 2, 3])
    old = plain.sort_values(["lift", "layer", "head"], ascending=[False, True, True], ignore_index=True)
    pd.testing.assert_frame_equal(largest_first(plain, "lift"), old)


def test_a_search_ranks_heads_of_all_parts():
    share = np.array([[0.2], [0.6], [0.6]])
    found = PairShares(share, np.full((3, 1), 0.1), np.ones((3, 1), int), np.ones((3, 1)))
    ranked = by_lift(found, [(0, 1)], [HeadId(0, 0), HeadId(4, 1, "cross"), HeadId(5, 1, "decoder")], np.full(3, 0.5))
    assert list(map(str, heads_of(ranked))) == ["D5H1", "X4H1", "L0H0"]


# Provenance


def origin(**options):
    return Provenance("m", "r", "", (), "words", "show", "map", options, versions={})


def test_a_head_in_a_files_origin_is_written_as_before():
    said = origin(selected=HeadId(2, 8), tray=(HeadId(0, 1, "cross"),)).to_dict()["options"]
    assert said == {"selected": {"layer": 2, "head": 8}, "tray": [{"layer": 0, "head": 1, "part": "cross"}]}
    assert repr(HeadId(2, 8)) == "HeadId(layer=2, head=8)"
    for head in (HeadId(2, 8), HeadId(2, 8, "cross")):
        assert eval(repr(head), {"HeadId": HeadId}) == HeadId(**asdict(head)) == head  # in the lines that make it again


# Charts


def test_expressions_without_parts_are_as_before():
    assert name_expr() == "'L' + datum.layer + 'H' + datum.head"
    assert click_fields("epoch") == ["layer", "head", "epoch"]
    assert is_expr(HeadId(2, 9)) == "datum.layer === 2 && datum.head === 9" and is_expr(None) == "false"
    assert clicked_expr() == "datum.layer === head.layer[0] && datum.head === head.head[0]"
    assert datum_of(HeadId(2, 9)) == {"layer": 2, "head": 9}
    assert from_selection({"layer": 2, "head": 9, "epoch": 4}) == HeadId(2, 9)


def test_a_click_tells_the_part():
    assert click_fields("epoch", parts=True) == ["layer", "head", "part", "epoch"]
    for head in PARTED:
        point = {field: datum_of(head, parts=True)[field] for field in click_fields(parts=True)}
        assert from_selection(json.loads(json.dumps(point))) == head
    assert is_expr(PARTED[1], parts=True) == "datum.layer === 0 && datum.head === 1 && datum.part === 'decoder'"


def test_a_chart_names_heads_of_all_parts():
    names = {"type": "nominal", "field": "name", "axis": {"title": None}}
    spec = {
        "data": {"values": [datum_of(head, parts=True) for head in PARTED]},
        "transform": [{"calculate": name_expr(parts=True), "as": "name"}],
        "mark": "point",
        "encoding": {"y": names},
    }
    svg = vl_convert.vegalite_to_svg(json.dumps(spec), vl_version="6.1")
    assert all(f">{head}<" in svg for head in PARTED)


def test_pictures_of_all_heads_carry_the_part_and_only_where_there_is_one():
    def fields(chart):
        found = json.dumps(chart.to_dict())
        return '"part"' in found, '"fields": ["layer", "head", "part", "epoch"]' in found

    said = {"title": "t", "subtitle": ["s"], "description": "d", "elsewhere": "e", "alone": "a"}
    for some, expected in ((PLAIN, (False, False)), (PARTED, (True, True))):
        flat = table(some, previous=np.linspace(0, 1, len(some)))
        assert fields(atlas(flat, "previous", Look(), selection=Selection(some[1], tuple(some)))) == expected
        ranked = table(some, score=np.linspace(0, 1, len(some)), baseline=0.1)
        assert fields(ranking(ranked, Look(), selection=Selection(some[1]), **said)) == expected


# Addresses


def test_a_link_carries_heads_of_all_parts(snapshot):
    choices, notices = from_address({"tray": "L2H9,D0H1,X3H4"}, ())
    assert not notices and choices.pinned == (HeadId(2, 9), HeadId(0, 1, "decoder"), HeadId(3, 4, "cross"))
    assert to_address(choices) == {"tray": "L2H9,D0H1,X3H4"}
    choices, notices = from_address({"layer": "3", "head": "4", "part": "cross"}, ())
    assert not notices and choices.chosen == HeadId(3, 4, "cross")
    assert to_address(choices) == {"layer": "3", "head": "4", "part": "cross"}
    [told] = from_address({"part": "x"}, ())[1]
    assert all(part in told for part in ("“x”", "encoder", "decoder", "cross")) and told == snapshot


def test_a_link_without_parts_is_as_before():
    chosen = Choices(layer=2, head=9).but(pinned=[HeadId(2, 9)])
    assert to_address(chosen) == {
        "layer": "2",
        "head": "9",
        "tray": "L2H9",
    }


def test_heads_of_parts_that_a_model_has_not_are_taken_out(snapshot):
    asked = Choices(layer=2, head=9, part="cross").but(pinned=[HeadId(2, 9), HeadId(0, 1, "decoder")])
    choices, notices = within(asked, 6, 12)
    assert choices.chosen == HeadId(2, 9) and choices.part == "" and choices.pinned == (HeadId(2, 9),)
    assert "X2H9" in notices[0] and "D0H1" in notices[1] and notices == snapshot
