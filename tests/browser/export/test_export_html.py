"""An exported HTML file, opened as a person opens it: offline, from the disk."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from dashboard.analyses.explore.heatmap_chart import heatmap
from dashboard.charts.look import Look
from dashboard.export import figure_bytes, provenance_of
from dashboard.heads.head_id import HeadId
from tests.helpers.views import head_view

BREAKOUT = "</script><script>window.X=1</script>"
SVG = "{http://www.w3.org/2000/svg}"


def view(labels, text):
    n = len(labels)
    weights = np.random.default_rng(3).dirichlet(np.ones(n), size=n).astype(np.float32)
    return head_view(
        head=HeadId(2, 9),
        weights=weights,
        labels=tuple(labels),
        special=(False,) * n,
        spans=(None,) * n,
        unit="words",
        hidden="show",
        causal=False,
        text=text,
        model="MiniLM",
    )


@pytest.fixture
def opened(chromium, tmp_path):
    """A function that writes a chart as HTML, opens it without a network and gives the page."""
    context = chromium.new_context(viewport={"width": 1000, "height": 900}, offline=True)
    page = context.new_page()
    page.asked, page.said = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))

    def open_(chart, provenance):
        file = tmp_path / "figure.html"
        file.write_bytes(figure_bytes(chart, "html", provenance))
        page.goto(file.as_uri())
        page.wait_for_selector("#chart svg text")
        return page

    yield open_
    context.close()


def bar(label, **more):
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.4.1.json",
        "title": label,
        "description": label,
        "data": {"values": [{"label": label, "weight": 0.314}]},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {"y": {"field": "label", "type": "nominal"}, "x": {"field": "weight", "type": "quantitative"}},
        "config": {"axis": {"labelLimit": 0}},
        **more,
    }


def test_a_text_is_drawn_and_never_run(opened):
    provenance = provenance_of([view(["a"], BREAKOUT)], BREAKOUT, model=BREAKOUT)
    page = opened(bar(BREAKOUT), provenance)
    assert page.evaluate("typeof window.X") == "undefined"
    drawn = page.eval_on_selector_all("#chart svg text", "all => all.map(one => one.textContent)")
    assert drawn.count(BREAKOUT) == 2  # the label and the title
    assert BREAKOUT in page.title()
    assert page.evaluate("document.querySelectorAll('script').length") == 2
    assert page.said == []


def test_it_asks_for_nothing_but_itself(opened):
    page = opened(bar("ramen"), None)
    assert page.asked == [page.url]
    refused = page.evaluate("fetch('https://example.org').then(() => 'sent', () => 'refused')")
    assert refused == "refused"
    assert any("Content Security Policy" in sentence for sentence in page.said)


def test_it_answers_to_the_pointer(opened):
    page = opened(bar("ramen"), None)
    page.hover("#chart svg .mark-rect.role-mark path")
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "0.314" in page.inner_text("#vg-tooltip-element")


def test_browser_and_file_are_one_drawing(opened):
    """Every text stands at the same place, in the same font, as in the SVG, which PNG and PDF are made of."""
    labels = ["The", "chef", "who", "trained", "in", "Osaka", "says", "ramen", "is", "her", "favourite", "food", "."]
    chart, provenance = heatmap(view(labels, " ".join(labels)), Look("light")), None
    page = opened(chart, provenance)
    families = page.eval_on_selector_all("#chart svg text", "all => all.map(one => getComputedStyle(one).fontFamily)")
    assert all('"Two Heads Sans"' in family for family in families)
    assert page.evaluate("document.fonts.check('600 16px \"Two Heads Sans\"')")
    in_browser = page.eval_on_selector_all(
        "#chart svg text", "all => all.map(one => [one.textContent, one.getAttribute('transform')])"
    )
    root = ElementTree.fromstring(figure_bytes(chart, "svg", provenance))
    in_file = [["".join(text.itertext()), text.get("transform")] for text in root.iter(f"{SVG}text")]
    assert [text for text, _ in in_browser] == [text for text, _ in in_file]
    for (text, one), (_, other) in zip(in_browser, in_file, strict=True):
        places = [[float(number) for number in re.findall(r"-?\d+\.?\d*", where)] for where in (one, other)]
        np.testing.assert_allclose(*places, atol=1.5, err_msg=text)
    box = page.eval_on_selector("#chart svg", "svg => [svg.clientWidth, svg.clientHeight]")
    np.testing.assert_allclose(box, [float(root.get("width")), float(root.get("height"))], atol=2)


def test_the_paper_is_the_charts_own(opened):
    page = opened(bar("ramen", background="#0e1117"), None)
    page.evaluate("window.style = getComputedStyle(document.documentElement)")
    assert page.evaluate("[style.backgroundColor, style.colorScheme]") == ["rgb(14, 17, 23)", "dark"]


def test_a_notebooks_cell_draws_without_a_network(opened, tmp_path):
    """The cell's HTML within a page of someone else's: nothing is fetched, nothing runs, and all of it can be seen."""
    drawing = heatmap(view(["chef", BREAKOUT, "汉字"], BREAKOUT), Look("light"))
    cell = drawing._repr_mimebundle_()
    assert cell["text/plain"] == drawing.description
    page = opened(bar("first"), None)
    page.asked.clear()
    (tmp_path / "notebook.html").write_text(
        f"<!DOCTYPE html><meta charset='utf-8'><body><h1>Notebook</h1>{cell['text/html']}</body>", encoding="utf-8"
    )
    page.goto((tmp_path / "notebook.html").as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("#chart svg text").first.wait_for()
    assert "chef" in frame.locator("#chart").inner_text() and frame.locator("script").count() >= 3
    page.wait_for_function("document.querySelector('iframe').style.height !== '420px'")
    tall = frame.locator("#chart svg.marks").bounding_box()["height"]
    assert tall <= page.locator("iframe").bounding_box()["height"] <= tall + 80
    assert page.evaluate("[window.X, window.frames[0].X]") == [None, None]
    assert [url for url in page.asked if url.startswith("http")] == [] and page.said == []


def test_another_renderer_that_a_person_chose_is_left_its_way():
    import altair as alt

    drawing = heatmap(view(["a", "b"], "a b"), Look("light"))
    with alt.renderers.enable("json"):
        assert "text/html" not in drawing._repr_mimebundle_()[0]
    assert set(drawing._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_marimo_shows_the_same_cell_and_not_its_own_chart():
    """marimo asks `_display_` first, then takes what that gives by its `_mime_`, or as a chart of Altair's."""
    import altair as alt

    drawing = heatmap(view(["a", "b"], "a b"), Look("light"))
    assert drawing._display_()._mime_() == ("text/html", drawing._repr_mimebundle_()["text/html"])
    with alt.renderers.enable("json"):
        chart = drawing._display_()
        assert isinstance(chart, alt.LayerChart) and chart.to_dict()["description"] == drawing.description
        assert "text/html" not in chart._repr_mimebundle_()[0]
