"""Tables, matrices and bundles, read again with the libraries that people read them with."""

import csv
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.export import Provenance, bundle, matrix_bytes, table_bytes
from dashboard.export.sanitize import legal
from dashboard.export.table import harmless
from dashboard.formats import endings
from dashboard.heads.head_id import HeadId
from tests.helpers.views import changed, head_view

PROVENANCE = Provenance(
    model="minilm",
    revision="sha256:53aa51172d14",
    text="=1+1 汉字",
    heads=("L2H9",),
    unit="tokens",
    special="show",
    view="heatmap",
    options={"theme": "light"},
    title="MiniLM",
)


def as_objects(*texts):
    """A column that can hold lone surrogates, which pandas' own strings cannot."""
    return pd.Series(texts, dtype=object)


def test_csv_known_answer():
    frame = pd.DataFrame(
        {
            "layer": [0, 1],
            "weight": np.array([0.1, -2.5e-8], np.float32),
            "from": ["=1+1", 'say "ramen"'],
            "-score": [np.nan, 0.30000000000000004],
            "seen": [True, False],
        }
    )
    assert table_bytes(frame, "csv").decode() == (
        '"layer","weight","from","\'-score","seen"\n'
        '0,0.1,"\'=1+1",,True\n'
        '1,-2.5e-08,"say ""ramen""",0.30000000000000004,False\n'
    )


