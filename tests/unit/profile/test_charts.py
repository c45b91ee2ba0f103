"""What the page “Syntax vs context” draws and says, from the profiles that ship, worked out here a second way."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert

from dashboard.analyses.profile.api import draw_budget, draw_scatter, parse_links, row_of
from dashboard.analyses.profile.budget import CHANNELS
from dashboard.analyses.profile.budget_chart import _explained
from dashboard.analyses.profile.budget_chart import bits as spending_bits
from dashboard.analyses.profile.library import SHIPPED, profile_library, read_profile
from dashboard.analyses.profile.roles import FIGURES, role_label, roles
from dashboard.analyses.profile.text import along_parse, census, head_finding, opposites
from dashboard.charts.drawing import VEGALITE
from dashboard.charts.point_labels import AWAY
from dashboard.charts.theme import PALETTES
from dashboard.errors import UserError
from dashboard.export import figure_bytes
from dashboard.heads.head_id import HeadId
from dashboard.text import ParsedSentence
from tests.helpers.sentences import numbers, plain
from tests.helpers.views import head_view
from tools.profiles import source_of

NAMES = {"minilm": (6, 12), "smollm2": (30, 9)}


@pytest.fixture(scope="module")
def profiles():
    return {name: read_profile(SHIPPED / f"{name}-en_ewt-ud-dev") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_what_ships_is_whole_and_says_where_it_comes_from(profiles, name):
    this, (layers, heads) = profiles[name], NAMES[name]
    assert len(this.heads) == layers * heads and this.sentences is None
    assert this.about["model"] == name and this.about["sentences"]["used"] == 2001
    assert this.about["source"]["licence"] == "CC BY-SA 4.0" and this.about["source"]["commit"] == "15d613d"
    assert [kept.model for kept in profile_library() if kept.shipped] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_numbers_hold_together(profiles, name):
    table = profiles[name].heads
    bits = {figure: table[f"bits_{figure}"] for figure in FIGURES}
    parts = bits["position"] + bits["syntax"] + bits["context"] + bits["shared"]
    assert np.allclose(bits["unexplained"], bits["total"] - parts, atol=1e-4)
    assert (bits["unexplained"] >= -1e-6).all() and table["active"].between(0, 1).all()
    for figure in FIGURES:
        assert (table[f"bits_{figure}_low"] <= bits[figure] + 1e-9).all()
        assert (bits[figure] <= table[f"bits_{figure}_high"] + 1e-9).all()
    assert list(table["role"]) == list(roles(bits["total"], bits["position"], table["lean"]))
    for prefix in ("budget", "twin"):
        assert np.allclose(sum(table[f"{prefix}_{channel}"] for channel in CHANNELS), 1, atol=1e-4)


def test_minilm_finds_what_is_known_of_it(profiles):
    rows = profiles["minilm"].dependencies.set_index(["relation", "direction", "layer", "head"])
    for relation, head, accuracy, baseline in (
        # Read as it was written; its words one by one give 74.0, 35.8; 55.6, 33.9; 80.6, 58.9.
        ("obj", 0, 73.8, 35.8),
        ("nsubj", 8, 57.0, 34.3),
        ("det", 8, 80.8, 58.9),
    ):
        one = rows.loc[(relation, "dependent->head", 2, head)]
        assert 100 * one["accuracy"] == pytest.approx(accuracy, abs=0.06)
        assert 100 * one["baseline"] == pytest.approx(baseline, abs=0.06)


@pytest.mark.parametrize(
    ("name", "head", "direction", "accuracy", "baseline"),
    [("minilm", "L2H1", "dependent->head", 45.56, 34.59), ("smollm2", "L7H6", "head->dependent", 38.44, 34.63)],
)
def test_all_relations_as_one(profiles, name, head, direction, accuracy, baseline):
    this = profiles[name]
    pooled, rest = this.best.iloc[0], this.best.iloc[1:]
    assert pooled["relation"] == "all" and "all" not in set(rest["relation"])
    assert (str(HeadId(pooled["layer"], pooled["head"])), pooled["direction"]) == (head, direction)
    assert 100 * pooled["accuracy"] == pytest.approx(accuracy, abs=0.006)
    assert 100 * pooled["baseline"] == pytest.approx(baseline, abs=0.006)
    every = this.dependencies.groupby(["direction", "layer", "head"])
    for _, rows in every:  # every head's cases and right answers are those of its relations together
        first, others = rows.iloc[0], rows.iloc[1:]
        assert first["relation"] == "all"
        assert (first["n"], first["correct"]) == (others["n"].sum(), others["correct"].sum())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_head_is_a_point_at_its_numbers(profiles, name, theme):
    this = profiles[name]
    chart = draw_scatter(this, theme=theme, width=560, selected=HeadId(2, 0), tray=[HeadId(1, 1)], click=True)
    spec = chart.to_dict()
    points = spec["layer"][0]["data"]["values"]
    assert len(points) == len(this.heads)
    for point in points:
        row = row_of(this, HeadId(point["layer"], point["head"]))
        for axis, figure in (("x", "syntax"), ("y", "context")):
            for end in ("", "_low", "_high"):
                assert point[axis + end] == pytest.approx(max(row[f"bits_{figure}{end}"], 0), abs=1e-5)
        assert point["strength"] < 0.5 if row["active"] < 0.4 else point["strength"] > 0.5
        assert role_label(row["role"], row["active"]) in point["tip"]
    assert [point["name"] for point in points if point["kept"]] == ["L1H1"]
    svg = vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=VEGALITE)
    assert "NaN" not in svg and (">L2H1<" in svg) == (name == "minilm")
    short = json.loads(json.dumps(spec))
    short["layer"][0]["data"]["values"] = points[:2]
    alt.Chart.from_dict(short)


def test_the_bars_are_as_long_as_the_shares_and_tell_them(profiles):
    this = profiles["minilm"]
    row = row_of(this, "L2H0")
    spec = draw_budget(this, "L2H0", width=560).to_dict()
    boxes = [
        box
        for layer in spec["layer"]
        if layer["mark"]["type"] == "rect"
        for box in layer["data"]["values"]
        if "tip" in box
    ]
    long = 560 - 12 - 108
    for prefix, said in (("budget", "this head"), ("twin", "position only")):
        mine = [box for box in boxes if box["tip"].startswith(said)]
        wide = sum(box["x2"] - box["x"] for box in mine)
        assert wide == pytest.approx(long, abs=1.0)
        for box, channel in zip(mine, CHANNELS, strict=True):
            assert (box["x2"] - box["x"]) / long == pytest.approx(row[f"{prefix}_{channel}"], abs=0.002)
    text = json.dumps(spec, ensure_ascii=False)
    assert f"only the parse {row['bits_syntax']:.3f}" in text and "NaN" not in text
    assert figure_bytes(draw_budget(this, "L2H0"), "svg", draw_budget(this, "L2H0").provenance)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_two_parts_of_what_explains_a_head_look_alike(theme):
    colours = [np.array([int(one[k : k + 2], 16) for k in (1, 3, 5)]) for one in _explained(PALETTES[theme]).values()]
    apart = [np.abs(a - b).max() for k, a in enumerate(colours) for b in colours[:k]]
    assert len(apart) == 10 and min(apart) > 60


def test_the_name_of_a_ringed_head_is_clear_of_the_ring(profiles):
    spec = draw_scatter(profiles["minilm"], selected=HeadId(2, 0), width=560).to_dict()
    rings = [layer["mark"] for layer in _layers(spec) if layer["mark"].get("filled") is False]
    assert rings and max((ring["size"] / np.pi) ** 0.5 + ring["strokeWidth"] / 2 for ring in rings) < AWAY


def _layers(part: dict) -> list[dict]:
    inner = [one for sub in part.get("layer", []) for one in _layers(sub)]
    return inner or ([part] if "mark" in part else [])


def test_a_head_without_figures_is_drawn_and_said_so(profiles, snapshot):
    empty = profiles["minilm"].heads.copy()
    empty[[column for column in empty if column.startswith("bits_")]] = np.nan
    empty["role"] = ""
    this = SimpleNamespace(heads=empty, about=profiles["minilm"].about)
    for chart in (draw_scatter(this), draw_budget(this, "L0H0")):
        assert "NaN" not in json.dumps(chart.to_dict())
    assert opposites(empty) is None
    assert [plain(said) for said in (census(empty), head_finding(row_of(this, "L0H0"), this.about))] == snapshot


def test_a_head_that_is_not_there(profiles, refuses):
    with refuses(UserError, "L6H0", "L5H11"):
        row_of(profiles["minilm"], "L6H0")


def test_the_census_counts_every_head(profiles):
    for this in profiles.values():
        said = census(this.heads)
        assert sum(int(part.split()[0]) for part in said.split(": ")[1].split(".")[0].split(", ")) == len(this.heads)


def test_opposites_are_the_extremes_of_their_roles(profiles):
    for this in profiles.values():
        syntax, context = (row_of(this, head) for head in opposites(this.heads))
        assert syntax["role"] == "syntax" and context["role"] == "context"
        for row, role in ((syntax, "syntax"), (context, "context")):
            rivals = this.heads[(this.heads["role"] == role) & (this.heads["active"] >= 0.4)]
            assert row[f"bits_{role}"] == rivals[f"bits_{role}"].max()


def test_opposites_of_a_model_without_roles_are_two_heads():
    table = pd.DataFrame(
        {
            "layer": 0,
            "head": [0, 1],
            "role": "position",
            "active": 0.1,
            "bits_syntax": [0.2, 0.1],
            "bits_context": [0.3, 0.1],
        }
    )
    assert opposites(table) == (HeadId(0, 0), HeadId(0, 1))


def test_the_parse_is_found_by_the_words_spans():
    text = "We sing. She left."
    one = ParsedSentence(
        0,
        1,
        ("We", "sing", "."),
        (1, -1, 1),
        ("nsubj", "ROOT", "punct"),
        ("PRON", "VERB", "PUNCT"),
        ("we", "sing", "."),
        "We sing.",
        ((0, 2), (3, 7), (7, 8)),
        0,
    )
    two = ParsedSentence(
        1,
        1,
        ("She", "left", "."),
        (1, -1, 1),
        ("nsubj", "ROOT", "punct"),
        ("PRON", "VERB", "PUNCT"),
        ("she", "leave", "."),
        "She left.",
        ((0, 3), (4, 8), (8, 9)),
        9,
    )
    spans = [
        None,
        *[(text.index(word), text.index(word) + len(word)) for word in ("We", "sing")],
        (7, 8),
        (9, 12),
        (13, 17),
    ]
    assert parse_links([one, two], spans) == [(1, 2, "nsubj"), (3, 2, "punct"), (4, 5, "nsubj")]


def test_attention_along_the_parse_by_hand(snapshot):
    weights = np.array([[0.1, 0.6, 0.3], [0.2, 0.5, 0.3], [0.0, 1.0, 0.0]])
    words = {"labels": ("a", "b", "c"), "special": (False,) * 3, "spans": (None,) * 3, "unit": "words"}
    view = head_view(HeadId(0, 0), weights, **words, hidden="hide", causal=False, text="a b c", model="M")
    parse = [(0, 1, "det"), (2, 1, "obj")]
    # Word 0 gives its head .6, word 1 its two dependents .2 + .3, word 2 its head 1: .7 in the mean; even: 4/9.
    both_ways = along_parse(view, parse)
    assert {70, 44} <= set(numbers(both_ways)) and numbers(along_parse(view, [])) == []
    # From left to right word 0 sees no head, word 1 one dependent among two words, word 2 its head among three.
    ahead = np.array([[1.0, 0.0, 0.0], [0.4, 0.6, 0.0], [0.0, 1.0, 0.0]])
    said = along_parse(replace(view, weights=ahead, causal=True), parse)
    assert {47, 28} <= set(numbers(said))
    assert [plain(one) for one in (both_ways, said, along_parse(view, []))] == snapshot


def test_bits_that_round_to_zero_have_no_sign():
    bits = {f"bits_{name}{end}": -0.0004 for name in ("position", "syntax", "context") for end in ("", "_low", "_high")}
    row = {"layer": 0, "head": 0, "role": "syntax", "active": 1.0, "bits_total": 1.0} | bits
    about = {"queries": 9, "sentences": {"used": 2}, "file": "f"}
    said = head_finding(row, about)
    assert numbers(said).count(0) == 9 and "−" not in said
    assert spending_bits(-0.0004) == "0.000 bits" and spending_bits(-0.0014) == "−0.001 bits"


def test_a_treebank_must_be_named_with_licence_and_commit(tmp_path, refuses):
    bank = tmp_path / "bank.conllu"
    with refuses(UserError):
        source_of(bank, {})
    (tmp_path / "bank.json").write_text('{"name": "Bank", "licence": "CC0", "commit": "abc"}')
    assert source_of(bank, {"commit": "def"}) == {"name": "Bank", "licence": "CC0", "commit": "def"}
    for broken in ("[1]", '{"licence": 3}', "{"):
        (tmp_path / "bank.json").write_text(broken)
        with pytest.raises(UserError, match=r"bank\.json"):
            source_of(bank, {"licence": "CC0", "commit": "abc"})


def test_arcs_of_the_parse_over_words_that_share_a_token():
    sentence = ParsedSentence(
        0,
        1,
        ("You", "can", "not", "wait", "."),
        (3, 3, 3, -1, 3),
        ("nsubj", "aux", "neg", "ROOT", "punct"),
        ("PRON", "AUX", "PART", "VERB", "PUNCT"),
        ("_",) * 5,
        "You cannot wait.",
        ((0, 3), (4, 7), (7, 10), (11, 15), (15, 16)),
        start=2,
    )
    spans = [None, (2, 5), (6, 12), (13, 17), (17, 18), None]
    assert parse_links([sentence], spans) == [(1, 3, "nsubj"), (2, 3, "aux"), (4, 3, "punct")]
    # A word that stands in no position of the view has no arc.
    assert parse_links([sentence], spans[:3]) == []
