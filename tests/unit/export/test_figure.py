"""A chart as PNG, SVG, PDF, HTML and JSON, read again with another library each."""

import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pypdf
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dashboard.charts.look import Look
from dashboard.export import Provenance, figure_bytes
from dashboard.export import figure as figures
from dashboard.export import svg as layout
from dashboard.export.sanitize import legal
from dashboard.export.spec import specification, version_of
from dashboard.export.typography.shipped_fonts import register
from dashboard.export.webpage import script_json
from tests.helpers.clock import cpu_seconds

ROOT = Path(__file__).resolve().parents[3]
SVG = "{http://www.w3.org/2000/svg}"
TEXT = 'The chef, </script><script>window.X=1</script> & "ramen" 汉字 🍜'
DESCRIPTION = "L2H9 gives 64\u00a0% of its attention to the <previous> word & more."
PROVENANCE = Provenance(
    model="minilm",
    revision="sha256:53aa51172d14",
    text=TEXT,
    heads=("L2H9",),
    unit="words",
    special="show",
    view="heatmap",
    options={"theme": "light"},
    title="MiniLM",
)


def spec_of(*labels, **more):
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.4.1.json",
        "description": DESCRIPTION,
        "background": "#ffffff",
        "data": {"values": [{"label": label, "weight": k / 8} for k, label in enumerate(labels)]},
        "mark": "bar",
        "encoding": {
            "y": {"field": "label", "type": "nominal", "sort": None},
            "x": {"field": "weight", "type": "quantitative"},
            "color": {"field": "weight", "type": "quantitative", "legend": {"labelFont": "monospace"}},
        },
        "config": {"font": '"Source Sans", "Source Sans 3", sans-serif', "axis": {}, "title": {"fontWeight": 600}},
        **more,
    }


# With a title in semibold, a legend in the monospaced font, a gradient and a clip: each is a chance to differ.
BARS = {"type": "bar", "clip": True, "opacity": 0.7}
SPEC = spec_of("The", "chef", "</script><script>window.X=1</script>", title="L2H9", mark=BARS)


def test_png_is_twice_the_size_and_carries_its_provenance():
    svg = ElementTree.fromstring(figure_bytes(SPEC, "svg", PROVENANCE))
    image = Image.open(io.BytesIO(figure_bytes(SPEC, "png", PROVENANCE)))
    image.load()  # Pillow checks every chunk's sum
    assert image.size == (2 * int(svg.get("width")), 2 * int(svg.get("height")))
    assert json.loads(image.info["two-heads"]) == PROVENANCE.to_dict()
    assert image.info["Title"] == "L2H9 · MiniLM · heatmap – Two Heads"
    assert image.info["Description"] == DESCRIPTION
    assert np.asarray(image.convert("L")).min() < 100  # something is drawn


def test_svg_is_one_named_image_with_its_provenance():
    data = figure_bytes(SPEC, "svg", PROVENANCE)
    root = ElementTree.fromstring(data)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    by_id = {element.get("id"): element for element in root if element.get("id")}
    title, description = root.get("aria-labelledby").split()
    assert by_id[title].tag == f"{SVG}title" and by_id[title].text == "L2H9 · MiniLM · heatmap – Two Heads"
    assert by_id[description].tag == f"{SVG}desc" and by_id[description].text == DESCRIPTION
    assert json.loads(root.find(f"{SVG}metadata").text) == PROVENANCE.to_dict()
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert {"The", "chef", "</script><script>window.X=1</script>"} <= set(texts)
    fonts = {text.get("font-family") for text in root.iter(f"{SVG}text")}
    assert fonts == {
        "Source Sans, Source Sans Pro, Two Heads Sans, sans-serif",
        "Source Code, Source Code Pro, Two Heads Mono, monospace",
    }
    assert not [name for element in root.iter() if element is not root for name in element.attrib if "aria" in name]
    assert data.startswith(b"<svg ")  # and not ns0:svg, which is the same and which some programs do not know


def test_pdf_has_document_information_and_our_fonts():
    reader = pypdf.PdfReader(io.BytesIO(figure_bytes(SPEC, "pdf", PROVENANCE)))
    assert len(reader.pages) == 1
    assert reader.metadata.title == "L2H9 · MiniLM · heatmap – Two Heads"
    assert reader.metadata.subject == DESCRIPTION
    assert json.loads(reader.metadata["/Provenance"]) == PROVENANCE.to_dict()
    text = reader.pages[0].extract_text()
    assert "chef" in text and "L2H9" in text
    fonts = {font.get_object()["/BaseFont"].partition("+")[2] for font in _fonts(reader.pages[0]["/Resources"])}
    assert fonts == {"TwoHeadsSansRegular", "TwoHeadsSansSemibold", "TwoHeadsMonoRegular"}


def _fonts(resources):
    """All fonts of a page, those of the forms that it draws included."""
    found = list(resources.get("/Font", {}).values())
    for form in resources.get("/XObject", {}).values():
        found += _fonts(form.get_object().get("/Resources", {}))
    return found


