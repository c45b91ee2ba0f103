"""The widget in Chromium: its own code, fed by the real Python side over a comm."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from dashboard import attention, attention_together, explore
from dashboard.analyses.explore.text import lost
from dashboard.charts.theme import PALETTES
from tests.helpers.notebook import Kernel, Page
from tests.helpers.sentences import numbers, plain

TEXT = "The chef who trained in Osaka says ramen is her favourite food."


@pytest.fixture
def notebook(new_page, monkeypatch, minilm):
    """Opens a widget in a page: ``notebook(width=900, chosen="L2H9")``."""

    def opened(*, text=TEXT, model=minilm, width=1200, scheme="light", body="", **chosen):
        kernel = Kernel(monkeypatch)
        widget = explore(model, text, **({"head": "L2H9"} | chosen))
        shown = Page(new_page(width, 900, scheme, unused=True), kernel, widget, body=body)
        shown.page.wait_for_selector(".two-heads .words button, .two-heads .square")
        return shown.page, widget, shown

    return opened


def title(page):
    return page.locator(".two-heads .one .title").inner_text()


def cell(page, head):
    return page.locator(f".two-heads [data-head={head}]")


def word(page, text):
    return page.locator(".two-heads .words button").filter(has_text=re.compile(f"^{re.escape(text)}")).first


def line(page):
    return page.locator(".two-heads .line").inner_text()


def paths(page, group):
    return page.locator(f".two-heads .{group} path").count()


def test_a_click_on_a_head_shows_its_picture_and_moves_python(notebook):
    page, widget, _ = notebook()
    before = page.locator(".two-heads .rest").inner_html()
    assert title(page).startswith("L2H9") and widget.chosen == "L2H9"
    cell(page, "L5H4").click()
    page.wait_for_function("document.querySelector('.two-heads .one .title').textContent.startsWith('L5H4')")
    assert widget.chosen == "L5H4" and page.locator(".two-heads .rest").inner_html() != before
    assert "L5H4" in line(page) and page.locator(".two-heads [aria-selected=true]").count() == 1
    assert cell(page, "L5H4").get_attribute("aria-selected") == "true"


def test_python_moves_the_picture(notebook):
    page, widget, shown = notebook()
    widget.chosen, widget.picture, widget.unit = "L0H3", "heatmap", "tokens"
    shown.deliver()
    assert title(page).startswith("L0H3") and cell(page, "L0H3").get_attribute("aria-selected") == "true"
    assert page.locator(".two-heads .square .label.left").count() == len(widget.view)
    assert page.get_by_role("button", name="Tokens").get_attribute("aria-pressed") == "true"
    widget.atlas = "previous"
    shown.deliver()
    share = widget._about["scores"][1]["short"][3]
    assert cell(page, "L0H3").inner_text() == share


def test_several_heads_are_chosen_and_a_click_on_a_head_shows_it(notebook, minilm):
    page, widget, shown = notebook()
    heads = page.get_by_role("combobox", name="Heads", exact=True)
    assert page.get_by_role("group", name="Taken together").count() == 0
    heads.select_option("All heads")
    page.wait_for_function("document.querySelector('.two-heads .one .title').textContent === 'Mean of all heads'")
    view = attention_together(minilm, TEXT, "all", unit="words")
    i, j = view.drawn.index("says"), int(view.weights[view.drawn.index("says")].argmax())
    word(page, "says").hover()
    assert round(numbers(line(page))[0]) == round(100 * view.weights[i, j])
    page.get_by_role("button", name="Sum").click()
    page.wait_for_function("document.querySelector('.two-heads .one .title').textContent === 'Sum of all heads'")
    assert (widget.together, widget.how) == ("all", "sum")
    word(page, "says").hover()
    assert numbers(line(page))[0] == pytest.approx(72 * float(view.weights[i, j]), rel=0.01) and "%" not in line(page)
    assert plain(lost(widget.view)) in plain(page.locator(".two-heads .one").inner_text())
    assert Axe().run(page, context=".two-heads").response["violations"] == []
    cell(page, "L2H9").click()  # the chosen head, which the picture of all does not show
    page.wait_for_function("document.querySelector('.two-heads .one .title').textContent.startsWith('L2H9')")
    assert widget.together == "head" == heads.input_value()
    widget.together = ["L2H0", "L3H1"]
    shown.deliver()
    assert title(page) == "Sum of L2H0, L3H1" and heads.input_value() == "L2H0,L3H1"
    assert heads.locator("option").all_inner_texts()[-1] == "L2H0, L3H1"


def test_a_hovered_word_lights_its_own_weights(notebook, minilm):
    page, _widget, _ = notebook(head="L2H0")
    view = attention(minilm, TEXT, "L2H0", unit="words")
    i, rest = view.drawn.index("says"), paths(page, "rest")
    assert paths(page, "lit") == 0 and rest > 0
    word(page, "says").hover()
    row = view.weights[i]
    others = [w for j, w in enumerate(row) if w >= 0.005 and j != i]
    assert paths(page, "lit") == len(others)
    best = view.drawn[int(row.argmax())]
    assert (
        "says" in line(page)
        and best in line(page)
        and round(100 * row.max()) in [round(n) for n in numbers(line(page))]
    )
    assert word(page, best).locator(".share").inner_text().startswith(str(round(100 * row.max())))
    page.wait_for_function("getComputedStyle(document.querySelector('.two-heads .rest')).opacity < 1")  # it fades
    page.mouse.move(5, 5)
    assert paths(page, "lit") == 0 and "L2H0" in line(page)


def test_the_keyboard_does_all_of_it(notebook):
    page, widget, _ = notebook()
    cell(page, "L2H9").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    page.wait_for_function("document.querySelector('.two-heads .one .title').textContent.startsWith('L4H8')")
    assert widget.chosen == "L4H8" == page.evaluate("document.activeElement.dataset.head")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.locator(".two-heads [role=gridcell][tabindex='0']").count() == 1
    word(page, "[CLS]").focus()
    page.keyboard.press("ArrowRight")
    assert "The" in line(page) and paths(page, "lit") > 0
    page.keyboard.press("Escape")
    assert paths(page, "lit") == 0
    page.get_by_role("button", name="Heatmap").click()
    page.locator(".two-heads .square").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert widget.picture == "heatmap" and line(page).startswith("“\u2068The\u2069” gives")


def test_only_the_last_of_many_quick_steps_is_waited_for(notebook):
    page, widget, _shown = notebook(head="L0H0")
    seen = []
    widget.observe(lambda change: seen.append(change.new), "chosen")
    cell(page, "L0H0").focus()
    page.evaluate(
        """() => { for (let k = 0; k < 11; k += 1) document.activeElement.dispatchEvent(
        new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true })); }"""
    )
    page.wait_for_function("document.querySelector('.two-heads .one .title').textContent.startsWith('L0H11')")
    assert seen == ["L0H1", "L0H11"]


def test_in_a_heat_map_a_row_a_column_and_a_cell_are_told(notebook):
    page, widget, _ = notebook(head="L2H0", picture="heatmap", special="hide")
    words, weights = widget.view.drawn, widget.view.weights
    i, j = words.index("says"), words.index("chef")
    canvas = page.locator(".two-heads .square canvas").bounding_box()
    side = canvas["width"] / len(words)
    page.mouse.move(canvas["x"] + (j + 0.5) * side, canvas["y"] + (i + 0.5) * side)
    assert numbers(line(page)) == [pytest.approx(100 * float(weights[i, j]), abs=0.06)]
    assert "says" in line(page) and "chef" in line(page)
    page.mouse.move(canvas["x"] - 10, canvas["y"] + (i + 0.5) * side)
    assert line(page).startswith("“\u2068says\u2069” gives")
    page.mouse.move(canvas["x"] + (j + 0.5) * side, canvas["y"] - 12)
    assert line(page).startswith("“\u2068chef\u2069” gets")
    ink = page.locator(".two-heads .square canvas").evaluate(
        "e => [...e.getContext('2d').getImageData(0, 0, 1, 1).data]"
    )
    assert ink[3] == 255


@pytest.mark.parametrize(
    ("body", "scheme", "expected"),
    [
        ('data-jp-theme-light="false"', "light", "dark"),
        ('data-jp-theme-light="true"', "dark", "light"),
        ('data-vscode-theme-kind="vscode-dark"', "light", "dark"),
        ('data-vscode-theme-kind="vscode-high-contrast-light"', "dark", "light"),
        ('style="background: #181c1a"', "light", "dark"),
        ('style="background: oklch(0.98 0 0)"', "dark", "light"),
        ("", "dark", "dark"),
    ],
)
def test_the_theme_is_that_of_the_notebook(notebook, body, scheme, expected):
    page, widget, shown = notebook(body=body, scheme=scheme)
    root = page.locator(".two-heads")
    assert root.get_attribute("data-theme") == expected
    paper = root.evaluate("e => getComputedStyle(e).getPropertyValue('--paper')")
    assert paper == PALETTES[expected].paper
    other = "light" if expected == "dark" else "dark"
    widget.theme = other
    shown.deliver()
    assert root.get_attribute("data-theme") == other


def test_the_notebooks_theme_is_followed_when_it_changes(notebook):
    page, _, _ = notebook(body='data-jp-theme-light="true"')
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_selector(".two-heads[data-theme=dark]")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("picture", ["arcs", "heatmap"])
def test_it_is_accessible(notebook, theme, picture):
    page, _, _ = notebook(theme=theme, picture=picture)
    found = Axe().run(page, context=".two-heads").response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []


@pytest.mark.parametrize("width", [480, 1200])
def test_nothing_is_wider_than_the_cell(notebook, width):
    page, _, _ = notebook(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".two-heads").evaluate("e => e.classList.contains('narrow')") == (width < 700)
    for picture in ("Heatmap", "Arcs"):
        page.get_by_role("button", name=picture).click()
        box = page.locator(".two-heads .place").bounding_box()
        assert box["x"] + box["width"] <= width


def test_a_text_is_drawn_and_never_run_and_nothing_is_fetched(notebook):
    text = "<img src=https://example.org/x onerror=window.X=1> says </script><script>window.X=1</script>"
    page, _, shown = notebook(text=text)
    page.wait_for_function("[...document.fonts].length === 3")
    assert page.evaluate("typeof window.X") == "undefined" and page.locator(".two-heads img").count() == 0
    assert "img" in page.locator(".two-heads .words").inner_text()
    assert [url for url in shown.asked if not url.startswith(("blob:", "about:"))] == []


def test_a_widget_that_is_gone_leaves_nothing_behind(notebook):
    page, widget, shown = notebook()
    page.evaluate("window.leave()")
    widget.chosen = "L3H3"
    shown.deliver()
    assert title(page).startswith("L2H9")


def test_without_an_answer_it_asks_for_the_kernel(notebook, monkeypatch):
    page, _, shown = notebook()
    page.clock.install()
    monkeypatch.setattr(shown.kernel, "receive", lambda data: None)
    cell(page, "L5H4").click()
    page.clock.run_for(6000)
    assert "kernel" in line(page)


def test_a_causal_models_long_text_stands_upright(notebook, smollm2):
    text = " ".join(["The", "chef", "says", "ramen", "is", "good", "food,"] * 9)
    page, widget, _ = notebook(text=text, model=smollm2, head="L3H4")
    words = page.locator(".two-heads .words")
    assert "upright" in words.get_attribute("class") and words.locator("button").count() == len(widget.view)
    assert page.locator(".two-heads [role=gridcell]").count() == 270
    bend = [
        float(re.findall(r"-?[\d.]+", d)[3])
        for d in json.loads(
            page.evaluate(
                "JSON.stringify([...document.querySelectorAll('.two-heads .rest path')].map(e => e.getAttribute('d')))"
            )
        )
    ]
    top = words.bounding_box()["y"] - page.locator(".two-heads .stage").bounding_box()["y"]
    assert bend and max(bend) < top  # all arcs look back, above the words
