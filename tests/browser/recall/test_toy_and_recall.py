"""A person at the toy and before a run, in Chromium."""

from __future__ import annotations

import re
import time
from urllib.parse import urlparse
from xml.etree import ElementTree

import numpy as np

from dashboard.analyses.toy.example import example
from tests.helpers import sentences
from tests.helpers.browser import address, picture

STEPS = picture("toy_steps")
WRITTEN = "where => [...document.querySelectorAll(`${where} text`)].map(one => one.textContent.replace(/\\s/g, ' '))"


def says(page, part: str) -> str:
    """The finding over the steps, once it says this."""
    page.wait_for_selector(STEPS)
    finding = page.locator("h5", has_text=part).first
    finding.wait_for()
    return finding.inner_text()


def numbers(page) -> list[str]:
    """Everything written in the steps' picture."""
    return page.evaluate(WRITTEN, STEPS)


def until(page, numbers_are: str, wanted: object) -> None:
    """Waits until the picture is drawn so."""
    page.wait_for_function(
        f"([where, wanted]) => {{ const all = ({WRITTEN})(where); return {numbers_are}; }}", arg=[STEPS, wanted]
    )


def cell(page, table: str, row: int, column: int):
    """A number of a table, counted from 0."""
    name = {"x": "X", "w_q": "W_Q", "w_k": "W_K", "w_v": "W_V"}[table]
    return page.get_by_label(re.compile(rf"^Table {name}, row {row + 1}( \(.*\))?, column {column + 1}$"))


def edit(page, table: str, row: int, column: int, typed: str) -> None:
    """Type another number, Enter."""
    cell(page, table, row, column).fill(typed)
    cell(page, table, row, column).press("Enter")


def shares(weights) -> list[str]:
    """As cells say them: 45 %, 3.2 %."""
    rounded = [f"{100 * share:.{0 if share >= 0.0995 else 1}f}".removesuffix(".0") for share in weights.tolist()]
    return [f"{number} %" for number in rounded]


def test_a_person_edits_a_cell_sees_the_weights_change_and_takes_the_step_as_svg(person, tmp_path):
    page = person("toy?toy_step=weights")
    assert sentences.numbers(says(page, "food"))[0] == 45
    edit(page, "w_q", 0, 0, "-2")
    toy = example().with_table("w_q", [[-2, 0], [0, 1]])
    weights = toy.steps().weights[0, 4].tolist()
    best = toy.words[int(np.argmax(weights))]
    assert best == "my"
    says(page, f"looks most at “{best}” ({100 * max(weights):.0f}")
    assert address(page)["toy_q"] == "-2,0;0,1"

    page.evaluate("where => document.querySelector(where).querySelector('svg').kept = true", STEPS)
    edit(page, "w_q", 1, 1, "0.5")  # another cell of the same table: the first edit stays
    page.wait_for_function("location.search.includes('toy_q=-2%2C0%3B0%2C0.5')")
    toy = toy.with_table("w_q", [[-2, 0], [0, 0.5]])
    weights = toy.steps().weights[0, 4]
    says(page, f"({100 * float(weights.max()):.0f}")
    until(page, "wanted.every((one) => all.includes(one))", shares(weights))
    assert page.evaluate("where => document.querySelector(where).querySelector('svg').kept", STEPS)  # filled, not made
    assert not page.get_by_role("button", name="Show data").count()  # of pixels and colours

    with page.expect_download() as waiting:
        page.locator(".st-key-files_toy_steps").get_by_role("button", name="SVG", exact=True).click()
    assert waiting.value.suggested_filename == "toy-weights.svg"
    with open(waiting.value.path(), encoding="utf-8") as file:
        svg = file.read()
    drawn = ElementTree.fromstring(svg)
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    texts += [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}tspan")]
    texts = [text.replace("\u00a0", " ") for text in texts if text]
    assert set(shares(weights)) <= set(texts)
    assert "favourite" in svg and "toy_example" in svg  # the words, and the lines that draw it again

    (tmp_path / "toy-weights.svg").write_text(svg, encoding="utf-8")
    opened = page.context.new_page()
    opened.goto((tmp_path / "toy-weights.svg").as_uri())
    assert opened.locator("svg").count() >= 1 and opened.get_by_text("favourite").count()