def test_pdf_information_of_awkward_texts():
    awkward = Provenance(**{**vars(PROVENANCE), "title": "a(b)c\\ )", "text": "(\\"})
    reader = pypdf.PdfReader(io.BytesIO(figure_bytes({**SPEC, "description": "汉字 (\\) 🍜"}, "pdf", awkward)))
    assert reader.metadata.title == "L2H9 · a(b)c\\ ) · heatmap – Two Heads"
    assert reader.metadata.subject == "汉字 (\\) 🍜"
    assert json.loads(reader.metadata["/Provenance"])["text"] == "(\\"


def test_json_draws_the_same_picture_again():
    data = json.loads(figure_bytes(SPEC, "json", PROVENANCE))
    assert data["usermeta"]["provenance"] == PROVENANCE.to_dict()
    for fmt in ("svg", "png"):
        assert figure_bytes(data, fmt, PROVENANCE) == figure_bytes(SPEC, fmt, PROVENANCE)
    register()
    alone = ElementTree.fromstring(vl_convert.vegalite_to_svg(data, vl_version=version_of(data)))
    ours = ElementTree.fromstring(figure_bytes(SPEC, "svg", PROVENANCE))

    def places(root):
        return [("".join(text.itertext()), text.get("transform")) for text in root.iter(f"{SVG}text")]

    assert places(alone) == places(ours)


def test_the_chart_itself_is_left_alone():
    before = json.dumps(SPEC)
    figure_bytes(SPEC, "json", PROVENANCE)
    assert json.dumps(SPEC) == before


def test_a_specification_for_a_page_fits_a_file():
    spec = specification({**SPEC, "width": "container", "usermeta": {"mine": 1}}, PROVENANCE)
    assert spec["width"] == 720
    assert spec["usermeta"] == {"mine": 1, "provenance": PROVENANCE.to_dict()}
    odd = {"a": [float("nan"), float("inf"), 1.5], "b": "\0"}
    assert specification(odd, None) == {"a": [None, None, 1.5], "b": "◊"}


def test_the_vega_lite_version_is_the_charts_own():
    assert version_of({"$schema": "https://vega.github.io/schema/vega-lite/v6.4.1.json"}) == "6.4"
    assert version_of({"$schema": "https://vega.github.io/schema/vega-lite/v5.20.1.json"}) == "5.20"
    assert version_of({}) in vl_convert.get_vegalite_versions()


def test_other_figure_formats_are_refused():
    with pytest.raises(ValueError):
        figure_bytes(SPEC, "gif")


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.metas, self.language, self.title, self._in = [], {}, None, "", ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.found.append((tag, attributes))
        self._in = tag
        if tag == "meta" and "name" in attributes:
            self.metas[attributes["name"]] = attributes["content"]
        if tag == "html":
            self.language = attributes["lang"]

    def handle_data(self, data):
        if self._in == "title":
            self.title += data

    def handle_endtag(self, tag):
        self._in = ""


