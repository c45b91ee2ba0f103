"""What stands round every page: the text, the model, the pins, and the way to the pages."""

from __future__ import annotations

from urllib.parse import parse_qs, urlparse

import pytest

from tests.helpers.browser import ATLAS, PICTURE, address, idle, settled

TYPED = "Birds sing at dawn."


def type_text(page, text: str) -> None:
    """Opens the text at the top and types another, without reading it."""
    page.locator(".st-key-text_menu button").first.click()
    page.locator("[class*=st-key-draft] textarea").fill(text)


def sidebar_link(page, title: str):
    return page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True)


def follow(page, title: str) -> None:
    """Clicks a page's link in the sidebar and waits until that page stands."""
    sidebar_link(page, title).click(delay=70)  # as a hand does
    page.get_by_role("heading", name=title, exact=True).wait_for()
    idle(page)


@pytest.mark.parametrize("title", ["Compare", "Layer by layer"])
def test_a_text_that_was_typed_is_read_on_the_way_to_another_page(person, title):
    page = person("explore?head=2")
    settled(page, "L0H2")
    type_text(page, TYPED)
    follow(page, title)
    page.wait_for_function("text => new URLSearchParams(location.search).get('text') === text", arg=TYPED)
    assert TYPED in page.locator(".st-key-text_menu button").first.inner_text()
    follow(page, "All heads")
    settled(page, "L0H2")
    assert TYPED in page.locator(".st-key-text_menu button").first.inner_text()
    assert address(page)["text"] == TYPED and page.locator(f"{PICTURE} text", has_text="dawn").count()


def test_a_text_that_was_typed_is_read_by_a_click_anywhere(person):
    page = person("explore?head=2")
    settled(page, "L0H2")
    type_text(page, TYPED)
    page.locator("h1").click()
    page.wait_for_function("text => new URLSearchParams(location.search).get('text') === text", arg=TYPED)


def choose_text(page) -> None:
    type_text(page, TYPED)
    page.keyboard.press("Control+Enter")


def choose_tokens(page) -> None:
    page.locator(".st-key-reading_menu button").first.click()
    page.get_by_role("radio", name="Tokens").click()


@pytest.mark.parametrize(("choose", "field"), [(choose_text, "text"), (choose_tokens, "unit")])
def test_what_back_has_taken_back_at_the_top_stays_so_after_another_choice(person, choose, field):
    page = person("explore?head=2")
    settled(page, "L0H2")
    choose(page)
    page.wait_for_function("field => new URLSearchParams(location.search).has(field)", arg=field)
    idle(page)
    page.locator("h1").click()
    page.get_by_test_id("stPopoverBody").wait_for(state="hidden")
    page.go_back()
    page.wait_for_function("field => !new URLSearchParams(location.search).has(field)", arg=field)
    idle(page)
    page.wait_for_timeout(1200)  # longer than a browser may be behind
    page.get_by_role("radio", name="Arcs").click()
    page.wait_for_function("location.search.includes('view=arcs')")
    idle(page)
    assert address(page) == {"view": "arcs"}
    choose(page)
    page.wait_for_function("field => new URLSearchParams(location.search).has(field)", arg=field)


@pytest.mark.parametrize("path", ["explore?head=2", "inside?head=2"])
def test_a_layer_that_is_not_there_is_said_and_the_nearest_is_shown(person, path):
    page = person(path)
    idle(page)
    page.locator("[class*=st-key-choose_layer] input").fill("99")
    page.keyboard.press("Enter")
    page.get_by_text("There is no head L99H2").wait_for()
    page.wait_for_function("document.querySelector('[class*=st-key-choose_layer] input').value === '5'")
    assert page.locator("[class*=st-key-choose_layer] [aria-invalid=true]").count() == 0


def test_pins_are_counted_in_sight_and_keep_their_model(person):
    page = person("explore?layer=2&head=9")
    settled(page, "L2H9")
    page.get_by_role("button", name="Pin this head").click()
    counter = page.locator(".st-key-pinned_menu button").first
    counter.get_by_text("1 pinned").wait_for()
    page.mouse.wheel(0, 2000)
    page.wait_for_timeout(300)
    box = counter.bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]
    page.locator(".st-key-model_menu button").first.click()
    page.locator("[class*=st-key-choose_model] input").click()
    page.get_by_role("option", name="SmolLM2").click()
    page.wait_for_function("location.search.includes('minilm')")
    idle(page)
    counter.click()
    page.locator("[class*=st-key-show_MiniLM] button").first.click()
    page.wait_for_function("!location.search.includes('smollm2')")
    settled(page, "L2H9")
    assert address(page) == {"layer": "2", "head": "9", "tray": "L2H9"}


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720), (853, 480), (820, 1180), (390, 844)])
def test_the_first_picture_is_in_sight_nothing_stands_sideways_and_the_sidebar_is_folded(person, width, height):
    page = person("explore?head=2", width=width, height=height)
    settled(page, "L0H2")
    page.wait_for_timeout(800)
    top = min(page.locator(where).first.bounding_box()["y"] for where in (ATLAS, PICTURE))
    assert top < height - 80
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert page.locator("h1").bounding_box()["y"] < 80
    link = sidebar_link(page, "Compare")
    assert (not link.is_visible() or link.bounding_box()["x"] < 0) == (width < 900)  # where the window is narrow


