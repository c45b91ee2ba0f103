"""`make pictures`: every page as a person sees it, light and dark, wide and narrow, and a file of every format.

The one that README shows goes to docs/images/, all others to build/pictures/ to be looked at.
"""

from __future__ import annotations

from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

from tools.chromium import ARGUMENTS, find
from tools.server import ROOT, running

OUT = ROOT / "build" / "pictures"
README = ROOT / "docs" / "images" / "start.png"
IN_README = {"text": "The keys to the cabinet in the hall are on the table."}
CROP = {"x": 0, "y": 0, "width": 1280, "height": 720}

PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "explore": ("explore", {}),
    "explore-lines": ("explore", {"view": "lines", "special": "hide"}),
    "explore-arcs": ("explore", {"view": "arcs", "special": "hide"}),
    "explore-reading": ("explore", {"view": "reading", "special": "hide"}),
    "explore-maps": ("explore", {"atlas": "maps", "tray": "L2H0,L3H1"}),
    "explore-smollm2": ("explore", {"model": "smollm2", "layer": "3", "head": "4"}),
    "explore-empty": ("explore", {"text": " "}),
    "explore-wrong-link": ("explore", {"layer": "99", "unit": "letters"}),
    "compare-empty": ("compare", {}),
    "compare": ("compare", {"tray": "L2H0,L2H8"}),
    "compare-four": ("compare", {"tray": "L2H0,L2H8,L3H1,L5H4"}),
    "compare-difference": ("compare", {"tray": "L2H0,L2H8", "show": "difference"}),
    "compare-contribution": ("compare", {"tray": "L2H0,L2H8,L3H1", "measure_of": "contribution"}),
    "compare-texts": ("compare", {"mode": "texts"}),
    "compare-models": ("compare", {"mode": "models", "layer": "2", "head": "8", "measure_of": "contribution"}),
    "inside": ("inside", {}),
    "inside-smollm2": ("inside", {"model": "smollm2", "layer": "10", "head": "2", "query": "9", "step": "masked"}),
    "queries": ("query_key", {"layer": "2", "head": "8"}),
    "queries-position": ("query_key", {"layer": "2", "head": "8", "words_by": "position"}),
    "queries-smollm2": ("query_key", {"model": "smollm2", "layer": "9", "head": "4", "words_by": "relation"}),
    "syntax": ("profile", {"layer": "2", "head": "0"}),
    "syntax-smollm2": ("profile", {"model": "smollm2", "layer": "13", "head": "8", "tray": "L1H2,L20H3"}),
    "syntax-german": ("profile", {"text": "Der Koch, der in Osaka gelernt hat, sagt, dass er sehr gern Nudeln isst."}),
    "map": ("similarity", {"layer": "2", "head": "8"}),
    "map-smollm2": ("similarity", {"model": "smollm2", "layer": "3", "head": "2", "coloured": "role"}),
    "corpus": ("corpus", {}),
    "find": ("find_heads", {}),
    "find-several": ("find_heads", {"pairs": "says → chef\nfood → is", "layer": "2", "head": "8"}),
    "find-none": ("find_heads", {"pairs": "none"}),
    "find-wrong": ("find_heads", {"pairs": "says → cook"}),
    "without": ("ablation", {"layer": "2", "head": "9"}),
    "without-smollm2": ("ablation", {"model": "smollm2", "layer": "1", "head": "5", "unit": "tokens"}),
    "without-mean": ("ablation", {"by": "mean", "against": "previous"}),
    "without-together": ("ablation", {"tray": "L2H9,L5H1,L3H4", "out": "tray"}),
    "without-together-smollm2": ("ablation", {"model": "smollm2", "tray": "L1H5,L1H4", "out": "tray"}),
    "attribution": ("attribution", {}),
    "attribution-smollm2": ("attribution", {"model": "smollm2", "instead": "is", "answer": "are"}),
    "patching": ("patching", {}),
    "patching-smollm2": ("patching", {"model": "smollm2", "tray": "L11H0,L27H8"}),
    "without-no-text": ("ablation", {"text": " "}),
    "toy": ("toy", {}),
    "toy-heads": ("toy", {"toy": "heads", "toy_head": "1", "toy_step": "joined", "toy_row": "1"}),
    "toy-wrong": ("toy", {"toy_q": "1,nan;,1e30"}),
    "before": ("recall", {}),
    "longrange": ("long_range", {}),
    "longrange-name": ("long_range", {"reach": "name", "layer": "2", "head": "9"}),
    "longrange-smollm2": ("long_range", {"model": "smollm2"}),
    "chance": ("chance", {}),
    "chance-planted": ("chance", {"planted": "60", "random_heads": "72", "pairs": "none"}),
    "layers": ("layers", {}),
    "layers-smollm2": ("layers", {"model": "smollm2", "measure": "attention_share", "special": "hide"}),
    "models": ("models", {}),
    **{f"course-{step}": ("course", {"course": str(step)}) for step in range(1, 11)},
    "glossary": ("glossary", {"term": "entropy"}),
    "gallery": ("gallery", {}),
}