def test_a_link_reopens_the_edited_toy_and_back_steps_to_what_was(person):
    page = person("toy")
    says(page, "food")
    first = numbers(page)
    edit(page, "x", 0, 0, "-1.8")
    page.wait_for_function("location.search.includes('toy_x=')")
    until(page, "all.join() !== wanted.join()", first)
    page.wait_for_timeout(500)
    edited = numbers(page)
    other = person(f"toy?{urlparse(page.url).query}")
    other.wait_for_selector(STEPS)
    until(other, "all.join() === wanted.join()", edited)
    page.go_back()
    until(page, "all.join() === wanted.join()", first)
    edit(page, "w_k", 1, 0, "2")  # the tables are those of the step before, and can be edited again
    page.wait_for_function("location.search.includes('toy_k=1%2C0%3B2%2C1')")
    assert "toy_x" not in page.url


def test_an_emptied_cell_is_told_and_filled_again(person):
    page = person("toy")
    says(page, "food")
    for wrong in ("", "NaN", "three"):
        edit(page, "w_v", 0, 0, wrong)
        page.get_by_text("W_V, row 1, column 1 holds no number").wait_for()
        page.wait_for_selector(STEPS, state="detached")  # nothing is drawn of it
        edit(page, "w_v", 0, 0, "1")
        says(page, "food")


def test_cells_by_the_keyboard_and_from_a_spreadsheet(person):
    """Arrows step by 0.1, Escape takes back, Tab goes on and tells, a block of a spreadsheet is pasted at once."""
    page = person("toy")
    says(page, "food")
    first, second = cell(page, "w_q", 0, 0), cell(page, "w_q", 0, 1)
    first.press("ArrowUp")
    page.wait_for_function("location.search.includes('toy_q=1.1%2C0%3B0%2C1')")
    first.fill("7")
    first.press("Escape")
    assert first.input_value() == "1.1"
    first.fill("0,5")  # as many write it
    first.press("Tab")
    page.wait_for_function("location.search.includes('toy_q=0.5%2C0%3B0%2C1')")
    assert second.evaluate("cell => cell.getRootNode().activeElement === cell")
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.setData("text", "2\\t3\\n−4\\t5\\t6");
        const cell = document.querySelector(".st-key-edit_w_k");
        const find = (root) => root.querySelector("input") ??
            [...root.querySelectorAll("*")].map((one) => one.shadowRoot && find(one.shadowRoot)).find(Boolean);
        find(cell).dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
    }""")
    page.wait_for_function("location.search.includes('toy_k=2%2C3%3B-4%2C5')")  # what does not fit is left out
    says(page, "looks most at")


def test_a_run_is_begun_watched_and_seen(person):
    page = person("recall?recall=shorter&recall_distances=1,2&recall_seeds=2&recall_steps=40")
    page.locator(".st-key-recall_train button").click()
    stop = page.get_by_role("button", name="Stop", exact=True)
    stop.wait_for()
    stop.wait_for(state="detached", timeout=60_000)
    page.wait_for_selector(picture("recall_accuracy"))
    label = page.locator(picture("recall_accuracy")).get_attribute("aria-label")
    said = sentences.numbers(label)
    assert said[0] == 2 and said[-1] == 12.5  # distractors, and what guessing gives of 8 symbols
    page.wait_for_selector(picture("recall_times"))
    again = person(f"recall?{urlparse(page.url).query}")
    again.wait_for_selector(picture("recall_accuracy"))  # kept: nobody trains again
    assert again.locator(".st-key-recall_train").count() == 0


def test_a_run_is_stopped_and_what_was_measured_stays(person):
    page = person("recall?recall_seeds=4")
    page.locator(".st-key-recall_train button").click()
    page.wait_for_selector(picture("recall_growing"))
    began = time.monotonic()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("This run was stopped").wait_for()
    assert time.monotonic() - began < 20
    page.wait_for_selector(picture("recall_accuracy"))
