"""What the tokenizer does not know is marked in every picture of the text, and in the tables of their files."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch

from dashboard.analyses.ablation.draw import ablate_on_text, draw_ablation
from dashboard.analyses.ablation.effect import token_rows
from dashboard.analyses.compare.api import aligned_table, compare_models, compare_texts, draw_aligned
from dashboard.analyses.compare.disagreement import disagreements
from dashboard.analyses.contribution.api import rollout
from dashboard.analyses.explore import api
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.find_heads.by_example import examples
from dashboard.analyses.find_heads.text import example_finding
from dashboard.analyses.inside import api as inside
from dashboard.analyses.inside.steps import query_row
from dashboard.analyses.inside.text import finding, row_table
from dashboard.analyses.layers import api as depth
from dashboard.analyses.logit_attribution.direct import _keys
from dashboard.export import figure_bytes
from dashboard.heads.links import links, strongest
from dashboard.heads.text_effect import most_changed
from dashboard.text.display import vocabulary_labels

TEXT = "我爱吃 𝒳 ramen 👩‍👩‍👧 ok"  # MiniLM knows 我, ramen and ok
UNREAD = ("爱", "吃", "𝒳", "👩‍👩‍👧")
READ = ("我", "ramen", "ok")


@pytest.fixture(scope="module")
def encoding(minilm):
    return minilm.encode(TEXT)


@pytest.fixture(scope="module")
def without(minilm, encoding):
    return ablate_on_text(minilm, encoding, "L2H9")


@pytest.fixture(scope="module")
def stream(minilm, encoding):
    return depth.residual_stream(minilm, encoding)


def strings(chart) -> set[str]:
    """Every string that stands in a drawing's specification."""
    found: set[str] = set()

    def walk(part):
        if isinstance(part, dict):
            part = list(part.values())
        if isinstance(part, list):
            for one in part:
                walk(one)
        elif isinstance(part, str):
            found.add(part)

    walk(chart.to_dict())
    return found


def dashed(chart) -> int:
    """How many boxes with a dashed edge a drawing has."""
    layers = [chart.to_dict()]
    boxes = 0
    while layers:
        layer = layers.pop()
        layers += layer.get("layer", [])
        mark = layer.get("mark")
        if isinstance(mark, dict) and mark["type"] == "rect" and "strokeDash" in mark:
            boxes += len(layer["data"]["values"])
    return boxes


def test_the_sample_is_what_it_says(encoding):
    axis = encoding.axis("words")
    assert {label for label, unknown in zip(axis.labels, axis.unknown, strict=True) if unknown} == set(UNREAD)


@pytest.mark.parametrize("name", ["heatmap", "lines", "arcs"])
def test_on_the_axes_of_a_head(minilm, encoding, name):
    [view] = api.attentions(minilm, encoding, ["L2H9"], unit="words")
    found = strings(api.draw(view, name))
    assert {f"{word} [UNK]" for word in UNREAD} <= found and not set(UNREAD) & found and set(READ) <= found


@pytest.mark.parametrize("special", ["show", "hide"])
@pytest.mark.parametrize("unit", ["words", "tokens"])
def test_without_a_head(without, unit, special):
    chart, effect = draw_ablation(without, unit=unit, special=special), without.over(unit, special)
    assert sum(effect.unknown) == 4 == dashed(chart)  # on the text itself the words stay as they are written
    assert any("dashed" in line and "([UNK])" in line for line in chart.to_dict()["title"]["subtitle"])
    tips = [tip for tip in strings(chart) if ": turns by" in tip]
    starts = {f"{word} [UNK]" for word in UNREAD} if unit == "words" else {"[UNK]"}
    assert {tip.split(":")[0] for tip in tips} >= starts | {"我", "ok"}
    assert not {tip.split(":")[0] for tip in tips} & set(UNREAD)
    named = {effect.drawn[k] for k in range(len(effect))} & starts
    assert named and any(f"“{label}”" in most_changed(effect, 20) for label in named)
    assert figure_bytes(chart, "svg").startswith(b"<svg")


def test_a_text_that_is_read_has_no_mark(minilm):
    found = ablate_on_text(minilm, "I eat ramen", "L2H9")
    assert not dashed(draw_ablation(found)) and "unknown" not in found.effect.tokens
    assert "unknown" not in depth.residual_stream(minilm, "I eat ramen").table()
    looked = inside.look_inside(minilm, "I eat ramen", "L2H9")
    assert "unknown" not in row_table(looked, query_row(looked, 1))


def test_without_a_head_in_its_table(without):
    rows = token_rows(without.effect.tokens, without.effect.changed)
    assert rows.set_index("position")["unknown"].loc[[1, 2, 3, 4, 5]].tolist() == [0, 1, 1, 1, 0]


