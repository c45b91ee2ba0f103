"""What a person does, in Chromium, on a dashboard that runs as `make app` runs it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from urllib.parse import urlencode, urlparse

import numpy as np
import pytest
from PIL import Image

from dashboard import attention, contributions
from dashboard.ui.url_state import FIRST_TEXT
from tests.helpers.browser import (
    ATLAS,
    PICTURE,
    address,
    click_head,
    download,
    framed,
    idle,
    map_plot,
    picture,
    plot,
    settled,
)


def test_the_first_page_says_a_finding(person):
    page = person("explore?head=2")
    assert "previous word" in settled(page, "L0H2")
    assert page.locator(ATLAS).count() == 1


def test_a_click_on_the_atlas_draws_that_head_and_a_pasted_link_reopens_it(person):
    page = person("explore?head=2")
    settled(page, "L0H2")
    click_head(page, 3, 1)
    described = settled(page, "L3H1")
    page.get_by_role("button", name="Pin this head").click()
    page.get_by_text("1 pinned").wait_for()
    assert address(page) == {"layer": "3", "head": "1", "tray": "L3H1"}
    other = person(f"explore?{urlparse(page.url).query}")
    assert settled(other, "L3H1") == described
    other.get_by_text("1 pinned").click()
    other.locator("[class*=st-key-show_L3H1]").first.wait_for()


def test_the_cell_clicked_last_can_be_clicked_again_after_another_choice(person):
    page = person("explore?head=2")
    settled(page, "L0H2")
    click_head(page, 2, 8)
    settled(page, "L2H8")
    page.locator("[class*=st-key-choose_head] input").fill("5")
    page.keyboard.press("Enter")
    settled(page, "L2H5")
    click_head(page, 2, 8)
    settled(page, "L2H8")


@pytest.mark.parametrize("shown", ["score", "maps"])
def test_the_frame_is_round_the_head_on_show_however_it_was_chosen(person, shown):
    page = person(f"explore?atlas={shown}")
    settled(page, "L0H2")
    framed(page, 0, 2)
    click_head(page, 2, 8)
    settled(page, "L2H8")
    framed(page, 2, 8)
    page.wait_for_timeout(1200)  # what a field sends while the page sets it is not taken for a person's
    page.locator("[class*=st-key-choose_head] input").fill("5")
    page.keyboard.press("Enter")
    settled(page, "L2H5")
    framed(page, 2, 5)
    click_head(page, 4, 1)
    settled(page, "L4H1")
    idle(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Models").click()
    page.get_by_role("heading", name="Models", exact=True).wait_for()
    idle(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="All heads").click()
    settled(page, "L4H1")
    framed(page, 4, 1)
    page.go_back()
    page.get_by_role("heading", name="Models", exact=True).wait_for()
    page.go_back()
    settled(page, "L4H1")
    page.go_back()
    settled(page, "L2H5")
    framed(page, 2, 5)
    click_head(page, 4, 1)
    settled(page, "L4H1")
    framed(page, 4, 1)


def test_a_quick_hand_is_not_taken_back(person):
    page = person("explore?head=2")
    settled(page, "L0H2")
    for head, pause in enumerate((0, 60, 120, 200)):
        click_head(page, 3, head)
        page.wait_for_timeout(pause)
        page.locator(".st-key-files_head").get_by_role("button", name="PNG").click()
        settled(page, f"L3H{head},")
        page.keyboard.press("Escape")
        page.wait_for_timeout(700)
        assert {"layer": "3", "head": str(head)} == {"head": "2"} | address(page)
        framed(page, 3, head)
    page.get_by_role("button", name="Pin this head").click()
    page.wait_for_timeout(100)
    click_head(page, 4, 1)
    settled(page, "L4H1")
    page.wait_for_timeout(700)
    framed(page, 4, 1)


def test_pictures_follow_the_page_from_light_to_dark(person):
    page = person("explore?head=2")
    settled(page, "L0H2")
    title = f"{PICTURE} text[font-weight='600']"
    light = page.locator(title).first.get_attribute("fill")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "([where, light]) => document.querySelector(where)?.getAttribute('fill') !== light", arg=[title, light]
    )


def test_the_maps_can_be_clicked_as_well(person):
    page = person("explore?atlas=maps")
    settled(page, "L0H2")
    click_head(page, 5, 4)
    settled(page, "L5H4")


def test_everything_is_reached_by_keyboard(person):
    page = person("explore?head=2")
    settled(page, "L0H2")
    layer = page.locator("[class*=st-key-choose_layer] input")
    layer.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    settled(page, "L1H2")
    page.keyboard.press("Tab")
    for _ in range(12):
        if page.evaluate("document.activeElement.innerText").strip().endswith("Pin this head"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("1 pinned").wait_for()


def test_a_new_text_is_read_and_drawn(person):
    page = person("explore?head=2")
    settled(page, "L0H2")
    page.locator(".st-key-text_menu button").first.click()
    page.get_by_role("textbox", name="Text", exact=True).fill("Seven birds sing.")
    page.get_by_role("button", name="Read this text").click()
    page.wait_for_function("document.querySelector('.st-key-picture_head svg.marks').textContent.includes('birds')")
    assert "ramen" not in page.locator(PICTURE).inner_text()
    assert address(page)["text"] == "Seven birds sing."


def test_back_and_forward_step_through_what_was_seen(person):
    page = person("explore?head=2")
    settled(page, "L0H2")
    click_head(page, 2, 8)
    settled(page, "L2H8")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Compare").click()
    page.get_by_role("heading", name="Compare", exact=True).wait_for()
    assert address(page) == {"layer": "2", "head": "8"}
    page.go_back()
    settled(page, "L2H8")
    page.go_back()
    settled(page, "L0H2")
    page.go_forward()
    settled(page, "L2H8")
    page.go_forward()
    page.get_by_role("heading", name="Compare", exact=True).wait_for()


WORDS = 512  # more than enough different words that are one token each


@pytest.fixture(scope="module")
def words(minilm):
    """Different words of one token each, so that a tooltip names one cell only."""
    tokenizer = minilm.loaded.tokenizer
    vocabulary = sorted(tokenizer.get_vocab())
    plain = [word for word in vocabulary if re.fullmatch(r"[a-z]{4,9}", word)]
    return [plain[index] for index in np.random.default_rng(1).permutation(len(plain))[:WORDS]]


@pytest.mark.parametrize("n", [64, 256, 512])
@pytest.mark.parametrize("width", [1440, 900])
def test_the_hovered_cell_is_the_pointed_one(person, minilm, words, n, width):
    text = " ".join(words[: n - 2])
    head = attention(minilm, text, "L3H2")
    assert len(head) == n
    page = person("explore?" + urlencode({"text": text, "unit": "tokens", "layer": 3}), width=width, height=2400)
    settled(page, "L3H2")
    x, y, side = map_plot(page)
    for row, column in np.random.default_rng(n + width).integers(0, n, (25, 2)):
        at = x + (column + 0.5) * side / n, y + (row + 0.5) * side / n
        page.mouse.move(at[0] - 1, at[1])  # a hand comes from somewhere
        page.mouse.move(*at)
        wanted = f"“{head.labels[row]}” ({row + 1}) → “{head.labels[column]}” ({column + 1}): "
        page.wait_for_function("wanted => document.querySelector('.tip')?.innerText.startsWith(wanted)", arg=wanted)
        shown = page.locator(".tip").inner_text().removeprefix(wanted)
        weight = float(head.weights[row, column]) * 100
        if shown.startswith("under"):
            assert weight < 0.0051, (shown, weight)
        else:
            assert abs(float(shown.split()[0]) - weight) <= (0.0051 if weight < 9.4 else 0.056), (shown, weight)


def test_a_contribution_is_pointed_at_and_read_as_its_norm(person, minilm):
    [view] = contributions(minilm, FIRST_TEXT, ["L2H0"], unit="words")
    page = person("explore?layer=2&head=0&special=show")
    settled(page, "L2H0 gives")
    page.get_by_role("radio", name="Contribution").click()
    settled(page, "largest contribution of L2H0")
    page.wait_for_timeout(1000)
    x, y, across, down = plot(page, PICTURE)
    n = len(view)
    for row, column in ((3, 1), (5, 3), (12, 2)):
        page.mouse.move(x + (column + 0.5) * across / n - 1, y + (row + 0.5) * down / n)
        page.mouse.move(x + (column + 0.5) * across / n, y + (row + 0.5) * down / n)
        wanted = f"{view.labels[row]} → {view.labels[column]}, "
        page.wait_for_function(
            "wanted => document.querySelector('#vg-tooltip-element.visible')?.innerText.includes(wanted)", arg=wanted
        )
        shown = page.locator("#vg-tooltip-element").inner_text().rpartition(", ")[2]
        norm = float(view.weights[row, column])
        # Kept to a thousandth of full ink, written with three figures.
        assert abs(float(shown) - norm) <= 0.00051 * view.full + 0.005 * norm, (shown, norm)


def test_what_a_click_sends_at_256_tokens_is_small(person, words):
    page = person("explore?" + urlencode({"text": " ".join(words[:254]), "unit": "tokens", "layer": 3}))
    settled(page, "L3H2")
    page.wait_for_timeout(1500)
    received: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.webSocketFrameReceived",
        lambda event: received.append(len(event["response"]["payloadData"]) * 3 // 4),  # base64
    )
    page.locator("[class*=st-key-choose_head] input").fill("7")
    page.keyboard.press("Enter")
    settled(page, "L3H7")
    page.wait_for_timeout(1000)
    assert 20_000 < sum(received) < 256**2 + 60_000  # half of the rest are the links of 19 pages, which carry the text


def test_every_file_downloads_and_opens(person, minilm):
    page = person("explore?layer=2&head=8&special=hide")
    settled(page, "L2H8")
    head = attention(minilm, FIRST_TEXT, "L2H8", unit="words", special="hide")

    svg = download(page, "head", "SVG").decode()
    assert svg.startswith("<svg") and "favourite" in svg and "minilm" in svg
    assert Image.open(io.BytesIO(download(page, "head", "PNG"))).size[0] > 900
    assert download(page, "head", "PDF").startswith(b"%PDF-")
    assert "vega" in download(page, "head", "HTML").decode()
    assert json.loads(download(page, "head", "Vega-Lite JSON"))["usermeta"]
    assert download(page, "head", "CSV").decode("utf-8-sig").count("\n") == len(head) ** 2 + 1
    assert download(page, "head", "Parquet").startswith(b"PAR1")
    with np.load(io.BytesIO(download(page, "head", "NumPy NPZ")), allow_pickle=False) as matrix:
        assert np.allclose(matrix["weights"], head.weights, atol=1e-6)
        assert list(matrix["tokens"]) == list(head.labels)
    with zipfile.ZipFile(io.BytesIO(download(page, "head", "All of it (zip)"))) as whole:
        endings = {name.rpartition(".")[2] for name in whole.namelist()}
    assert endings >= {"png", "svg", "pdf", "html", "json", "csv", "parquet", "npz", "py"}


def test_a_hovered_word_lights_its_own_lines(person):
    page = person("explore?view=lines&layer=2&head=8&special=hide")
    settled(page, "L2H8")
    before = page.locator(PICTURE).screenshot()
    box = page.locator(f"{PICTURE} text:text-is('ramen')").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(500)
    assert page.locator(PICTURE).screenshot() != before


def test_two_heads_side_by_side_and_their_difference(person):
    page = person("compare")
    where = picture("compare")
    page.wait_for_selector(where)
    page.get_by_text("Difference", exact=True).click()
    settled(page, " exceeds ", where)
    assert address(page)["show"] == "difference"
    assert page.locator("[data-testid=stException]").count() == 0


def test_script_in_a_text_is_only_text(person):
    hostile = "</script><script>window.X=1</script><img src=x onerror='window.X=1'> **bold**"
    page = person("explore?" + urlencode({"text": hostile, "view": "heatmap"}))
    explore = page.url.partition("?")[0]
    for view in ("lines", "arcs", "reading", None):
        settled(page, "L0H2")
        assert page.evaluate("window.X") is None
        if view:
            page.goto(f"{explore}?{urlencode({'text': hostile, 'view': view})}")


def test_two_people_see_only_their_own_text(person):
    first, second = person("explore?text=Seven+birds+sing."), person("explore?head=2")
    settled(first, "L0H2")
    settled(second, "L0H2")
    assert "birds" in first.content() and "birds" not in second.content()
    assert "ramen" in second.content() and "ramen" not in first.locator(PICTURE).inner_text()


def test_what_a_link_says_wrong_is_quoted_letter_for_letter(person):
    page = person("explore?" + urlencode({"unit": "https://evil.example/x", "view": ":material/home: -> b@c.d"}))
    alert = page.get_by_test_id("stAlert").first
    alert.wait_for()
    assert alert.locator("a").count() == 0
    shown = alert.inner_text().replace("\u2060", "")
    assert "https://evil.example/x" in shown and ":material/home: -> b@c.d" in shown
