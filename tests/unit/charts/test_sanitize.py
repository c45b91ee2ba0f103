"""No text can end the process: what a chart may hold, and that the renderer survives all of it."""

import json
import re
import subprocess
import sys
import unicodedata
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analyses.explore.side_by_side_chart import difference, side_by_side
from dashboard.analyses.explore.views import VIEWS
from dashboard.charts.drawing import VEGALITE
from dashboard.charts.look import Look
from dashboard.charts.sanitize import LIMIT, NEWLINE, SIGN, drawable
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView
from tests.helpers.views import head_view

# https://www.w3.org/TR/xml/#charsets
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BIDI = set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NASTY = [
    *(chr(c) for c in range(0x20)),
    "\x7f",
    "\x85",
    "\ud800",
    "\udfff",
    "\ufffe",
    "\uffff",
    "\U0001fffe",
    "\U0010ffff",
    "\u202eevil",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "\u0301",
    "\u20e3",
    "\ufdd0",
    "",
    " ",
    "\u3000",
    "</script><script>window.X=1</script>",
    "<b>&amp;\"'",
    "]]>",
    "${x}",
    "\\",
    "🍜",
    "👩‍🍳",
    "中文",
    "العربية",
    "हिन्दी",
    "a" * 5000,
    "\x00" * 100,
]


def view_of(labels: list[str], unit: str = "tokens") -> HeadView:
    n = len(labels)
    weights = np.random.default_rng(0).dirichlet(np.full(n, 0.3), n).astype(np.float32)
    return head_view(
        HeadId(0, 0),
        weights,
        tuple(labels),
        (False,) * n,
        tuple((k, k + 1) for k in range(n)),
        unit,
        "show",
        False,
        "".join(labels),
        "\x00<model>\ud800",
    )


def test_every_character_that_xml_forbids_becomes_a_sign():
    for point in [*range(0x10000), *(p * 0x10000 + low for p in range(1, 17) for low in (0, 0xFFFE, 0xFFFF))]:
        out = drawable(chr(point))
        assert out and not FORBIDDEN.search(out), hex(point)
        if FORBIDDEN.match(chr(point)):
            assert out in (SIGN, NEWLINE), hex(point)
        assert not BIDI & set(out)


@given(st.text(st.characters(exclude_categories=())))
def test_shown_is_never_empty_never_forbidden_and_settles(text):
    out = drawable(text)
    assert out and len(out) <= LIMIT + 1
    assert not FORBIDDEN.search(out) and not BIDI & set(out) and "\n" not in out
    assert drawable(out) == out


@pytest.mark.parametrize("text", ["chef", "·men", "中文字", "العربية", "हिन्दी", "👩‍🍳", "❤️", "naïve", "a b", "5 %"])
def test_what_can_be_drawn_is_left_alone(text):
    assert drawable(text) == text


def test_signs_that_a_person_knows():
    assert (drawable("\n"), drawable("\t"), drawable(" "), drawable("")) == ("¶", "→", "·", "·")
    assert drawable("\u0301") == "◌\u0301"
    assert drawable("x" * 100) == "x" * (LIMIT - 1) + "…"


RENDER = f"""
import json, sys, vl_convert
for spec in json.load(open(sys.argv[1], encoding="ascii")):
    print(json.dumps(vl_convert.vegalite_to_svg(spec, vl_version="{VEGALITE}")))
"""


def render(specs: list[dict], folder) -> subprocess.CompletedProcess:
    """In a process of its own: where the renderer gives up, it takes the process with it."""
    path = folder / "specs.json"
    path.write_text(json.dumps(specs), encoding="ascii")
    return subprocess.run([sys.executable, "-c", RENDER, path], capture_output=True, text=True, timeout=250)


def test_the_renderer_does_end_the_process_on_a_raw_character(tmp_path):
    raw = {"data": {"values": [{"x": "\x00"}]}, "mark": "text", "encoding": {"text": {"field": "x", "type": "nominal"}}}
    assert render([raw], tmp_path).returncode != 0


def test_no_text_ends_the_process(tmp_path):
    view = view_of(NASTY)
    charts = [draw.draw(view, Look("light")) for draw in VIEWS.values()]
    charts += [side_by_side([view, view], Look("dark")), difference(view, view, Look("dark"))]
    charts += [VIEWS["heatmap"].draw(view_of(NASTY, "words"), Look("light"))]
    done = render([chart.to_dict() for chart in charts], tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    drawings = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(drawings) == len(charts)
    for svg in drawings:
        root = ElementTree.fromstring(svg)
        assert not [e for e in root.iter() if e.tag.endswith("script")]
        words = "".join(e.text or "" for e in root.iter() if e.tag.endswith("text"))
        assert all(unicodedata.category(c) not in ("Cc", "Cs") for c in words)


def test_the_text_of_a_person_reaches_the_drawing(tmp_path):
    labels = ["<script>", "a & b", "中文", "🍜"]
    done = render([VIEWS["heatmap"].draw(view_of(labels), Look("light")).to_dict()], tmp_path)
    root = ElementTree.fromstring(json.loads(done.stdout))
    words = [e.text for e in root.iter() if e.tag.endswith("text")]
    assert [words.count(label) for label in labels] == [2, 2, 2, 2]
