"""A head of cross attention, made up: five words of a translation look at seven words of the text."""

import io
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import vl_convert

from dashboard.analyses.compare.api import aligned_table
from dashboard.analyses.compare.disagreement import disagreements
from dashboard.analyses.compare.divergence import compare
from dashboard.analyses.explore import api
from dashboard.analyses.explore.text import finding
from dashboard.analyses.explore.views import VIEWS
from dashboard.charts.drawing import VEGALITE
from dashboard.charts.look import Look
from dashboard.errors import UserError
from dashboard.export.matrix import matrix_bytes
from dashboard.heads.alignment import align_models, align_texts
from dashboard.heads.head_id import HeadId
from dashboard.heads.links import links, strongest
from dashboard.heads.make_view import make_view
from dashboard.heads.pooling import hide_special, to_axis
from dashboard.text import Encoding
from tests.helpers.sentences import numbers, plain
from tests.helpers.thumbnails import shrink

SOURCE, TARGET = "the chef says ramen is good", "der Koch sagt Ramen"
HEAD = HeadId(3, 4, "cross")


def encoding(text, *, first="", last="", unknown=()):
    """A token a word, and perhaps a special one at either end."""
    forms = text.split()
    starts = [text.index(form) for form in forms]
    spans = [(start, start + len(form)) for start, form in zip(starts, forms, strict=True)]
    pieces = [*([first] if first else []), *forms, *([last] if last else [])]
    spans = [*([(0, 0)] if first else []), *spans, *([(0, 0)] if last else [])]
    special = [piece in (first, last) and piece != "" for piece in pieces]
    marks = tuple(piece in unknown for piece in pieces)
    return Encoding(text, tuple(range(len(pieces))), tuple(pieces), tuple(pieces), tuple(spans), tuple(special), marks)


SOURCE_TOKENS = encoding(SOURCE, last="</s>")  # 7
TARGET_TOKENS = encoding(TARGET, first="<pad>")  # 5

WEIGHTS = np.array(
    [  # the  chef says ramen is  good </s>
        [0.10, 0.10, 0.10, 0.10, 0.10, 0.10, 0.40],  # <pad>
        [0.50, 0.20, 0.05, 0.05, 0.05, 0.05, 0.10],  # der
        [0.10, 0.60, 0.05, 0.05, 0.05, 0.05, 0.10],  # Koch
        [0.05, 0.05, 0.30, 0.20, 0.20, 0.10, 0.10],  # sagt
        [0.00, 0.00, 0.00, 0.90, 0.00, 0.00, 0.10],  # Ramen
    ],
    np.float32,
)


def cross(weights=WEIGHTS, head=HEAD, source=SOURCE_TOKENS, target=TARGET_TOKENS, **how):
    return make_view(weights, head, source, target=target, causal=False, **{"model": "M", "unit": "words"} | how)


def test_the_two_sides_are_the_two_texts():
    view = cross()
    assert view.weights.shape == (5, 7) and np.array_equal(view.weights, WEIGHTS) and view.allowed.shape == (5, 7)
    assert view.queries.labels == ("<pad>", "der", "Koch", "sagt", "Ramen")
    assert view.keys.labels == ("the", "chef", "says", "ramen", "is", "good", "</s>")
    assert not view.one_axis and (view.text, view.target) == (SOURCE, TARGET)
    assert view.counted.tolist() == [False, True, True, True, True]
    assert bool(view)


def test_a_view_of_one_text_has_one_axis_whatever_is_done_with_it():
    square = np.full((7, 7), 1 / 7, np.float32)
    view = make_view(square, HeadId(0, 0), SOURCE_TOKENS, causal=False, model="M")
    for one in (view, view.window(1, 4), view.part([0, 2]), replace(view, full=2.0), pickle.loads(pickle.dumps(view))):
        assert one.one_axis and one.axis is one.queries is one.keys
    assert len(view) == 7 and view.labels == view.keys.labels


@pytest.mark.parametrize("what", ["labels", "special", "spans", "drawn", "unknown", "segments", "start", "whole"])
def test_what_takes_one_text_for_both_sides_is_refused(what, refuses_alike):
    with refuses_alike(UserError, "X3H4"):
        getattr(cross(), what)


def test_its_size_is_two_numbers(refuses):
    with refuses(UserError):
        len(cross())


def test_special_tokens_are_hidden_on_either_side(refuses):
    view = cross(special="hide")
    assert view.queries.labels == ("der", "Koch", "sagt", "Ramen") and view.keys.labels[-1] == "good"
    np.testing.assert_allclose(view.weights, WEIGHTS[1:, :6] / WEIGHTS[1:, :6].sum(1, keepdims=True), rtol=1e-6)
    with refuses(UserError):
        cross(WEIGHTS[:1], target=encoding("", first="<pad>"), special="hide")


