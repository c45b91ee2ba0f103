"""A person takes files away: from under a picture, and the report; and goes on meanwhile."""

from __future__ import annotations

import io
import re
from html import unescape
from pathlib import Path

import pypdf
import pytest

from tests.helpers.browser import PICTURE, address, click_head, download, idle, picture, settled

FILES = ".st-key-files_head"


def ready(person, path: str = "explore?head=2"):
    page = person(path)
    settled(page, "L0H2")
    idle(page)
    return page


def taken(page, label: str, **click) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label, exact=True).click(**click)
    with open(waiting.value.path(), "rb") as file:
        return file.read()


def test_a_picture_is_taken_at_one_click(person):
    page = ready(person)
    with page.expect_download() as png:
        page.locator(FILES).get_by_role("button", name="PNG").click()
    with page.expect_download() as svg:
        page.locator(FILES).get_by_role("button", name="SVG").click()
    assert png.value.suggested_filename.endswith("L0H2-heatmap.png")
    assert svg.value.suggested_filename.endswith("L0H2-heatmap.svg")


def test_a_file_taken_right_after_another_head_was_chosen_is_there(person):
    page = ready(person)
    for head in (4, 5, 6):
        click_head(page, 3, head)
        page.wait_for_timeout(250)  # the way of a hand from there to the button
        with page.expect_download() as waiting:
            page.locator(FILES).get_by_role("button", name="SVG").click(delay=70)
        assert waiting.value.path() and not waiting.value.failure()
        settled(page, f"L3H{head}")


def test_a_press_on_a_file_holds_while_another_head_is_drawn(person):
    page = ready(person)
    button = page.locator(FILES).get_by_role("button", name="SVG")
    for head in (4, 5):
        click_head(page, 3, head)
        page.mouse.move(*[part(button.bounding_box()) for part in (lambda b: b["x"] + 9, lambda b: b["y"] + 9)])
        page.mouse.down()
        settled(page, f"L3H{head}")
        idle(page)
        with page.expect_download(timeout=10_000) as waiting:
            page.mouse.up()
        assert f"L3H{head}" in waiting.value.suggested_filename
        assert f"L3H{head}" in Path(waiting.value.path()).read_text(encoding="utf-8")


@pytest.mark.parametrize("way", ["link", "back", "reload"])
def test_no_page_is_left_empty_by_an_open_dialog(person, way):
    page = ready(person)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Compare", exact=True).click()
    page.get_by_role("heading", name="Compare", exact=True).wait_for()
    idle(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="All heads", exact=True).click()
    settled(page, "L0H2")
    idle(page)
    for opens in ("All files", "Table"):
        page.locator(FILES).get_by_role("button", name=opens).click()
        page.get_by_role("dialog").wait_for()
        page.wait_for_timeout(600)
        if way == "link":
            page.keyboard.press("Escape")
            page.get_by_test_id("stSidebar").get_by_role("link", name="Compare", exact=True).click()
        elif way == "back":
            page.go_back()
        else:
            page.reload()
            settled(page, "L0H2")
            continue
        page.get_by_role("heading", name="Compare", exact=True).wait_for()
        page.get_by_text("No head is pinned, so this compares").wait_for()
        page.go_back() if way == "link" else page.go_forward()
        settled(page, "L0H2")
        idle(page)


def test_escape_closes_the_dialog_after_a_file_was_taken(person):
    page = ready(person)
    assert download(page, "head", "CSV") and download(page, "head", "Parquet")  # each presses Escape
    assert page.locator(PICTURE).count() == 1


def test_a_note_typed_a_moment_before_is_in_the_report(person):
    page = ready(person)
    page.locator(FILES).get_by_role("button", name="Add to report").click()
    page.get_by_role("link", name="1 in the report").click()
    page.get_by_role("heading", name="Report", exact=True).wait_for()
    idle(page)
    for k in range(4):
        page.get_by_role("textbox", name="Note").fill(f"Note number {k}")
        if k % 2:
            read = pypdf.PdfReader(io.BytesIO(taken(page, "PDF", delay=70)))
            assert any(f"Note number {k}" in one.extract_text() for one in read.pages)
        else:
            assert f"Note number {k}".encode() in taken(page, "HTML page", delay=70)
    page.reload()
    page.get_by_role("textbox", name="Note").wait_for()
    assert page.get_by_role("textbox", name="Note").input_value() == "Note number 3" and "report" in address(page)


def test_streamlits_own_files_stand_beside_none_of_ours(person):
    page = ready(person)
    page.locator(PICTURE).first.hover()
    page.wait_for_timeout(400)
    assert (
        not page.locator(".stVegaLiteChart, [data-testid=stFullScreenFrame]")
        .get_by_role("button", name="Download as PNG")
        .count()
    )
    page.locator(FILES).get_by_role("button", name="Table").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_test_id("stDataFrame").hover()
    dialog.get_by_role("button", name="Search").wait_for()
    assert not dialog.get_by_role("button", name="Download as CSV").count()


def test_heads_of_two_models_are_each_named_with_their_model(person, smollm2):
    page = person("compare?mode=models&layer=2&head=0&other_head=L3H4")
    settled(page, "Heatmaps side by side", picture("compare"))
    idle(page)
    row = page.locator(".st-key-files_compare")
    with page.expect_download() as png:
        row.get_by_role("button", name="PNG").click()
    assert png.value.suggested_filename == "minilm-L2H0-smollm2-L3H4-compare.png"
    named = "L2H0 of MiniLM and L3H4 of SmolLM2 135M"
    with open(png.value.path(), "rb") as file:
        data = file.read()
    assert named.encode() in data and b'"other_model": "smollm2"' in data
    row.get_by_role("button", name="Add to report").click()
    page.get_by_role("link", name="1 in the report").click()
    page.get_by_role("textbox", name="Title").wait_for()
    assert page.get_by_role("textbox", name="Title").input_value().startswith(named)
    html = unescape(taken(page, "HTML page").decode())
    assert f"<h2>1. {named}" in html
    assert "open_model('minilm')" in html and "open_model('smollm2')" in html
    assert re.search(r"MiniLM \(minilm, .+\) and SmolLM2 135M \(smollm2, .+\)", html)


def test_a_report_is_ordered_named_and_put_back(person):
    page = ready(person)
    page.locator(FILES).get_by_role("button", name="Add to report").click()
    page.get_by_role("link", name="1 in the report").wait_for()
    click_head(page, 3, 4)
    settled(page, "L3H4")
    page.locator(FILES).get_by_role("button", name="Add to report").click()
    page.get_by_role("link", name="2 in the report").click()
    titles = page.get_by_role("textbox", name="Title")
    titles.nth(1).wait_for()
    idle(page)

    def named(*expected: str) -> None:
        page.wait_for_function(
            "want => { const all = [...document.querySelectorAll('[class*=st-key-card] input')].map(e => e.value);"
            "return all.length === want.length && all.every((one, k) => one.startsWith(want[k])) }",
            arg=list(expected),
        )
        idle(page)

    named("L0H2", "L3H4")
    titles.nth(1).fill("Mine")
    page.get_by_role("button", name="Up").nth(1).click(delay=70)
    named("Mine", "L0H2")
    page.get_by_role("button", name="Take out").first.click()
    named("L0H2")
    page.get_by_role("button", name="Put back “Mine”").click()
    named("Mine", "L0H2")
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_text("No figure is collected yet").wait_for()
    idle(page)
    page.get_by_role("button", name="Put back 2 figures").click()
    named("Mine", "L0H2")
    page.reload()
    named("Mine", "L0H2")
    assert page.get_by_test_id("stImage").count() == 2
