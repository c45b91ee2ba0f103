"""What a person does on “Long range” and “Layer by layer”, in Chromium."""

from __future__ import annotations

from tests.helpers.browser import address, click_at, download, picture, settled

SHEET = picture("flow")
JOURNEY = picture("journey")
CHOSEN = picture("reach_head")
HEADS = "[class*=st-key-reach_atlas] [role=graphics-document]"


def test_a_click_on_a_column_follows_that_word_and_its_picture_downloads(person):
    page = person("layers", height=1800)
    settled(page, "moves “ramen” most", JOURNEY)
    settled(page, "How far it moves", SHEET)
    click_at(page, SHEET, 2.5 / 15, 0.5)  # the second word, after [CLS] and The
    settled(page, "moves “chef” most", JOURNEY)
    assert address(page) == {"word": "1"}
    svg = download(page, "journey", "SVG").decode()
    assert svg.startswith("<svg") and "chef" in svg and "draw_residual_stream" in svg


def test_a_click_on_the_sheet_of_heads_draws_that_head_against_distance(person):
    page = person("long_range?reach=name", height=1800)
    settled(page, "L0H2", CHOSEN)
    click_at(page, HEADS, 9.5 / 12, 2.5 / 6)
    settled(page, "L2H9 gives", CHOSEN)
    assert address(page) == {"reach": "name", "layer": "2", "head": "9"}
    page.get_by_role("button", name="All texts").click()
    page.get_by_test_id("stDataFrame").first.wait_for()