def test_pieces_of_words_are_pooled_on_either_side():
    """“Koch” in two pieces, “ramen” in two: the mean over the rows of the sum over the columns."""
    rows = np.vstack([WEIGHTS[:2], [WEIGHTS[2] + 0.1], [WEIGHTS[2] - 0.1], WEIGHTS[3:]])
    pieces = np.hstack([rows[:, :3], rows[:, 3:4] * 0.75, rows[:, 3:4] * 0.25, rows[:, 4:]])
    source, target = (
        replace(SOURCE_TOKENS, **_split(SOURCE_TOKENS, 3)),
        replace(TARGET_TOKENS, **_split(TARGET_TOKENS, 2)),
    )
    np.testing.assert_allclose(cross(pieces, source=source, target=target).weights, WEIGHTS, atol=1e-6)
    assert to_axis(pieces, target.axis("tokens"), source.axis("tokens")).shape == (6, 8)
    shown = hide_special(WEIGHTS, TARGET_TOKENS.special, SOURCE_TOKENS.special)
    assert shown.shape == (4, 6) and shown.sum(1) == pytest.approx(np.ones(4))


def _split(encoded, place):
    """The token at a place in two."""
    start, stop = encoded.spans[place]
    cut = {}
    for name in ("pieces", "labels"):
        held = getattr(encoded, name)
        cut[name] = (*held[:place], held[place][:2], held[place][2:], *held[place + 1 :])
    cut["spans"] = (*encoded.spans[:place], (start, start + 2), (start + 2, stop), *encoded.spans[place + 1 :])
    for name in ("special", "unknown"):
        held = getattr(encoded, name)
        cut[name] = (*held[: place + 1], held[place], *held[place + 1 :])
    return cut | {"ids": tuple(range(len(encoded) + 1))}


def test_a_mask_is_of_rows_and_columns():
    mask = np.ones((5, 7), bool)
    mask[:, 6] = False
    view = cross(np.where(mask, WEIGHTS, 0), mask=mask, special="hide")
    assert view.mask.shape == (4, 6) and view.choices.tolist() == [6, 6, 6, 6]


# Links


def test_links_lead_from_a_word_of_one_text_to_one_of_the_other():
    table = links(cross())
    assert len(table) == 35
    assert table.iloc[8].tolist() == [1, 1, "der", "chef", pytest.approx(0.2)]
    assert table.columns.tolist() == ["from_position", "to_position", "from", "to", "weight"]
    top = strongest(cross(), 3)
    assert list(zip(top["from"], top["to"], strict=True)) == [("Ramen", "ramen"), ("Koch", "chef"), ("der", "the")]


def test_unknown_characters_are_counted_on_their_own_side():
    table = links(cross(target=encoding(TARGET, first="<pad>", unknown=("Ramen",))))
    assert table["from_unknown"].sum() == 7 and not table["to_unknown"].any()
    assert (table[table["from_unknown"] == 1]["from"] == "Ramen").all()


def test_links_of_several_heads_and_their_difference():
    other = cross(WEIGHTS[:, ::-1].copy(), HeadId(0, 1, "cross"))
    assert api.links_of([cross(), other])["head"].unique().tolist() == ["X3H4", "X0H1"]
    both = api.links_of([cross(), other], difference=True)
    assert len(both) == 35 and both["difference"].iloc[7] == pytest.approx(0.5 - 0.1)


# Findings


def test_the_same_word_in_the_other_text_is_found(snapshot):
    words = encoding("says ramen the chef", first="<pad>")
    weights = np.full((5, 7), 0.05, np.float32)
    for row, key in ((1, 2), (2, 3), (3, 0), (4, 1)):
        weights[row, key] = 0.7
    said = plain(finding(cross(weights, target=words)))
    assert "X3H4" in said and numbers(said) == [70, 4, 14] and said == snapshot


def test_special_tokens_and_the_first_word_are_found(snapshot):
    weights = np.full((5, 7), 0.05, np.float32)
    weights[:, 6] = 0.7
    special, first = (plain(finding(cross(one))) for one in (weights, weights[:, ::-1].copy()))
    assert "</s>" in special and "“the”" in first and numbers(special)[:2] == numbers(first)[:2] == [70, 4]
    assert [special, first] == snapshot


