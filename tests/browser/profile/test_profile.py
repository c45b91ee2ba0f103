"""A person on “Syntax vs context” and “Find heads”: clicks a head, drags a box, marks a pair, takes a file away."""

from __future__ import annotations

from urllib.parse import urlencode

from tests.helpers.browser import address, download, picture, rows_of, settled

PLANE = '[role=graphics-document][aria-label^="Every head of"]'
HEAD = picture("found_head")
BARS = picture("spending")


def test_a_head_is_clicked_a_box_is_dragged_and_the_table_taken_away(person):
    page = person("profile?layer=2&head=0", height=1800)
    settled(page, "L2H0: position", BARS)
    page.wait_for_timeout(1500)
    name = page.locator(PLANE).get_by_text("L2H9", exact=True).last.bounding_box()
    point = name["x"] - 12, name["y"] + name["height"] / 2  # the name stands right of its point
    page.mouse.click(*point)
    settled(page, "L2H9: context, attention sink", BARS)
    assert (address(page)["layer"], address(page)["head"]) == ("2", "9")
    page.wait_for_timeout(1200)
    page.mouse.move(point[0] - 60, point[1] + 30)
    page.mouse.down()
    page.mouse.move(point[0] + 40, point[1] + 60, steps=6)
    page.mouse.move(point[0] + 80, point[1] + 130, steps=6)
    page.mouse.up()
    page.wait_for_function("location.search.includes('tray=')")
    assert {"L1H1", "L5H4"} <= set(address(page)["tray"].split(","))
    rows = rows_of(download(page, "landscape", "CSV"))
    assert len(rows) == 72 and float(rows[0]["bits_total"]) > 0


def test_two_words_are_pressed_and_the_heads_between_them_ranked(person):
    page = person("find_heads?pairs=none", height=1200)
    page.get_by_text("No pair is marked yet").wait_for()
    page.wait_for_timeout(1500)
    for word in ("says", "chef"):
        page.locator(".words button", has_text=word).first.click()
        page.wait_for_timeout(500)
    page.get_by_text("prefers says → chef most").first.wait_for()
    assert address(page).get("pairs", "says → chef") == "says → chef"
    rows = rows_of(download(page, "found", "CSV"))
    assert len(rows) == 72 and float(rows[0]["lift"]) >= float(rows[1]["lift"])


def test_a_pair_is_marked_and_a_head_chosen_by_keyboard_alone(person):
    page = person("find_heads?pairs=none", height=1200)
    page.get_by_text("No pair is marked yet").wait_for()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="The", exact=True).focus()
    for key in ("End", "Home", *["ArrowRight"] * 6, "Enter"):  # says
        page.keyboard.press(key)
    page.get_by_text("says → now click the word it looks at").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("Repeat to remove a pair").wait_for()
    for key in ("Enter", *["ArrowLeft"] * 5, "Enter"):  # says, chef
        page.keyboard.press(key)
    settled(page, "Arcs over the sentence of L3H7", HEAD)  # the best head for it
    assert not {"layer", "head"} & set(address(page))
    page.wait_for_timeout(1200)
    for _ in range(12):  # from the words on, every stop of Tab
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.ariaLabel") == "Layer":
            break
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    settled(page, "Arcs over the sentence of L4H7", HEAD)
    page.get_by_text("L4H7 gives says → chef").wait_for()
    assert address(page)["layer"] == "4"


def test_arcs_between_two_lines_cross_no_word(person):
    text = "The chef who trained in Osaka for many years says that ramen is still her favourite food by far."
    pairs = "far → chef\nchef → her\nsays → Osaka\nThe → favourite"
    page = person("find_heads?" + urlencode({"text": text, "pairs": pairs}), width=400, height=1200)
    settled(page, "Arcs over the sentence", HEAD)
    page.wait_for_timeout(800)
    lines, words = page.evaluate(
        """() => {
          const root = document.querySelector('[data-testid=stBidiComponentRegular] .mark') ||
            [...document.querySelectorAll('*')].map(e => e.shadowRoot?.querySelector('.mark')).find(Boolean);
          const box = root.querySelector('svg').getBoundingClientRect();
          const lines = [...root.querySelectorAll('svg path:not(.tip)')].map(path => {
            const long = path.getTotalLength();
            return [...Array(81).keys()].map(k => path.getPointAtLength(long * k / 80))
              .map(p => [p.x + box.x, p.y + box.y]);
          });
          const words = [...root.querySelectorAll('button')].map(e => {
            const range = document.createRange();
            range.selectNodeContents(e);
            const b = range.getBoundingClientRect();
            return [b.left, b.top + 5, b.right, b.bottom - 5];  // the letters, without the leading
          });
          return [lines, words];
        }"""
    )
    assert len(lines) == 4 and len({round(word[1]) for word in words}) >= 3
    crossed = [
        (x, y)
        for line in lines
        for x, y in line
        for left, top, right, bottom in words
        if left < x < right and top < y < bottom
    ]
    assert not crossed


def test_a_top_sentence_opens_in_all_heads_on_that_text_and_head(person):
    page = person("profile?layer=2&head=0", height=1200)
    link = page.locator(".st-key-moments a").first
    sentence = link.inner_text().rpartition(" (")[0].splitlines()[-1]
    assert len(sentence.split()) >= 5
    link.click()
    settled(page, "L2H0")
    assert page.locator("h1").inner_text() == "All heads"
    assert address(page)["text"] == sentence and address(page)["layer"] == "2" and address(page)["head"] == "0"
