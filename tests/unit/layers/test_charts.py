"""The pictures of “Long range” and “Layer by layer”: valid, safe, and with the numbers they were given."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from dashboard.analyses.layers.layers_chart import columns, moves
from dashboard.analyses.layers.residual_stream import MEASURES, ResidualStream
from dashboard.analyses.layers.text import word_finding
from dashboard.analyses.layers.word_chart import word_chart
from dashboard.analyses.long_range.chart import distance_panels, long_range_atlas
from dashboard.analyses.recall.charts import paths
from dashboard.analyses.recall.task import DEFAULT
from dashboard.charts.look import Look, Selection
from dashboard.export import figure_bytes
from dashboard.heads.head_id import HeadId
from tests.helpers.charts import valid_svg_of
from tests.helpers.sentences import numbers, plain

HOSTILE = "</script>\x00\ufffe\ud800 🍜 **x**"


def flow_of(labels, layers=3, normalises=True, seed=0, decoder=False, **numbers) -> ResidualStream:
    m, rng = len(labels), np.random.default_rng(seed)
    parts = ("attention", "feed_forward", "normalisation", *(["cross_attention"] if decoder else []))
    own = {"moved": rng.uniform(0, 1, (layers, m)), "turned": rng.uniform(0, 2, (layers, m))}
    shares = rng.dirichlet((1,) * len(parts), (layers, m))
    for k, part in enumerate(parts):
        own |= {part: rng.uniform(0, 1, (layers, m)), f"{part}_share": shares[..., k]}
    words = np.arange(m)
    k = min(5, m - 1) if m >= 3 else 0
    others = np.array([[[j for j in range(m) if j != i][:k] for i in range(m)] for _ in range(layers + 1)], int)
    near = others.reshape(layers + 1, m, k)
    return ResidualStream(
        labels=tuple(labels),
        special=(False,) * m,
        unit="words",
        hidden="hide",
        text="",
        model="MiniLM",
        name="minilm",
        revision="",
        normalises=normalises,
        numbers=own | numbers,
        words=words,
        near=near,
        cosine=np.tile(np.linspace(0.9, -0.2, k), (layers + 1, m, 1)),
        part="decoder" if decoder else "",
        source="Der Koch" if decoder else "",
    )


def curve_of(layer, head, share) -> pd.DataFrame:
    share = np.array(share, float)
    columns_ = {"layer": layer, "head": head, "step": [1, 4, 8], "words": [1.0, 4.0, 8.0], "texts": 6, "even": 0.05}
    for name, values in (("share", share), ("apart", share / 4), ("lift", share * 3 / 4)):
        columns_ |= {name: values, f"{name}_low": values * 0.5, f"{name}_high": np.minimum(1, values * 1.5)}
    return pd.DataFrame(columns_)


LIGHT = Look("light")


def panels(curves, look=LIGHT, **more):
    words = {"title": "Four heads", "subtitle": ["a"], "description": "A finding of four heads."}
    return distance_panels(curves, look, seen="its subject", unit="words apart", **words | more)


def line_of(chart) -> list[dict]:
    """The rows of the lines of the first panel."""
    panel = chart.to_dict()["concat"][0]
    return next(layer["data"]["values"] for layer in panel["layer"] if layer["mark"]["type"] == "line")


def series(chart) -> list[str]:
    """What the lines are of, in their order."""
    return list(dict.fromkeys(row["series"] for row in line_of(chart)))


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text")]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "across"), [(980, 4), (520, 2), (320, 1)])
def test_a_panel_a_head_as_many_in_a_row_as_fit(theme, width, across):
    chart = panels([curve_of(2, head, [0.5, 0.3, 0.1]) for head in range(4)], Look(theme, width))
    assert chart.to_dict()["columns"] == across
    svg = valid_svg_of(chart)
    assert {"L2H0", "L2H1", "L2H2", "L2H3", *series(chart)[:2]} <= set(texts(svg))
    assert float(re.search(r'width="(\d+)', svg)[1]) <= width + 20


def test_all_panels_share_one_scale_above_the_highest_interval():
    chart = panels([curve_of(0, 0, [0.5, 0.3, 0.1]), curve_of(0, 1, [0.01, 0.01, 0.01])])
    tops = {
        layer["encoding"]["y"]["scale"]["domain"][1]
        for panel in chart.to_dict()["concat"]
        for layer in panel["layer"]
        if "scale" in layer["encoding"].get("y", {})
    }
    assert tops == {0.8}  # the highest is 0.75


def test_the_line_goes_through_the_shares(snapshot):
    chart = panels([curve_of(0, 0, [0.5, 0.3, 0.1])])
    found = {name: [row["value"] for row in line_of(chart) if row["series"] == name] for name in series(chart)}
    assert list(found.values()) == [[0.5, 0.3, 0.1], [0.125, 0.075, 0.025], [0.05, 0.05, 0.05]]
    assert list(found) == snapshot


def test_a_solid_line_is_one_line_in_a_pdf():
    for chart in (panels([curve_of(2, 9, [0.5, 0.3, 0.1])]), paths(DEFAULT, Look("light"))):
        drawn = PdfReader(io.BytesIO(figure_bytes(chart, "pdf"))).pages[0].get_contents().get_data()
        dashes = re.findall(rb"\[([\d. ]+)\] [\d.]+ d\b", drawn)
        assert dashes and all(float(dash.split()[1]) > 0 for dash in dashes)


def test_the_atlas_of_reach_names_the_best_and_takes_a_click():
    lift = np.full((3, 4), -0.02)
    lift[1, 2], lift[2, 0] = 0.5, 0.25
    over = "mean over 12 sentences"
    chart = long_range_atlas(
        lift, Look("light", 400), seen="its subject", over=over, model="MiniLM", selection=Selection(HeadId(1, 2))
    )
    assert "Highest: L1H2 with 50" in chart.description
    svg = valid_svg_of(chart)
    assert "50" in texts(svg) and "−2" in texts(svg) and over in svg
    assert '"fields": ["layer", "head", "epoch"]' in json.dumps(chart.to_dict())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("measure", MEASURES)
def test_words_by_layers(theme, measure):
    decoder = measure == "cross_attention_share"
    stream = flow_of(["The", "chef", "says", HOSTILE], decoder=decoder)
    chart = moves(stream, MEASURES[measure], Look(theme, 600), word=1)
    svg = valid_svg_of(chart)
    written = " ".join(texts(svg))
    layers = ("D0", "D2") if decoder else ("L0", "L2")
    assert all(word in written for word in ("The", "chef", *layers)) and "\x00" not in written
    assert chart.description.endswith(".")


def test_a_long_text_is_drawn_in_a_window_that_says_so():
    stream = flow_of([f"w{k}" for k in range(200)])
    most = columns(600)
    chart = moves(stream.window(50, 50 + most), MEASURES["moved"], Look("light", 600), word=60)
    assert f"51 to {50 + most} of 200" in chart.to_dict()["title"]["subtitle"][0]
    assert chart.to_dict()["width"] <= 600
    assert {"w60"} <= set(texts(valid_svg_of(chart)))


def test_what_did_not_move_has_no_ink_and_breaks_nothing():
    still = np.zeros((3, 3))
    stream = flow_of(["a", "b", "c"], moved=still, attention_share=np.full((3, 3), np.nan))
    for measure in stream.measures:
        assert "NaN" not in valid_svg_of(moves(stream, MEASURES[measure], Look("light")))
    assert "NaN" not in valid_svg_of(word_chart(stream, 0, Look("light")))


def test_a_word_that_no_layer_moves_gets_no_share_of_the_change():
    stream = flow_of(["a", "b", "c"], moved=np.full((3, 3), 0.004))
    assert word_finding(stream, 0).startswith("No layer moves") and "%" not in word_finding(stream, 0)


def test_the_journey_of_a_decoder_s_word_tells_its_two_attentions_apart():
    stream = flow_of(["The", "chef", "says", "ramen"], decoder=True)
    written = texts(valid_svg_of(word_chart(stream, 3, Look("light", 900))))
    assert {"before", "D0", "D2", "self attention", "cross attention", "feed-forward"} <= set(written)
    assert "attention" not in written and "cross attention makes up" in word_finding(stream, 3)


@pytest.mark.parametrize("width", [980, 600, 380])
def test_the_journey_says_which_words_are_near_after_each_layer(width):
    stream = flow_of(["The", "chef", "says", "ramen", "is", "food", "The"])
    chart = word_chart(stream, 3, Look("light", width))
    svg = valid_svg_of(chart)
    written = texts(svg)
    assert {"before", "L0", "L1", "L2", "nearest", "The (1)", "attention", "normalisation"} <= set(written)
    assert f"{stream.numbers['moved'][1, 3]:.2f}" in written
    assert float(re.search(r'width="(\d+)', svg)[1]) <= width + 24
    bare = word_chart(flow_of(["a", "b", "c"], normalises=False), 0, Look("light"))
    assert "normalisation" not in texts(valid_svg_of(bare))


def test_the_bars_are_as_long_as_the_shares():
    shares = {"attention_share": [[0.25]], "feed_forward_share": [[0.95]], "normalisation_share": [[-0.2]]}
    stream = flow_of(["a"], layers=1, **{name: np.array(values) for name, values in shares.items()})
    spec = word_chart(stream, 0, Look("light", 600)).to_dict()
    bars = next(layer["data"]["values"] for layer in spec["layer"] if "tip" in str(layer["data"]["values"][:1]))
    lengths = [bar["x2"] - bar["x"] for bar in bars]
    assert lengths[0] / lengths[1] == pytest.approx(0.25 / 0.95, rel=0.01)
    assert bars[2]["x2"] == bars[0]["x"]  # what pulls against the change lies left of 0
    assert "25" in bars[0]["tip"] and "-20" in bars[2]["tip"].replace("−", "-")


def test_a_word_alone_has_nobody_near(snapshot):
    stream = flow_of(["a", "b"])
    assert word_chart(stream, 0, Look("light")).to_dict()["title"]["subtitle"] == snapshot
    assert "nearest" not in word_finding(stream, 0)


def test_attention_that_pulls_against_a_change_is_said_to(snapshot):
    stream = flow_of(["a", "b"])
    stream.numbers["attention_share"][:] = -0.035
    said = word_finding(stream, 0)
    assert -3.5 in numbers(said) and plain(said) == snapshot
