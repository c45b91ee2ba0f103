"""A person compares two heads, and takes a report away."""

from __future__ import annotations

import re

from tests.helpers.browser import address, box, click_head, picture, plot, settled

COMPARED = picture("compare")


def test_two_heads_are_chosen_by_clicking_compared_and_taken_away_in_a_report(person, chromium, tmp_path):
    page = person("explore?head=2")
    settled(page, "L0H2")
    for layer, head in ((2, 0), (2, 8)):
        click_head(page, layer, head)
        settled(page, f"L{layer}H{head}")
        page.get_by_role("button", name="Pin this head").click()
        page.get_by_text(f"{1 if head == 0 else 2} pinned").wait_for()
        page.wait_for_timeout(1200)
    page.get_by_role("link", name="Compare", exact=True).click()
    settled(page, "L2H0 and L2H8", COMPARED)
    page.get_by_text("Difference", exact=True).click()
    settled(page, "L2H0 exceeds L2H8 most", COMPARED)
    assert address(page)["show"] == "difference"

    area = plot(page, COMPARED)
    page.mouse.move(area[0] + area[2] * 0.5 / 15, area[1] + area[3] * 1.5 / 15)
    page.mouse.move(area[0] + area[2] * 0.55 / 15, area[1] + area[3] * 1.5 / 15)
    page.wait_for_function("document.querySelector('#vg-tooltip-element')?.innerText.includes('The → [CLS]')")

    page.locator(".st-key-files_compare").get_by_role("button", name="Add to report").click()
    page.get_by_role("link", name="1 in the report").click()
    page.get_by_label("Note").fill("Where L2H0 and L2H8 part")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="HTML page", exact=True).click(delay=70)  # at once, as a hand does
    file = tmp_path / "report.html"
    waiting.value.save_as(file)

    context = chromium.new_context(offline=True)
    opened = context.new_page()
    said = []
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: said.append(request.url) if request.url != opened.url else None)
    opened.goto(file.as_uri())
    opened.wait_for_selector("#chart-0 svg text")
    assert opened.get_by_text("Where L2H0 and L2H8 part").count() == 1
    assert "L2H0 − L2H8" in opened.locator("#chart-0").inner_text()
    context.close()
    assert said == [file.as_uri()]

    assert re.fullmatch("[0-9a-f]{24}", address(page)["report"])
    page.reload()
    page.get_by_label("Note").wait_for()
    assert page.get_by_label("Note").input_value() == "Where L2H0 and L2H8 part"
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_text("No figure is collected yet").wait_for()
    page.wait_for_function("!location.search.includes('report=')")
    page.get_by_label("Note").wait_for(state="detached")
    assert address(page)["show"] == "difference"


def test_a_head_of_another_model_that_is_ticked_on_the_map_is_compared(person, smollm2):
    page = person("similarity?layer=2&head=0", height=2200)
    link = page.get_by_role("link", name="on your text")
    link.wait_for()
    nearest = link.inner_text()
    settled(page, "L2H0 is closest to", picture("map"))
    table = box(page.get_by_test_id("stDataFrame").nth(1))
    page.mouse.click(table["x"] + 16, table["y"] + 35 * 3.5)  # the third row: the header is as high as a row
    page.wait_for_function(
        "before => ![...document.querySelectorAll('a')].some(a => a.innerText === before)", arg=nearest
    )
    other = re.search(r"and (L\d+H\d+) of SmolLM2", link.inner_text())[1]
    link.click()
    settled(page, "Heatmaps side by side", COMPARED)
    assert (
        f"L2H0 · MiniLM and {other} · SmolLM2 135M have the same strongest key" in page.locator("h5").first.inner_text()
    )
    assert address(page)["other_head"] == other