@pytest.mark.parametrize("sign", [*"=+-@\t\r\n", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_would_compute_is_text(sign):
    frame = pd.DataFrame({sign + "h": [sign + "cmd|' /C calc'!A0", "ok"]})
    found = next(csv.reader(io.StringIO(table_bytes(frame, "csv").decode().splitlines()[0])))
    assert found[0].startswith("'")
    assert harmless(sign + "x") == "'" + sign + "x"


def test_semicolons_stay_inside_their_cell():
    """Excel in many countries cuts a CSV at semicolons, but never inside quotes."""
    data = table_bytes(pd.DataFrame({"a;=1": ["b;=2"]}), "csv").decode()
    assert list(csv.reader(io.StringIO(data), delimiter=";")) == [["a;=1"], ["b;=2"]]


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_csv_never_holds_a_formula_and_reads_back(texts):
    data = table_bytes(pd.DataFrame({"label": texts, "weight": range(len(texts))}), "csv")
    found = pd.read_csv(io.BytesIO(data), keep_default_na=False, dtype={"label": "str"})
    assert list(found["weight"]) == list(range(len(texts)))
    for cell, text in zip(found["label"], texts, strict=True):
        assert cell == harmless(text)
        assert not cell or cell[0] not in "=+-@\t\r\n＝＋－＠"
        assert cell.endswith(legal(text)) and len(cell) <= len(text) + 1


@given(st.lists(st.floats(allow_infinity=True, width=32), min_size=1, max_size=8))
def test_csv_keeps_every_digit(values):
    column = np.array(values, np.float32)
    data = table_bytes(pd.DataFrame({"w": column}), "csv")
    found = pd.read_csv(io.BytesIO(data), skip_blank_lines=False, dtype="float64")
    np.testing.assert_array_equal(found["w"].to_numpy().astype(np.float32), column)


def test_csv_has_no_byte_order_mark_and_unix_line_ends():
    data = table_bytes(pd.DataFrame({"label": as_objects("汉字", "🍜\ud800\0")}), "csv")
    assert data == '"label"\n"汉字"\n"🍜◊◊"\n'.encode()


def test_an_empty_table_has_its_header():
    assert table_bytes(pd.DataFrame({"a": [], "b": []}), "csv") == b'"a","b"\n'


def test_parquet_keeps_types_texts_and_provenance():
    frame = pd.DataFrame(
        {"layer": [0, 1], "from": as_objects("=1+1", "\ud800x"), "weight": np.array([0.5, np.nan], np.float32)}
    ).iloc[::-1]
    data = table_bytes(frame, "parquet", PROVENANCE)
    table = pq.read_table(io.BytesIO(data))
    assert json.loads(table.schema.metadata[b"two-heads"]) == PROVENANCE.to_dict()
    found = pd.read_parquet(io.BytesIO(data))
    assert list(found.columns) == ["layer", "from", "weight"]
    assert list(found["from"]) == ["◊x", "=1+1"] and list(found["layer"]) == [1, 0]
    assert found["weight"].dtype == np.float32 and found["weight"][1] == 0.5 and np.isnan(found["weight"][0])
    assert table_bytes(frame, "parquet", PROVENANCE) == data


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_any_text_fits_into_parquet(texts):
    found = pd.read_parquet(io.BytesIO(table_bytes(pd.DataFrame({"label": texts}), "parquet")))
    assert len(found) == len(texts)


@pytest.mark.parametrize("fmt", ["xls", ""])
def test_other_table_formats_are_refused(fmt):
    with pytest.raises(ValueError):
        table_bytes(pd.DataFrame({"a": [1]}), fmt)


# Excel ----------------------------------------------------------------------------------------------------------


def opened(frame, provenance=None):
    return openpyxl.load_workbook(io.BytesIO(table_bytes(frame, "xlsx", provenance)))


def test_excel_known_answer():
    frame = pd.DataFrame(
        {
            "layer": [0, 1],
            "weight": np.array([0.1, -2.5e-8], np.float32),
            "=2+2": ["=1+1", 'say "ramen"'],
            "-score": [np.nan, 0.30000000000000004],
            "seen": [True, False],
            "far": [np.inf, -np.inf],
        }
    )
    book = opened(frame, PROVENANCE)
    rows = [[(cell.value, cell.data_type) for cell in row] for row in book["Table"]]
    assert rows == [
        [(name, "s") for name in frame.columns],
        [(0, "n"), (0.1, "n"), ("=1+1", "s"), (None, "n"), (True, "b"), ("inf", "s")],
        [(1, "n"), (-2.5e-8, "n"), ('say "ramen"', "s"), (0.3, "n"), (False, "b"), ("-inf", "s")],
    ]
    assert book["Table"]["C2"].quotePrefix and book["Table"]["C2"].number_format == "@"  # edited, it stays a text
    origin = {name.value: value.value for name, value in book["Where it comes from"]}
    assert (origin["model"], origin["text"]) == ("minilm", "=1+1 汉字")
    assert book.properties.title == PROVENANCE.headline()
    assert table_bytes(frame, "xlsx", PROVENANCE) == table_bytes(frame, "xlsx", PROVENANCE)


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_excel_holds_every_text_as_it_is(texts):
    texts = [*texts, "=1+1", "+1", "@x", "http://a.b", "00123", "_x0041_", "\t", "1e5", "mailto:a@b.c", " a ", "TRUE"]
    sheet = opened(pd.DataFrame({"label": as_objects(*texts)}))["Table"]
    for (cell,), text in zip(sheet.iter_rows(min_row=2, max_row=len(texts) + 1), texts, strict=True):
        assert cell.data_type == "s" or (cell.value is None and not text)
        assert (cell.value or "").replace("_x000D_", "\r") == legal(text)  # how the file writes a carriage return


def test_excel_cuts_what_no_cell_can_hold_and_refuses_what_no_sheet_can(refuses):
    long = opened(pd.DataFrame({"label": ["é" * 40_000, "🙂" * 20_000, "a" * 32_767]}))["Table"]
    assert [len(long[f"A{k}"].value.encode("utf-16-le")) // 2 for k in (2, 3, 4)] == [32_767, 32_767, 32_767]
    assert long["A2"].value.endswith("é…") and long["A3"].value.endswith("🙂…") and long["A4"].value == "a" * 32_767
    with refuses(UserError, "1,048,575", ".csv", ".parquet"):
        table_bytes(pd.DataFrame({"a": np.zeros(1_048_576, np.int8)}), "xlsx")


def test_csv_for_excel_has_a_byte_order_mark_and_is_else_the_same():
    frame = pd.DataFrame({"Wort": ["汉字", "é"]})
    data = table_bytes(frame, "csv", excel=True)
    assert data == b"\xef\xbb\xbf" + table_bytes(frame, "csv") and data.decode("utf-8-sig").startswith('"Wort"')


# A head's matrix, and all of it ---------------------------------------------------------------------------------


def view():
    weights = np.array([[1, 0, 0], [0.25, 0.75, 0], [0.125, 0.5, 0.375]], np.float32)
    return head_view(
        head=HeadId(2, 9),
        weights=weights,
        labels=("[CLS]", "汉\ud800", "·men"),
        special=(True, False, False),
        spans=(None, (0, 1), (1, 4)),
        unit="tokens",
        hidden="show",
        causal=True,
        text="汉men",
        model="MiniLM",
    )


def test_npz_needs_no_pickle():
    with np.load(io.BytesIO(matrix_bytes(view(), PROVENANCE)), allow_pickle=False) as found:
        assert set(found) == {"weights", "tokens", "special", "unknown", "spans", "provenance"}
        assert found["weights"].dtype == np.float32
        np.testing.assert_array_equal(found["weights"], view().weights)
        np.testing.assert_allclose(found["weights"].sum(1), 1)
        assert found["tokens"].tolist() == ["[CLS]", "汉◊", "·men"]
        assert found["special"].tolist() == [True, False, False]
        assert found["spans"].tolist() == [[-1, -1], [0, 1], [1, 4]]
        assert json.loads(str(found["provenance"])) == PROVENANCE.to_dict()


def test_npz_of_a_window():
    part = replace(changed(view(), labels=(), special=(), spans=()), weights=view().weights[:, :0])
    with np.load(io.BytesIO(matrix_bytes(part)), allow_pickle=False) as found:
        assert found["spans"].shape == (0, 2)


SPEC = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "description": "L2H9 looks at itself.",
    "data": {"values": [{"label": "ramen"}]},
    "mark": "text",
    "encoding": {"text": {"field": "label"}},
}


def test_bundle_holds_everything_and_is_the_same_every_time():
    frame = pd.DataFrame({"from": ["=a"], "weight": [0.5]})
    data = bundle(SPEC, frame, [view()], PROVENANCE)
    assert bundle(SPEC, frame, [view()], PROVENANCE) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = [f"minilm-L2H9-heatmap.{ending}" for ending in endings("figure", "table")]
        assert len(names) >= 8
        names += ["L2H9.npz", "provenance.json", "snippet.py", "README.txt"]
        assert archive.namelist() == [f"minilm-L2H9-heatmap/{name}" for name in names]

        def part(name):
            return archive.read(f"minilm-L2H9-heatmap/{name}")

        assert json.loads(part("provenance.json")) == PROVENANCE.to_dict()
        assert part("minilm-L2H9-heatmap.csv").startswith(b'"from","weight"\n"\'=a"')
        sheet = openpyxl.load_workbook(io.BytesIO(part("minilm-L2H9-heatmap.xlsx")))["Table"]
        assert [[cell.value for cell in row] for row in sheet] == [["from", "weight"], ["=a", 0.5]]
        compile(part("snippet.py"), "snippet.py", "exec")
        for name in names[:-1]:
            assert name.removeprefix("minilm-L2H9-heatmap") in part("README.txt").decode()
