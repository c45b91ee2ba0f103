"""A person cuts links on the map and on the arcs, and takes them back."""

from __future__ import annotations

from tests.helpers.browser import address, download, idle, map_plot


def test_links_are_cut_by_a_click_a_drag_and_on_the_arcs(person):
    page = person("edit?layer=2&head=0&edits=none", height=1400)
    page.get_by_text("Nothing is edited").wait_for()
    left, top, side = map_plot(page)
    step = side / 15
    at = lambda row, column: (left + (column + 0.5) * step, top + (row + 0.5) * step)  # noqa: E731
    page.mouse.click(*at(3, 2))
    page.get_by_text("Without L2H0: “who” → “chef”").first.wait_for()
    page.wait_for_function("location.search.includes('edits=')")
    assert address(page)["edits"] == "L2H0:2>1"
    page.mouse.move(*at(6, 1))
    page.mouse.down()
    page.mouse.move(*at(7, 2), steps=4)
    page.mouse.up()
    page.get_by_text("With 5 edits").first.wait_for()
    idle(page)
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Without L2H0: “who” → “chef”").first.wait_for()
    page.get_by_text("Arcs", exact=True).click()
    page.locator(".cut-arcs path.catch").first.wait_for()
    words = page.locator(".cut-arcs .words button")
    words.nth(7).click()
    words.nth(6).click()
    page.get_by_text("With 2 edits").first.wait_for()
    page.go_back()
    page.go_back()
    page.get_by_text("Without L2H0: “who” → “chef”").first.wait_for()


def test_a_link_is_cut_on_all_heads_and_its_cross_is_in_the_file(person):
    page = person("explore?layer=2&head=0", height=1400)
    page.locator(".st-key-picture_head [role=graphics-document]").wait_for()
    page.get_by_text("Cut links", exact=True).click()
    page.get_by_text("Nothing is edited").wait_for()
    left, top, side = map_plot(page)
    page.mouse.click(left + 2.5 * side / 15, top + 3.5 * side / 15)
    page.get_by_text("Without L2H0: “who” → “chef”").first.wait_for()
    page.wait_for_function("location.search.includes('edits=')")
    assert address(page)["edits"] == "L2H0:2>1" and address(page)["cutting"] == "yes"
    idle(page)
    assert b"1 link cut" in download(page, "hand", "SVG")