def test_no_place_beside_a_word_is_named_and_the_strongest_link_is_by_its_own_words(snapshot):
    """The weights run along the diagonal, which between two texts means nothing."""
    weights = np.full((5, 7), 0.05, np.float32)
    np.fill_diagonal(weights, 0.7)
    said = plain(finding(cross(weights)))
    assert "X3H4" in said and "“der” → “chef”" in said and numbers(said)[0] == 70 and 4 in numbers(said)
    largest = plain(finding(replace(cross(), measure="contribution")))
    assert "X3H4" in largest and "“Ramen” from “ramen”" in largest
    assert [said, largest] == snapshot


# Parts


def test_a_window_cuts_either_side(refuses):
    view = cross().window(1, 4, (2, 6))
    assert view.queries.labels == ("der", "Koch", "sagt") and view.keys.labels == ("says", "ramen", "is", "good")
    np.testing.assert_array_equal(view.weights, WEIGHTS[1:4, 2:6])
    assert view.outside == pytest.approx(WEIGHTS[1:4].sum(1) - WEIGHTS[1:4, 2:6].sum(1))
    assert links(view).iloc[0].tolist()[:4] == [1, 2, "der", "says"]
    assert cross().window(0, 2).weights.shape == (2, 7) and not cross().window(0, 2).one_axis
    with refuses(UserError, "5 to 8", "7 words"):
        cross().window(0, 2, (5, 9))


def test_a_long_map_is_cut_to_what_a_picture_holds():
    view = api.fit_for(cross(), "heatmap", start=1, most=3)
    assert view.queries.labels == ("der", "Koch", "sagt") and view.keys.labels == ("chef", "says", "ramen")
    whole = api.fit_for(cross(), "heatmap", most=6)
    assert whole.weights.shape == (5, 6)
    subtitle = json.dumps(api.draw(cross(), most=6).to_dict(), ensure_ascii=False)
    assert "1 to 5 of 5 and 1 to 6 of 7; " in subtitle


def test_chosen_positions_of_either_side():
    view = cross().part([1, 4], keys=[0, 3])
    assert view.weights.tolist() == [pytest.approx([0.5, 0.05]), pytest.approx([0.0, 0.9])]
    assert view.outside == pytest.approx([0.45, 0.1])
    assert cross().part([1]).weights.shape == (1, 7)


def test_small_maps():
    small = shrink(WEIGHTS, 4)
    assert small.shape == (4, 4) and small[2, 1] == pytest.approx(WEIGHTS[3, 2:4].sum())
    assert shrink(WEIGHTS).shape == (5, 7)
    np.testing.assert_allclose(shrink(np.eye(64, 40, dtype=np.float32)).sum(), 20)


# Two heads


def test_two_heads_over_the_same_two_texts_are_compared(refuses):
    other = cross(WEIGHTS[:, ::-1].copy(), HeadId(0, 1, "cross"))
    assert compare(cross(), cross()).js == 0 and compare(cross(), other).rows == 4
    table = disagreements(cross(), other)
    row = table[table["word"] == "Ramen"].iloc[0]
    assert (row["a_looks_at"], row["b_looks_at"]) == ("ramen", "ramen")  # in the middle of seven
    row = table[table["word"] == "Koch"].iloc[0]
    assert (row["a_looks_at"], row["b_looks_at"]) == ("chef", "good")
    square = make_view(np.eye(7, dtype=np.float32), HeadId(0, 0), SOURCE_TOKENS, causal=False, model="M", unit="words")
    assert not cross().over_same_positions(square)
    with refuses(UserError):
        compare(cross(), square)


def test_two_pairs_of_texts_are_aligned_side_by_side():
    source = encoding("the pilot says ramen is good", last="</s>")
    target = encoding("der Pilot sagt Ramen", first="<pad>")
    aligned = align_texts(cross(), cross(source=source, target=target))
    assert aligned.places.tolist() == [[k, k] for k in range(5)] and aligned.changed.tolist() == [0, 0, 1, 0, 0]
    assert aligned.key_places.tolist() == [[k, k] for k in range(7)]
    assert aligned.key_changed.tolist() == [False, True, *[False] * 5]
    assert aligned.a.queries.labels[2] == "Koch / Pilot" and aligned.a.keys.labels[1] == "chef / pilot"
    a, b = aligned.own
    assert (a.queries.labels[2], a.keys.labels[1]) == ("Koch", "chef")
    assert (b.queries.labels[2], b.keys.labels[1]) == ("Pilot", "pilot") and not b.one_axis
    table = aligned_table(replace(aligned, reading={"first": SOURCE}))
    row = table.iloc[2 * 7 + 1]
    assert (row["from"], row["to"], row["to_b"], row["difference"]) == ("Koch / Pilot", "chef / pilot", 1, 0)