def test_through_the_layers(stream):
    assert {f"{word} [UNK]" for word in UNREAD} | set(READ) == set(stream.drawn)
    for measure in ("moved", "turned", "attention_share"):
        found = strings(depth.draw_residual_stream(stream, measure))
        assert {f"{word} [UNK]" for word in UNREAD} <= found and not set(UNREAD) & found
    place = stream.labels.index("𝒳")
    chart = depth.draw_residual_stream(stream, "journey", word=place)
    assert "“𝒳 [UNK]”" in "".join(chart.to_dict()["title"]["text"]) and "“𝒳 [UNK]”" in chart.to_dict()["description"]
    found = strings(chart)
    assert {"爱 [UNK]", "吃 [UNK]"} & found and not set(UNREAD) & found
    part = stream.window(1, 4)
    assert part.drawn == stream.drawn[1:4]


def test_through_the_layers_in_the_tables(stream):
    table = stream.table()
    assert set(table.loc[table["unknown"] > 0, "text"]) == set(UNREAD)
    near = stream.neighbours(0)
    assert {text for text, unknown in zip(near["text"], near["unknown"], strict=True) if not unknown} <= set(READ)
    assert near["unknown"].any()


def test_rollout(minilm, encoding):
    view = rollout(minilm, encoding)
    assert view.unknown == tuple(map(int, encoding.unknown)) and links(view)["from_unknown"].any()


def test_inside_a_head(minilm, encoding):
    looked = inside.look_inside(minilm, encoding, "L2H9")
    row = query_row(looked, 4, 2)
    for picture in ("steps", "row"):
        chart = inside.draw_inside(looked, picture, query=4, key=2)
        assert any("“[UNK]”" in text for text in strings(chart)), picture
    assert "“[UNK]”" in finding(looked, row)
    table = row_table(looked, row)
    marks = table[table["step"] == "weight"]
    assert marks["unknown"].tolist() == list(map(int, encoding.unknown))
    assert table.loc[table["step"] == "product", "unknown"].isna().all()


def test_a_tokenizer_that_spells_it_another_way(minilm, encoding):
    """T5 and others write <unk>, which nobody but their tokenizer's vocabulary explains."""
    other = replace(encoding, labels=tuple("<unk>" if unread else "a" for unread in encoding.unknown))
    looked = inside.look_inside(minilm, other, "L2H9")
    assert looked.keys[2] == "<unk> [UNK]" and "<unk> [UNK]" in finding(looked, query_row(looked, 2))
    read = _keys(torch.linspace(1, 0.1, len(other)), other)
    assert read["text"].tolist()[:5] == ["a", "a", "<unk> [UNK]", "<unk> [UNK]", "<unk> [UNK]"]
    assert read["unknown"].tolist()[:5] == [0, 0, 1, 1, 1]


def test_compared(minilm):
    aligned = compare_texts(minilm, "L2H9", "I eat ramen", "I 吃 ramen")
    for view in ("side", "difference"):
        assert any("吃 [UNK]" in text for text in strings(draw_aligned(aligned, view))), view
    table = aligned_table(aligned)
    assert table["from_unknown_b"].sum() == len(set(table["to_b"])) and "from_unknown_a" not in table
    views = api.attentions(minilm, TEXT, ["L2H9", "L2H0"], unit="words")
    told = json.dumps(disagreements(*views).to_dict("list"), ensure_ascii=False)
    assert "𝒳 [UNK]" in told and '"𝒳"' not in told


def test_pairs_that_are_looked_for(minilm, encoding):
    assert encoding.unread == (0, 1, 1, 1, 0, 1, 0)
    found = examples(minilm, encoding, [(3, 4)])
    assert found.named((3, 4)) == "𝒳 [UNK] → ramen" and "𝒳 [UNK] → ramen" in example_finding(found)


def test_links_and_views(minilm, encoding):
    [view] = api.attentions(minilm, encoding, ["L2H9"], unit="words")
    for table in (links(view), strongest(view, 50)):
        assert isinstance(table, pd.DataFrame) and table["from_unknown"].sum() == table["from"].isin(UNREAD).sum()
    for name in VIEWS:
        assert figure_bytes(api.draw(view, name), "svg").startswith(b"<svg")


def test_of_two_models_each_is_told_by_what_it_has_read_itself(minilm, smollm2):
    """SmolLM2 reads these characters byte by byte: only MiniLM has not."""
    both = compare_models(minilm, "L2H9", smollm2, "L2H1", TEXT)
    table = disagreements(both.a, both.b)
    assert not any("[UNK" in str(one) for column in ("word", "b_looks_at") for one in table[column])
    assert "爱 [UNK in MiniLM]" in strings(draw_aligned(both, "difference"))


def test_pieces_that_are_no_whole_characters_are_told_by_their_bytes(smollm2):
    tokenizer = smollm2.loaded.tokenizer
    bytes_of = list(tokenizer("爱", add_special_tokens=False)["input_ids"])
    labels = vocabulary_labels(tokenizer, bytes_of)
    told = " ".join(label.removeprefix("byte ") for label in labels)
    assert told == "爱".encode().hex(" ").upper()