def test_each_link_at_the_left_is_one_step_and_leads_with_the_choices(person):
    page = person("explore?layer=2&head=9")
    settled(page, "L2H9")
    idle(page)
    steps = page.evaluate("history.length")
    assert sidebar_link(page, "All heads").get_attribute("aria-current") == "page"
    for title, heading, path in [("Start", "See where attention looks", ""), ("Glossary", "Glossary", "glossary")]:
        sidebar_link(page, title).click()
        page.get_by_role("heading", name=heading, exact=True).wait_for()
        idle(page)
        assert urlparse(page.url).path == f"/{path}"
    assert page.evaluate("history.length") == steps + 2
    assert address(page) == {"layer": "2", "head": "9"}
    page.go_back()
    page.wait_for_function("location.pathname === '/' && location.search.includes('page=start')")
    page.go_back()
    settled(page, "L2H9")
    assert urlparse(page.url).path == "/explore"


@pytest.mark.parametrize(
    ("title", "leads"), [("Compare", "/compare?layer=2&head=8"), ("Start", "/?layer=2&head=8&page=start")]
)
def test_a_link_at_the_left_opens_another_tab_with_the_choices_of_now(person, title, leads):
    page = person("explore?layer=2&head=9")
    settled(page, "L2H9")
    page.locator("[class*=st-key-choose_head] input").fill("8")
    page.keyboard.press("Enter")
    settled(page, "L2H8")
    idle(page)
    page.wait_for_function(
        "title => [...document.querySelectorAll('.two-heads-pages a')].some(a => "
        "a.innerText.endsWith(title) && a.search.includes('head=8'))",
        arg=title,
    )
    with page.context.expect_page() as opened:
        sidebar_link(page, title).click(modifiers=["Control"])
    other = opened.value
    other.wait_for_load_state()
    assert other.url.endswith(leads)
    other.close()
    settled(page, "L2H8")


def test_the_page_on_its_way_is_marked_at_once_and_the_one_before_leads_back(person):
    page = person("glossary")
    idle(page)
    steps = page.evaluate("history.length")
    sidebar_link(page, "Syntax vs context").click()
    assert sidebar_link(page, "Syntax vs context").get_attribute("aria-current") == "page"
    sidebar_link(page, "Syntax vs context").click()  # once more, as an impatient hand does
    sidebar_link(page, "Glossary").click()
    page.get_by_role("heading", name="Glossary", exact=True).wait_for()
    idle(page)
    assert sidebar_link(page, "Glossary").get_attribute("aria-current") == "page"
    assert page.evaluate("history.length") == steps + 2
    page.go_back()
    page.get_by_role("heading", name="Syntax vs context", exact=True).wait_for()
    assert sidebar_link(page, "Syntax vs context").get_attribute("aria-current") == "page"


def test_links_keep_how_the_page_is_embedded(person):
    page = person("glossary?embed=true&embed_options=light_theme&embed_options=show_toolbar")
    idle(page)
    page.wait_for_function("document.querySelector('.two-heads-pages a')?.href.includes('show_toolbar')")
    query = urlparse(page.locator(".two-heads-pages a").nth(3).get_attribute("href")).query
    assert parse_qs(query) == {"embed": ["true"], "embed_options": ["light_theme", "show_toolbar"]}


def test_a_link_folds_a_sidebar_that_lies_over_the_page(person):
    page = person("glossary", width=390, height=844)
    idle(page)
    page.wait_for_timeout(2500)
    page.get_by_test_id("stExpandSidebarButton").click()
    sidebar_link(page, "Report").click()
    page.get_by_role("heading", name="Report", exact=True).wait_for()
    page.get_by_test_id("stExpandSidebarButton").wait_for()
    assert urlparse(page.url).path == "/report"


LATE = """
const find = Document.prototype.querySelector;
let asked = 0;
Document.prototype.querySelector = function (where) {
  return where.includes('stSidebarCollapseButton') && asked++ < 4 ? null : find.call(this, where);
};
"""


def test_the_sidebar_is_folded_though_its_button_comes_late_and_opens_again(new_page, dashboard_url):
    page = new_page(width=853, height=700, unused=True)
    page.add_init_script(LATE)
    page.goto(f"{dashboard_url}/explore")
    page.get_by_test_id("stExpandSidebarButton").click()
    page.wait_for_timeout(2500)
    assert sidebar_link(page, "Compare").bounding_box()["x"] > 0


@pytest.mark.parametrize(
    ("path", "box", "named"),
    [("profile", "[class*=st-key-draft] textarea", "Who is she?"), ("", ".st-key-start_text input", "A list")],
)
def test_an_example_is_read_though_a_text_was_left_in_the_box(person, path, box, named):
    page = person(path)
    idle(page)
    if path:
        page.locator(".st-key-text_menu button").first.click()
    page.locator(box).fill(TYPED)
    page.wait_for_timeout(500)
    page.locator(".st-key-example, .st-key-start_example").get_by_text(named).first.click()
    page.wait_for_function("() => new URLSearchParams(location.search).has('text')")
    idle(page)
    assert address(page)["text"].startswith("Maria gave" if path else "We bought bread")


