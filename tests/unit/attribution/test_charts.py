"""Charts and sentences of a result that ships, and of hand-made ones."""

from __future__ import annotations

import ast
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dashboard.analyses.attribution.api import STEPS
from dashboard.analyses.attribution.draw import (
    draw_attribution,
    draw_attribution_heads,
    draw_attribution_words,
    words_table,
)
from dashboard.analyses.attribution.first_text import FILE, first_text, written
from dashboard.analyses.attribution.text import (
    attribution_finding,
    attribution_remarks,
    head_remark,
    heads_finding,
    heads_remarks,
)
from dashboard.analyses.attribution.words_chart import MOST, Word, words_chart
from dashboard.charts.look import Look
from dashboard.commands import attribution as command
from dashboard.errors import UserError
from dashboard.export.call import recipe
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId, heads_of
from tests.helpers.charts import texts, valid_svg_of
from tests.helpers.sentences import heads_in, numbers, plain, wording
from tools.server import ROOT


@pytest.fixture(scope="module")
def found():
    return first_text()


def test_what_ships_is_what_would_be_written(found):
    again = pd.DataFrame(found.table), pd.DataFrame(found.heads)
    assert written(replace(found, table=again[0], heads=again[1])) == FILE.read_text(encoding="utf-8")
    assert np.nansum(found.of_words()) == pytest.approx(found.table["integrated"].sum())
    assert found.heads["agreement"].is_monotonic_decreasing and len(found.heads) == len(found.every) == 270


def test_the_text_is_shaded_on_one_scale_for_both(found):
    drawn = {by: draw_attribution(found, by, theme="dark", width=500) for by in ("integrated", "gradient")}
    ends = set()
    for by, drawing in drawn.items():
        assert valid_svg_of(drawing)
        [legend] = [one for one in drawing.spec["layer"] if one.get("encoding", {}).get("fill", {}).get("legend")]
        ends.add(tuple(legend["encoding"]["fill"]["scale"]["domain"][:1]))
        asked = (
            "draw_attribution(found, unit='words'" if by == "integrated" else "draw_attribution(found, by='gradient'"
        )
        assert asked in drawing.provenance.recipe
    assert len(ends) == 1
    assert f"attribute(model, text, answer={found.typed[0]!r}" in drawn["gradient"].provenance.recipe
    tips = {row["tip"] for row in drawn["gradient"].spec["layer"][-2]["data"]["values"] if "tip" in row} or {
        row["tip"] for layer in drawn["gradient"].spec["layer"] for row in layer["data"]["values"] if "tip" in row
    }
    place = int(np.nanargmax(np.abs(found.of_words("gradient"))))
    word = found.axis.labels[place]
    assert any(tip.startswith(f"{word}: +") for tip in tips) and any("special token" in tip for tip in tips)


def test_heads_are_ranked_with_hollow_dots_beyond_the_level(found):
    for by in ("integrated", "gradient"):
        drawing = draw_attribution_heads(found, by, selected=HeadId(0, 0))
        assert valid_svg_of(drawing)
        rows = drawing.spec["layer"][0]["data"]["values"]
        ranked = found.ranked(by)
        assert [(row["layer"], row["head"]) for row in rows] == [(h.layer, h.head) for h in heads_of(ranked[:15])]
        assert [row["hollow"] for row in rows] == (ranked["q"][:15] > 0.05).tolist()
        low = drawing.spec["layer"][0]["layer"][-2]["encoding"]["x"]["scale"]["domain"][0]
        assert low <= found.order[by] < 0  # nearness lies on the picture
    assert found.heads["agreement_gradient"].max() == pytest.approx(found.ranked("gradient")["score"][0])