def test_html_is_one_file_with_its_provenance():
    text = figure_bytes(SPEC, "html", PROVENANCE).decode()
    page = Page(text)
    assert page.language == "en" and page.title == "L2H9 · MiniLM · heatmap – Two Heads"
    assert json.loads(page.metas["two-heads"]) == PROVENANCE.to_dict()
    assert page.metas["description"] == DESCRIPTION
    assert not [tag for tag, attributes in page.found if "src" in attributes or "href" in attributes]
    assert [tag for tag, _ in page.found].count("script") == 2
    assert "window.X=1</script>" not in text
    policy = next(attributes["content"] for tag, attributes in page.found if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'") and "http" not in policy


@given(st.text())
def test_no_text_leaves_its_script(text):
    written = script_json({"label": text, "</script>": "<!--"})
    assert json.loads(written) == {"label": text, "</script>": "<!--"}
    assert "<" not in written and "\u2028" not in written and "\u2029" not in written


@pytest.mark.parametrize("fmt", ["png", "svg", "pdf", "html", "json"])
def test_same_input_same_bytes(fmt):
    made = set()
    for _ in range(4):
        layout._svg.cache_clear()
        made.add(figure_bytes(SPEC, fmt, PROVENANCE))
    assert len(made) == 1


def test_same_bytes_from_another_process():
    code = (
        "import hashlib, sys; sys.path.insert(0, 'tests/unit/export'); import test_figure as t;"
        "made = [t.figure_bytes(t.SPEC, f, t.PROVENANCE) for f in ('png', 'svg', 'pdf', 'html')];"
        "print([hashlib.sha256(data).hexdigest() for data in made])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**_environment(), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def _environment():
    import os

    return dict(os.environ)


# No text can end the process ------------------------------------------------------------------------------------

NASTY = [
    *(chr(code) for code in range(0x20)),
    "\x7f\x80\x85\x9f",
    "\ud800",
    "\udfff\ud800",
    "\ufdd0\ufffe\uffff",
    "\U0001fffe\U0010ffff",
    "\u2028\u2029",
    "\u200b\u200c\u200d\ufeff\u00ad",
    "\u202e\u2066abc\u2069",
    "\u0301\u0323",
    "",
    " ",
    "\u3000",
    "</text><script>",
    "]]>",
    "<!--",
    "&#0;&lt;",
    "%s{0}$x",
    "\\ud800",
    "◌\u094d\u200d",
    "\U000e0041",
]


def test_forbidden_characters_do_not_end_the_process():
    """vl-convert aborts the whole process on some of these: `chart` gets them unprepared, in a process of its own."""
    code = """
import json, sys
from dashboard.export import figure_bytes
import dashboard.export.provenance as p
nasty = json.loads(sys.stdin.read())
for k, text in enumerate(nasty):
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.4.1.json",
            "title": {"text": text, "subtitle": [text]}, "description": text,
            "data": {"values": [{"t": text, text: 1}]}, "mark": "text",
            "encoding": {"text": {"field": "t"}, "y": {"field": "t", "type": "nominal"}}}
    provenance = p.Provenance("m", text, text, (text,), "words", "show", text, {text: text}, title=text)
    for fmt in ("png", "svg", "pdf", "html", "json"):
        assert len(figure_bytes(spec, fmt, provenance)) > 100
print("drawn", len(nasty))
"""
    asked = [sys.executable, "-c", code]
    done = subprocess.run(asked, cwd=ROOT, input=json.dumps(NASTY), capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, ["drawn", str(len(NASTY))]), done.stderr[-2000:]


@given(st.text(st.characters(codec=None), max_size=50))
def test_legal_text_is_xml(text):
    clean = legal(text)
    assert len(clean) == len(text) and legal(clean) == clean
    node = ElementTree.Element("t", {"a": clean})
    node.text = clean
    found = ElementTree.fromstring(ElementTree.tostring(node, encoding="unicode"))
    assert found.text or not clean
    assert all(a == b or b == "◊" for a, b in zip(text, clean, strict=True))


def test_an_emoji_wider_than_its_room_is_drawn():
    """Vega cuts a label that is too wide between the two halves of an emoji, which vl-convert refuses to measure."""
    spec = spec_of("🍜" * 30, "chef")
    spec["config"]["axis"]["labelLimit"] = 40
    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(figure_bytes(spec, "svg")).iter(f"{SVG}text")]
    assert "chef" in texts and "🍜" * 30 in texts
    for fmt in ("png", "pdf"):
        assert figure_bytes(spec, fmt)


def test_a_font_that_cannot_be_embedded_costs_the_letters_not_the_picture(monkeypatch):
    convert = vl_convert.svg_to_pdf

    def refuse(svg, **options):
        if "<text" in svg:
            raise RuntimeError("An error occurred while subsetting a font.")
        return convert(svg, **options)

    monkeypatch.setattr(vl_convert, "svg_to_pdf", refuse)
    reader = pypdf.PdfReader(io.BytesIO(figure_bytes(SPEC, "pdf", PROVENANCE)))
    assert len(reader.pages[0].images) == 1


def test_a_huge_picture_gets_fewer_pixels_not_an_error(monkeypatch):
    monkeypatch.setattr(figures, "MOST_PIXELS", 10_000)
    image = Image.open(io.BytesIO(figure_bytes(SPEC, "png")))
    assert image.width * image.height <= 11_000


def test_several_people_at_once():
    def make(name):
        for fmt in ("pdf", "png"):
            figure_bytes(spec_of(name, "chef"), fmt)
        return figure_bytes(spec_of(name, "chef"), "svg").decode()

    names = [f"person{k}" for k in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for name, svg in zip(names, pool.map(make, names), strict=True):
            assert [other for other in names if other in svg] == [name]


# Speed and size -------------------------------------------------------------------------------------------------


def test_a_heatmap_of_512_is_small_and_quick():
    from dashboard.analyses.explore.heatmap_chart import heatmap
    from dashboard.heads.head_id import HeadId
    from tests.helpers.views import head_view

    n = 512
    weights = np.random.default_rng(0).dirichlet(np.full(n, 0.05), size=n).astype(np.float32)
    words = tuple(f"word{k}" for k in range(n))
    view = head_view(
        head=HeadId(2, 9),
        weights=weights,
        labels=words,
        special=(False,) * n,
        spans=(None,) * n,
        unit="words",
        hidden="show",
        causal=False,
        text=" ".join(words),
        model="MiniLM",
    )
    figure_bytes(SPEC, "pdf")  # vl-convert starts once in a process
    chart = heatmap(view, Look("light"))
    for fmt in ("svg", "pdf"):
        assert len(figure_bytes(chart, fmt, PROVENANCE)) < 1_000_000
        assert cpu_seconds(lambda fmt=fmt: figure_bytes(chart, fmt, PROVENANCE)) < 2