def test_two_models_meet_at_the_words_of_both_texts(refuses):
    other = cross(WEIGHTS[1:], source=SOURCE_TOKENS, target=encoding(TARGET), model="N")
    aligned = align_models(cross(), other)
    assert aligned.places.tolist() == [[1, 0], [2, 1], [3, 2], [4, 3]]
    assert aligned.key_places.tolist() == [[k, k] for k in range(6)]
    np.testing.assert_array_equal(aligned.a.weights, aligned.b.weights)
    with refuses(UserError):
        align_models(cross(), replace(other, target="another"))


def test_cross_attention_and_self_attention_share_no_columns(refuses):
    square = make_view(np.eye(7, dtype=np.float32), HeadId(0, 0), SOURCE_TOKENS, causal=False, model="M", unit="words")
    with refuses(UserError):
        align_texts(cross(), square)


# Pictures


def svg(chart):
    return vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()), vl_version=VEGALITE)


def test_a_heatmap_has_the_words_of_each_text_along_its_own_side():
    chart = api.draw(cross(), "heatmap")
    params = {param["name"]: param.get("value") for param in chart.to_dict()["params"]}
    assert params["words0"] == list(cross().queries.labels) and params["columns0"] == list(cross().keys.labels)
    drawn = svg(chart)
    assert "X3H4 · M" in drawn
    for word in (*cross().queries.labels, *cross().keys.labels):
        assert f">{word.replace('<', '&lt;').replace('>', '&gt;')}<" in drawn, word
    cells = chart.to_dict()["layer"][0]["data"]["values"]
    assert [len(row["j"]) for row in cells] == [7, 7, 7, 7, 2] and cells[2]["w"][1] == pytest.approx(0.6)


def test_lines_lead_from_words_of_one_text_to_words_of_the_other():
    chart = api.draw(cross(), "lines")
    spec = chart.to_dict()
    params = {param["name"]: param.get("value") for param in spec["params"]}
    assert params["words"] == list(cross().queries.labels) and params["seen"] == list(cross().keys.labels)
    nodes = spec["layer"][0]["data"]["values"]
    assert [sum(node["side"] == side for node in nodes) for side in (0, 1)] == [5, 7]
    assert [node["k"] for node in nodes if node["quiet"]] == [0, 6]
    drawn = svg(chart)
    assert all(f">{word}<" in drawn for word in ("Koch", "sagt", "chef", "good"))


def test_two_heads_side_by_side_and_their_difference():
    other = cross(WEIGHTS[:, ::-1].copy(), HeadId(0, 1, "cross"))
    side = api.draw([cross(), other], "compare").to_dict()
    assert [param["name"] for param in side["params"]][:4] == ["words0", "words1", "columns0", "columns1"]
    difference = svg(api.draw([cross(), other], "difference"))
    assert "X3H4 − X0H1" in difference and ">good<" in difference and ">Koch<" in difference


@pytest.mark.parametrize("name", ["arcs", "reading"])
def test_a_picture_of_one_text_is_refused_with_a_sentence(name, refuses_alike):
    with refuses_alike(UserError, "X3H4"):
        VIEWS[name].draw(cross(), Look())


# Files


def test_a_file_holds_both_sides_and_reads_back():
    with np.load(io.BytesIO(matrix_bytes(cross())), allow_pickle=False) as found:
        assert set(found) == {
            *("weights", "tokens", "special", "unknown", "spans"),
            *("key_tokens", "key_special", "key_unknown", "key_spans"),
        }
        assert np.array_equal(found["weights"], WEIGHTS) and found["weights"].dtype == np.float32
        assert found["tokens"].tolist() == ["<pad>", "der", "Koch", "sagt", "Ramen"]
        assert found["key_tokens"].tolist() == ["the", "chef", "says", "ramen", "is", "good", "</s>"]
        assert found["special"].tolist() == [True, *[False] * 4] and found["key_special"].tolist()[-1]
        assert found["spans"].tolist()[:2] == [[-1, -1], [0, 3]] and found["key_spans"].tolist()[1] == [4, 8]


def test_a_file_of_one_text_is_as_before():
    view = make_view(np.eye(7, dtype=np.float32), HeadId(0, 0), SOURCE_TOKENS, causal=False, model="M")
    with np.load(io.BytesIO(matrix_bytes(view)), allow_pickle=False) as found:
        assert list(found) == ["weights", "tokens", "special", "unknown", "spans"]