def missed(page) -> None:
    """The address moves, and Streamlit does not hear of it."""
    page.evaluate("history.pushState({}, '', '?layer=2&head=9')")


def taken_back_after_a_reload(page) -> None:
    page.reload(wait_until="domcontentloaded")
    page.evaluate("history.back()")


@pytest.mark.parametrize(
    ("path", "move"), [("explore?head=2", missed), ("explore?layer=2&head=9", taken_back_after_a_reload)]
)
def test_the_page_follows_an_address_that_it_missed(person, path, move):
    page = person(path)
    idle(page)
    if "?" in path:
        page.get_by_role("radio", name="Arcs").click()
        page.wait_for_function("location.search.includes('view=arcs')")
        idle(page)
    move(page)
    settled(page, "L2H9")
    assert address(page) == {"layer": "2", "head": "9"}
    page.get_by_role("radio", name="Heatmap", checked=True).wait_for()


def test_the_best_head_of_the_page_before_does_not_stay_in_the_address(person):
    page = person("ablation")
    idle(page)
    follow(page, "Find heads")
    page.wait_for_function("() => !['layer', 'head'].some(name => new URLSearchParams(location.search).has(name))")
    finding = page.locator("[data-testid=stMain] h5").first
    finding.wait_for()
    shown = finding.inner_text()
    page.reload()
    page.wait_for_function("shown => document.querySelector('[data-testid=stMain] h5')?.innerText === shown", arg=shown)


def test_a_link_to_a_page_that_opens_on_its_best_head_is_one_step(person):
    page = person()
    page.wait_for_selector(".words button")
    idle(page)  # Start has chosen the head that it draws
    follow(page, "Glossary")
    page.wait_for_url("**/glossary?layer=*")
    page.get_by_role("link", name="See it on Ablation").first.click()
    page.wait_for_url("**/ablation")
    idle(page)
    page.go_back()
    page.wait_for_url("**/glossary?*")
    page.get_by_role("heading", name="Glossary", exact=True).wait_for()


@pytest.mark.parametrize("seconds", [0, 2])
def test_one_step_back_leads_from_the_second_page_to_start(person, seconds):
    page = person("")
    sidebar_link(page, "Why attention?").wait_for()
    page.wait_for_timeout(1000 * seconds)
    follow(page, "Why attention?")
    page.go_back()
    page.get_by_role("heading", name="See where attention looks").wait_for()
    idle(page)
    assert address(page) == {} and page.url.endswith("/")


def test_a_corrected_choice_is_in_the_address_and_is_no_step_of_its_own(person):
    page = person("layers")
    idle(page)
    steps = page.evaluate("history.length")
    page.locator(".st-key-text_menu button").first.click()
    page.locator("[class*=st-key-draft] textarea").fill("Hello there")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/layers?text=Hello+there&word=1")  # it was the eighth word of a longer text
    assert page.evaluate("history.length") == steps + 1
    page.reload()
    page.wait_for_selector("h1")
    idle(page)
    assert page.url.endswith("/layers?text=Hello+there&word=1")
    page.go_back()
    page.wait_for_url("**/layers")
    idle(page)
    page.wait_for_timeout(1500)  # nothing brings the corrected one back
    assert page.url.endswith("/layers")


def test_an_address_of_start_that_another_page_wrote_is_named(person):
    page = person("explore?layer=3&head=1")
    idle(page)
    sidebar_link(page, "Start").click()
    page.wait_for_url("**/?layer=3&head=1&page=start")
    page.evaluate("history.pushState(history.state, '', '/?layer=3&head=2')")  # as of a page that was just left
    page.evaluate("dispatchEvent(new PopStateEvent('popstate', { state: history.state }))")
    page.wait_for_url("**/?layer=3&head=2&page=start")
    page.evaluate("history.replaceState(history.state, '', '/?layer=3&head=2')")  # as of one whose choices came late
    page.wait_for_url("**/?layer=3&head=2&page=start")
    page.reload()
    page.wait_for_selector(".words button")


def test_the_same_example_is_read_again_right_after_a_step_back(person):
    page = person()
    page.wait_for_selector(".words button")
    for _ in range(2):
        page.locator(".st-key-start_example button", has_text="Agreement across a clause").click()
        page.wait_for_url("**/?text=The+keys*")
        page.go_back()
        page.wait_for_url(lambda url: "text=" not in url)


def test_a_corrected_address_of_start_keeps_its_name(person):
    """Start has chosen the head that it draws; without a sentence that head is named in the address."""
    page = person()
    page.wait_for_selector(".words button")
    idle(page)
    page.get_by_label("Your sentence").fill("    ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?*head=*")
    assert address(page)["page"] == "start"
    page.reload()
    page.wait_for_selector("h1")
    idle(page)
    assert page.locator("h1").inner_text() == "See where attention looks"
