"""A text of more than 512 tokens: the head as a map that zooms, exact weights close up, and the part of the text where
one clicks."""

from __future__ import annotations

import io
import re
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image

from dashboard import attention, open_model
from dashboard.heads.head_id import HeadId
from tests.helpers.browser import download, idle, rows_of

SENTENCE = "the old cook in the quiet house by the river says that this dish is her favourite food of all"
WORDS = SENTENCE.split()
TEXT = " ".join(
    [*(WORDS[k % len(WORDS)] for k in range(300)), "Zanzibar", *(WORDS[-k % len(WORDS)] for k in range(300))]
)
HEAD = HeadId(12, 3)


@pytest.fixture(scope="module")
def view():
    return attention(open_model("smollm2"), TEXT, HEAD)


def opened(person, view="heatmap", **screen):
    asked = {"text": TEXT, "model": "smollm2", "unit": "tokens", "view": view} | HEAD.choice
    page = person(f"explore?{urlencode(asked)}", **screen)
    page.locator(".two-heads-map canvas").wait_for()
    idle(page)
    return page


def said(page) -> str:
    return page.locator(".two-heads-map .line").inner_text()


def test_a_map_zooms_to_exact_weights_and_its_part_is_a_file(person, view):
    page = opened(person)
    m = len(view)
    canvas = page.locator(".two-heads-map canvas")
    assert page.get_by_role("heading", name=re.compile(f"{HEAD} gives|out in {HEAD}")).count()
    search = page.get_by_role("searchbox")
    search.fill("zanzibar")
    search.press("Enter")
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    canvas.focus()
    canvas.press("ArrowLeft")  # from the word to the one before it
    exact = re.compile(r"“(.+)” \(([\d,]+)\) → “(.+)” \(([\d,]+)\): ([\d.]+)\s%$")
    for _ in range(50):
        if found := exact.match(said(page)):
            break
        page.wait_for_timeout(100)
    assert found, said(page)
    row, column = (int(found[k].replace(",", "")) - 1 for k in (2, 4))
    assert column == row - 1 and "Z" in view.labels[row] and found[1] == view.drawn[row]
    assert float(found[5]) == pytest.approx(100 * view.weights[row, column], abs=0.06)

    page.wait_for_timeout(500)
    idle(page)
    rows = rows_of(download(page, "head", "CSV"))
    assert rows and all(one["positions"] == "1" for one in rows) and len(rows) < m * m / 50, "only what is in sight"
    for one in rows[:: max(1, len(rows) // 50)]:
        i, j = int(one["from_position"]), int(one["to_position"])
        assert float(one["weight"]) == pytest.approx(view.weights[i, j], abs=2e-5)


def test_a_click_on_the_map_draws_the_words_around_it(person, view):
    page = opened(person, "arcs")
    before = page.url
    page.locator(".two-heads-map canvas").click(position={"x": 200, "y": 230})
    page.wait_for_function("before => location.href !== before", arg=before)
    idle(page)
    start = int(re.search(r"start=(\d+)", page.url)[1])
    assert 200 < start < len(view) and not page.locator("[data-testid=stException]").count()
    picture = page.locator(".st-key-picture_head [role=graphics-document]").first
    assert f"{start + 1:,} to" in picture.inner_text()


def test_a_png_holds_the_whole_map(person):
    page = opened(person)
    image = np.asarray(Image.open(io.BytesIO(download(page, "head", "PNG"))).convert("L"), float)
    assert min(image.shape) > 400 and image.std() > 3