def settle(page) -> None:
    """Wait until nothing is being computed or drawn."""
    page.wait_for_selector("h1")
    quiet, height = 0, 0
    while quiet < 4:
        page.wait_for_timeout(300)
        busy = page.locator("[data-test-script-state=running], [data-testid=stSkeleton]").count()
        now = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        quiet, height = (quiet + 1 if now == height and not busy else 0), now


def shoot(browser: Browser, url: str, only: str = "") -> None:
    for scheme in ("light", "dark"):
        for width in (1440, 900):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page = context.new_page()
            for name, (path, query) in PAGES.items():
                if only not in name:
                    continue
                page.goto(f"{url}/{path}?{urlencode(query)}")
                settle(page)
                tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                page.set_viewport_size({"width": width, "height": max(900, min(tall, 3000))})
                page.wait_for_timeout(400)
                page.screenshot(path=OUT / f"{name}-{scheme}-{width}.png")
                page.set_viewport_size({"width": width, "height": 900})
            context.close()


def for_readme(browser: Browser, url: str) -> None:
    """Start, sharp on any screen."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 720}, color_scheme="light", device_scale_factor=1.5
    )
    page = context.new_page()
    page.goto(f"{url}/?{urlencode(IN_README)}")
    settle(page)
    README.parent.mkdir(exist_ok=True)
    page.screenshot(path=README, clip=CROP)
    context.close()


def files() -> None:
    """A file of every format and view, by the same code as the page's buttons."""
    from dashboard import open_model
    from dashboard.analyses.explore import api
    from dashboard.analyses.scores.api import draw_atlas, overview
    from dashboard.export.save import save
    from dashboard.formats import endings
    from dashboard.ui.url_state import FIRST_TEXT

    model = open_model("minilm")
    views = api.attentions(model, FIRST_TEXT, ["L2H0", "L2H8"], unit="words")
    for theme in ("light", "dark"):
        for name in ("heatmap", "lines", "arcs", "reading"):
            chart = api.draw(views[0], name, theme=theme)
            for ending in endings("figure"):
                provenance = api.provenance(model, views[:1], name, theme=theme)
                save(chart, OUT / f"file-{name}-{theme}.{ending}", provenance)
        for name in ("compare", "difference"):
            provenance = api.provenance(model, views, name, theme=theme)
            save(api.draw(views, name, theme=theme), OUT / f"file-{name}-{theme}.png", provenance)
        atlas = draw_atlas(overview(model, FIRST_TEXT), model=model.title, theme=theme)
        save(atlas, OUT / f"file-atlas-{theme}.png")


def main(only: str = "") -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with running(OUT / "server.txt") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        for_readme(browser, url)
        if only != "readme":
            shoot(browser, url, only)
        browser.close()
    if not only:
        files()
    print(f"Pictures are in {OUT.relative_to(ROOT)}/ and {README.relative_to(ROOT)}.")


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:2])
