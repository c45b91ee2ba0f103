"""axe-core on every page, in light and dark: one in which the page is opened, the other, into which it changes, for its
contrasts. What is Streamlit's or Vega's own is listed by rule and selector; an entry
that matches nothing any more fails, so that the list only shrinks."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.helpers.browser import idle

PAGES = {
    "": ".words button",
    "explore": ".st-key-picture_head [role=graphics-document]",
    "explore?view=reading&atlas=maps&tray=L2H0,L3H1": ".st-key-picture_head [role=graphics-document]",
    "explore?layer=99&text=+": "[data-testid=stAlert]",
    "compare": "h1",
    "compare?tray=L2H0,L2H8": ".st-key-picture_compare [role=graphics-document]",
    "profile": ".st-key-picture_own_1 [role=graphics-document]",
    "ablation": ".st-key-picture_against_minilm_zero_total [role=graphics-document]",
    "attribution": ".st-key-picture_integrated [role=graphics-document]",
    "patching": ".st-key-picture_patch [role=graphics-document]",
    "similarity": ".st-key-picture_map [role=graphics-document]",
    "find_heads": ".st-key-picture_found_head [role=graphics-document]",
    "inside": ".st-key-picture_steps [role=graphics-document]",
    "long_range": ".st-key-picture_reach_head [role=graphics-document]",
    "chance": ".st-key-picture_own_luck [role=graphics-document]",
    "layers": ".st-key-picture_flow [role=graphics-document]",
    "toy": ".st-key-picture_toy_entropy [role=graphics-document]",
    "toy?toy=heads&toy_step=scores&toy_head=1": ".st-key-picture_toy_entropy [role=graphics-document]",
    "recall": ".st-key-picture_recall_paths [role=graphics-document]",
    "course?course=3": ".st-key-picture_course_best_key_0 [role=graphics-document]",
    "glossary?term=entropy": ".st-key-picture_term_entropy [role=graphics-document]",
    "gallery": ".st-key-picture_finding_recall [role=graphics-document]",
    "models": "h1",
}

# rule → selectors of elements that the libraries draw and no setting of theirs reaches
NOT_OURS: dict[str, tuple[str, ...]] = {
    # the marks of Vega-Lite's interval selections: without a size but while a box is dragged, or never seen
    "svg-img-alt": ("entered_brush", "box_brush"),
}


TRIES = 6  # at contrasts, after the colours have changed
DRAWN = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(e => e.querySelector('svg'))"""


def _drawn(page) -> None:
    idle(page)
    page.wait_for_function(DRAWN)


# What holds is counted, not described: of a large drawing that is most of the work.
RUN = """options => axe.run(document, {resultTypes: ['violations'], ...options}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .flatMap(one => one.nodes.map(node => [one.id, node.target.map(String).join(' '), node.html])))"""


def _found(page, **options) -> list[list[str]]:
    """Serious and critical findings: rule, selector, html."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    return page.evaluate(RUN, options)


@pytest.fixture(scope="module")
def seen(chromium, dashboard_url):
    """Serious and critical findings of all pages: (page, scheme, rule, selector, html); and what their charts are
    called: (page, label)."""
    rows, labels, scheme = [], [], "light"
    context = chromium.new_context(viewport={"width": 1440, "height": 1400}, color_scheme=scheme)
    page = context.new_page()
    for address, stands in PAGES.items():
        page.goto(f"{dashboard_url}/{address}")
        page.wait_for_selector(stands)
        _drawn(page)
        called = page.eval_on_selector_all("[role=graphics-document]", "all => all.map(e => e.ariaLabel)")
        labels += [(address, label) for label in called]
        rows += [(address, scheme, *row) for row in _found(page)]
        scheme = "dark" if scheme == "light" else "light"
        page.emulate_media(color_scheme=scheme)
        for _ in range(TRIES):  # colours fade, and the charts are drawn anew
            page.wait_for_timeout(500)
            _drawn(page)
            contrasts = _found(page, runOnly=["color-contrast"])
            if not contrasts:
                break
        rows += [(address, scheme, *row) for row in contrasts]
    context.close()
    return rows, labels


@pytest.fixture(scope="module")
def found(seen):
    return seen[0]


def is_not_ours(rule: str, selector: str, html: str) -> bool:
    return any(part in selector or part in html for part in NOT_OURS.get(rule, ()))


def test_nothing_serious_in_our_parts(found):
    ours = [row for row in found if not is_not_ours(*row[2:])]
    assert not ours, "\n".join(
        f"{page or 'explore'} ({scheme}) {rule}: {selector}\n    {html[:200]}"
        for page, scheme, rule, selector, html in ours
    )


def test_the_list_of_what_is_not_ours_own_is_not_longer_than_needed(found):
    unused = [
        (rule, part)
        for rule, parts in NOT_OURS.items()
        for part in parts
        if not any(rule == row[2] and (part in row[3] or part in row[4]) for row in found)
    ]
    assert not unused


def test_every_chart_says_its_finding(seen):
    labels = seen[1]
    assert {address for address, _ in labels} >= {address for address, stands in PAGES.items() if "graphics" in stands}
    for address, label in labels:
        assert label and len(label) > 20 and label.endswith("."), (address, label)
