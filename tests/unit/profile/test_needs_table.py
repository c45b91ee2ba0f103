"""What is kept, from sums by hand and by a second way; its sentences and its picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard import UserError, draw_needs
from dashboard.analyses.profile.needs.api import Needs
from dashboard.analyses.profile.needs.head_models import MODELS, OF
from dashboard.analyses.profile.needs.measure import Found
from dashboard.analyses.profile.needs.table import FIGURES, bits_and_kept, needs_table
from dashboard.analyses.profile.needs.text import WHY, correlation_said, head_kept, needs_finding, needs_remarks
from dashboard.analyses.profile.needs_job import MEASUREMENT, Request
from dashboard.export import Provenance
from dashboard.heads.head_id import HeadId
from dashboard.jobs.measurement import NotOurs
from tests.helpers.charts import layers_of, valid_svg_of
from tests.helpers.sentences import heads_in, numbers, plain

HEADS = tuple(HeadId(layer, head) for layer in range(3) for head in range(2))
S, H, G = 40, len(HEADS), len(MODELS)


def found_of(measure="loss_change"):
    """Six heads over 40 sentences: each keeps another share by each model; the fifth has no effect, the last does
    harm."""
    random = np.random.default_rng(1)
    tokens = random.integers(4, 20, S)
    effect = np.array([0.4, 0.2, 0.3, 0.1, 0.0, -0.3])
    ablated = tokens[:, None] * (effect + random.normal(0, 0.05, (S, H)))
    keeps = np.linspace(0.1, 0.9, G) + np.linspace(0, 0.1, H)[:, None]
    replaced = ablated[:, :, None] * (1 - keeps) + tokens[:, None, None] * random.normal(0, 0.01, (S, H, G))
    bits = {f"bits_{name}": np.linspace(0.1, 0.6, H) for name in ("total", *FIGURES)}
    bits |= {f"{name}{end}": values for name, values in bits.items() for end in ("_low", "_high")}
    columns = {"layer": [h.layer for h in HEADS], "head": [h.head for h in HEADS], "queries": 90, "active": 0.5}
    return Found(HEADS, pd.DataFrame(columns | bits), measure, tokens, ablated, replaced, 342)


def test_kept_and_its_interval_by_a_second_way():
    found = found_of()
    table = needs_table(found)
    drawn = np.random.default_rng(0).integers(0, S, (1000, S))
    for at, name in enumerate(MODELS):
        for head in (0, 3, 5):
            above, below = found.ablated[:, head] - found.replaced[:, head, at], found.ablated[:, head]
            assert table[f"kept_{name}"][head] == pytest.approx(above.sum() / below.sum())
            ends = np.percentile(above[drawn].sum(1) / below[drawn].sum(1), [2.5, 97.5])
            assert (table[f"kept_{name}_low"][head], table[f"kept_{name}_high"][head]) == pytest.approx(tuple(ends))
    assert np.allclose(table["kept_syntax"], table["kept_all"] - table["kept_position_context"], equal_nan=True)
    assert np.allclose(table["kept_context"], table["kept_all"] - table["kept_position_syntax"], equal_nan=True)
    assert table["loss_change"].to_numpy() == pytest.approx(found.ablated.sum(0) / found.tokens.sum())
    low, high = table["loss_change_low"], table["loss_change_high"]
    kept = [name for name in table if name.startswith("kept_")]
    assert table[kept].isna().all(axis=1).tolist() == ((low <= 0) & (high >= 0)).tolist()
    assert table["kept_all"].isna().tolist() == [False] * 4 + [True, False]


def test_a_sentence_without_a_token_does_not_count():
    found = found_of()
    tokens, ablated, replaced = (
        np.concatenate([one, 0 * one[:2]]) for one in (found.tokens, found.ablated, found.replaced)
    )
    more = Found(HEADS, found.bits, "loss_change", tokens, ablated, replaced, 342)
    pd.testing.assert_frame_equal(needs_table(more), needs_table(found))


def test_bits_and_kept_by_another_library():
    table = needs_table(found_of())
    for name in FIGURES:
        rho = table[[f"bits_{name}", f"kept_{name}"]].corr("spearman").iloc[0, 1]
        found = bits_and_kept(table, name)
        assert found.heads == 5 and found.rho == pytest.approx(rho)


def made(measure="loss_change"):
    table = needs_table(found_of(measure))
    options = {"sentences": 200, "bos": True, "corpus": "builtin.conllu"}
    origin = Provenance("m", "sha256:0", "", (), "tokens", "show", "needs", options, title="M")
    return Needs(table, origin)


def test_sentences(snapshot):
    for measure in ("loss_change", "shift"):
        table = made(measure).table
        said = needs_finding(table)
        known = table.dropna(subset=["kept_all"])
        assert numbers(said)[0] == round(100 * known["kept_position"].median()) and numbers(said)[-1] == 5
        first, _, sample = head_kept(table.iloc[0].to_dict())
        assert heads_in(first) == ["L0H0"] and numbers(first)[0] == round(100 * table["kept_position"][0])
        assert 40 in numbers(sample)
        none = head_kept(table.iloc[4].to_dict())
        assert len(none) == 2
        told = [
            said,
            *needs_remarks(table),
            first,
            _,
            sample,
            *none,
            correlation_said(bits_and_kept(table, "all"), "all"),
        ]
        assert [plain(one) for one in told] == snapshot(name=measure)
    assert plain(needs_finding(table.iloc[[4]])) == snapshot(name="none")
    assert len(WHY.split()) <= 20


def test_the_picture_has_a_point_for_each_head_with_both_figures(refuses):
    found = made()
    chart = draw_needs(found, "position", selected=HeadId(0, 1))
    every = [one["data"]["values"] for one in layers_of(chart.to_dict()) if "data" in one]
    rows = next(values for values in every if values and "even" in values[0])
    assert [row["name"] for row in rows] == ["L0H0", "L0H1", "L1H0", "L1H1", "L2H1"]
    for row, (_, one) in zip(rows, found.table.dropna(subset=["kept_all"]).iterrows(), strict=True):
        assert row["x"] == pytest.approx(one["bits_position"], abs=1e-5)
        assert row["y"] == pytest.approx(one["kept_position"], abs=1e-4)
        assert row["even"] == pytest.approx(one["kept_even"], abs=1e-4)
        assert row["low"] <= row["y"] <= row["high"]
    assert "NaN" not in valid_svg_of(chart)
    assert numbers(chart.description)[0] == pytest.approx(found.correlation("position").rho, abs=0.005)
    assert "needs(model)" in chart.provenance.recipe and "draw_needs(found, 'position'" in chart.provenance.recipe
    valid_svg_of(draw_needs(found, "syntax", theme="dark", width=320))
    with refuses(UserError, "total"):
        draw_needs(found, "total")


def test_a_share_beyond_the_axis_is_a_triangle_and_a_wide_interval_pale():
    found = made()
    plain_one = draw_needs(found, "all").to_dict()["title"]["subtitle"]
    table = found.table.copy()
    table.loc[0, ["kept_all", "kept_all_low", "kept_all_high"]] = 2.0, 1.9, 3.5
    table.loc[1, ["kept_all", "kept_all_low", "kept_all_high"]] = -0.7, -0.8, -0.6
    drawn = draw_needs(Needs(table, found.provenance), "all")
    rows = next(one["data"]["values"] for one in layers_of(drawn.to_dict()) if "shape" in str(one.get("data")))
    assert [row["shape"] for row in rows[:3]] == ["triangle-up", "triangle-down", "circle"]
    assert [row["y"] for row in rows[:2]] == [1.5, -0.5] and rows[0]["strength"] < rows[1]["strength"]
    *before, last = drawn.to_dict()["title"]["subtitle"]
    assert before == plain_one and "pale" in last and numbers(last) == [100, -50, 150, 2]
    valid_svg_of(drawn)


def test_a_file_holds_the_table_and_only_of_its_request():
    found = made()
    request = Request("m", "sha256:0", 3, 2, True, 200, (0, 1, 2), sha256="s")
    data = MEASUREMENT.encode(found, request)
    again = MEASUREMENT.decode(data, request)
    pd.testing.assert_frame_equal(again.table, found.table)
    assert again.correlation("all") == found.correlation("all")
    assert MEASUREMENT.decode(data, Request("m", "sha256:0", 3, 2, True, 100, (0, 1, 2), sha256="s")) is None
    other = Needs(found.table.assign(kept_all=0.5), found.provenance)
    forged = MEASUREMENT.encode(other, request)
    with pytest.raises(NotOurs):
        MEASUREMENT.decode(swapped(forged, data), request)
    with pytest.raises(Exception, match=r".+"):
        MEASUREMENT.decode(b"nothing", request)


def swapped(table: bytes, about: bytes) -> bytes:
    """The table of one file with what the other says of itself."""
    import io

    import pyarrow.parquet as pq

    rows, told = (pq.read_table(io.BytesIO(one)) for one in (table, about))
    out = io.BytesIO()
    pq.write_table(rows.replace_schema_metadata(told.schema.metadata), out)
    return out.getvalue()


def test_every_model_that_is_put_in_has_bits():
    assert {*OF} <= {*FIGURES} and MODELS[0] == "even"
