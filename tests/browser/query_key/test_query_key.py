"""A person points at words in the plane of queries and keys, and takes its numbers away."""

from __future__ import annotations

from dashboard import open_model, query_keys
from tests.helpers.browser import download, picture, rows_of

PLANE = picture("queries")
DOTS = f"{PLANE} .dots_marks path"
NAMES = """where => [...document.querySelectorAll(`${where} .role-mark text`)].map(one => one.textContent)"""


def test_pointing_lights_where_a_word_looks(person):
    page = person("query_key?layer=2&head=8", height=1600)
    page.wait_for_selector(DOTS)
    vectors = query_keys(open_model("minilm"))
    tokens, layer = vectors.tokens, vectors.layers[2]
    assert page.locator(DOTS).count() == 2 * len(tokens)
    assert not page.evaluate(NAMES, PLANE)

    page.wait_for_timeout(1000)  # until nothing moves any more
    page.locator(DOTS).nth(60).hover(force=True)
    page.wait_for_function(f"where => ({NAMES})(where).length > 0", arg=PLANE)
    names = set(page.evaluate(NAMES, PLANE))
    looks = {tokens["text"][key] for key in layer.keys[8, 60] if key >= 0}
    assert names == looks | {tokens["text"][60]}
    assert page.locator("#vg-tooltip-element").inner_text().startswith(tokens["said"][60])

    rows = rows_of(download(page, "queries", "CSV"))
    assert len(rows) == 2 * len(tokens) and rows[60]["said"] == tokens["said"][60]