def test_a_head_stands_beside_the_words(found):
    head = heads_of(found.heads)[0]
    drawing = draw_attribution_words(found, head)
    svg = valid_svg_of(drawing)
    assert {"When", "Mary", "drink", "special tokens"} <= set(texts(svg))
    assert f"draw_attribution_words(found, '{head}'" in recipe(drawing.provenance.call)
    table = words_table(found, head)
    assert table["word"].tolist() == found.text.replace(",", " ,").split()
    assert table["attention"].sum() + found.heads["special"][0] == pytest.approx(1, abs=1e-3)
    with pytest.raises(UserError, match="L99H0"):
        draw_attribution_words(found, "L99H0")
    with pytest.raises(UserError, match="sideways"):
        draw_attribution(found, "sideways")


def test_of_many_words_those_with_most_of_either_are_drawn_in_order():
    words = [Word(f"w{k}", float(k == 3), 0.5 * (k == 90)) for k in range(100)]
    drawing = words_chart(words, Look(), head="L0H0", special=0, title="", subtitle=[], description="")
    names = [row["says"] for layer in drawing.spec["layer"] for row in layer["data"]["values"] if "says" in row]
    drawn = [name for name in names if name.startswith("w")]
    assert len(drawn) == MOST and {"w3", "w90"} <= set(drawn)
    assert drawn == sorted(drawn, key=lambda name: int(name[1:]))


def test_the_sentences_have_their_numbers(found, snapshot):
    adds = found.of_words()[found.own]
    said = attribution_finding(found)
    assert numbers(said)[:2] == [round(float(np.abs(adds).max()), 2), 14]
    remarks = attribution_remarks(found)
    assert any(plain("84 %") in plain(one) for one in remarks) and any(str(found.points) in one for one in remarks)
    best = heads_of(found.heads)[0]
    assert heads_in(heads_finding(found)) == [str(best)]
    other = heads_of(found.heads)[-1]
    everything = [said, attribution_finding(found, "gradient"), *remarks, heads_finding(found)]
    everything += [heads_finding(found, "gradient", other), *heads_remarks(found), head_remark(found, other)]
    assert [wording(one) for one in everything] == snapshot


def few(found, words):
    """The same with the first words alone."""
    encoding = replace(
        found.encoding,
        **{
            name: getattr(found.encoding, name)[: words + 1] for name in ("ids", "pieces", "labels", "spans", "special")
        },
        unknown=found.encoding.unknown[: words + 1],
        text=found.text[: found.encoding.spans[words][1]],
    )
    heads = found.heads.assign(agreement=np.nan, q=np.nan, agreement_gradient=np.nan, q_gradient=np.nan)
    none = {"integrated": float("nan"), "gradient": float("nan")}
    cut = {"table": found.table[: words + 1], "rows": found.rows[:, : words + 1], "order": none}
    return replace(found, encoding=encoding, heads=heads, places=(words,), **cut)


def test_one_word_has_a_picture_and_a_sentence_in_place_of_a_list(found, snapshot):
    one = few(found, 1)
    assert valid_svg_of(draw_attribution(one)) and valid_svg_of(draw_attribution_words(one, "L0H0"))
    assert numbers(heads_finding(one)) == [1, 3] and heads_remarks(one) == []
    with pytest.raises(UserError, match="3"):
        draw_attribution_heads(one)
    assert [plain(heads_finding(one)), wording(attribution_finding(one))] == snapshot


def test_errors_along_the_path_are_told_and_much_is_called_so(found):
    rise = found.value - found.at_baseline
    for share, told in ((0.3, True), (0.02, False)):
        said = " ".join(attribution_remarks(replace(found, along=share * rise)))
        assert ("small differences" in said) == told and plain(percent(share)) in plain(said)
    same = replace(found, at_baseline=found.value)
    assert any("not to 0" in one for one in attribution_remarks(same))


def test_the_command_and_the_function_have_the_same_steps():
    assert command.STEPS == STEPS


def test_captum_is_imported_where_gradients_are_taken_and_nowhere_else():
    for file in [*(ROOT / "dashboard").rglob("*.py"), *(ROOT / "pages").glob("*.py")]:
        source = file.read_text(encoding="utf-8")
        if "captum" not in source:
            continue
        for node in ast.parse(source).body:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.partition(".")[0] == "captum" for name in names), file
