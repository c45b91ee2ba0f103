"""A text of 300 words on every page that draws arcs: a part of it that fits, and a slider for the rest."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import urlencode

import pytest

from tests.helpers.browser import idle, picture, settled

SENTENCE = (
    "When the keys to the cabinet in the hall were lost, the carpenter who had built it for her grandmother came back, "
    "opened every drawer with a wire, and found letters that nobody had read before."
)
TEXT = " ".join([SENTENCE] * 9)  # 306 words

WORDS = """([where, known]) => [...document.querySelectorAll(where)].map(drawn => {
  const words = [...drawn.querySelectorAll('text')].filter(e => known.includes(e.textContent));
  const boxes = words.map(e => {
    const [b, line] = [e.getBoundingClientRect(), 0.55 * parseFloat(getComputedStyle(e).fontSize)];
    const middle = (b.left + b.right) / 2;  // an upright word is as wide as its letters are high, and a tenth for air
    const upright = e.getAttribute('transform').includes('rotate');
    return upright ? [middle - line, b.top, middle + line, b.bottom] : [b.left, b.top, b.right, b.bottom];
  });
  const [box, place] = [drawn, drawn.closest('[class*=st-key-picture]')].map(e => e.getBoundingClientRect());
  return {boxes, right: box.right, room: place.right};
})"""


def overlapping(boxes: list[list[float]]) -> int:
    """How many neighbouring words stand on one another."""
    ordered = sorted(boxes)
    return sum(
        min(a[2], b[2]) - max(a[0], b[0]) > 0.5 and min(a[3], b[3]) - max(a[1], b[1]) > 0.5
        for a, b in pairwise(ordered)
    )


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(
    ("name", "keys"), [("profile", ("own_0", "own_1")), ("explore", ("head",)), ("find_heads", ("found_head",))]
)
def test_arcs_over_300_words_fit_the_page_and_move_along_the_text(person, name, keys, width):
    asked = {"text": TEXT, "view": "arcs", "special": "hide", "pairs": "5 > 2"}
    page = person(f"{name}?{urlencode(asked)}", width=width, height=900)
    where = ", ".join(map(picture, keys))
    settled(page, "Arcs over the sentence", picture(keys[-1]))
    idle(page)
    page.wait_for_timeout(1000)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    drawn = page.evaluate(WORDS, [where, re.findall(r"\w+", SENTENCE)])
    assert len(drawn) == len(keys) and all(len(one["boxes"]) >= 12 for one in drawn)
    assert [overlapping(one["boxes"]) for one in drawn] == [0] * len(drawn)
    assert all(one["right"] <= min(one["room"], width) + 1 for one in drawn)
    slider = page.get_by_role("slider", name=re.compile("First word drawn, of 3"))
    slider.focus()
    page.keyboard.press("End")
    page.wait_for_function("location.search.includes('start=')")
    idle(page)
    last = page.evaluate("where => [...document.querySelectorAll(where)].map(e => e.textContent)", where)
    assert all("before" in text for text in last)
