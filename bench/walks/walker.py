"""One walk in Chromium: does what the dice say, and looks after each action whether everything holds."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from playwright.sync_api import Browser, ElementHandle, Error, Page, TimeoutError

from bench.people import raised_in
from bench.walks import check
from bench.walks.choose import Action, Control, choose, dice_of
from dashboard.analyses.attribution.first_text import TEXT as DECIDED
from dashboard.ui.frame.example_texts import EXAMPLES
from dashboard.ui.page_list import BY_NAME
from dashboard.ui.pages.chance import EXAMPLE as OF_LUCK
from dashboard.ui.pages.start import SENTENCES
from dashboard.ui.session import STALE
from dashboard.ui.url_state import FIRST_TEXT

SCREEN = Path(__file__).with_name("screen.js").read_text(encoding="utf-8")
PATIENCE = 90.0  # seconds until a page must stand still, or its progress go on
TRIES, PAUSE = 8, 400  # looks at something wrong before it counts, and milliseconds between two
CLICK = 2500  # milliseconds in which a control can be clicked; one that is gone by then is no defect
MOVES = ("link", "word", "button", "option", "pick", "back", "forward", "reload", "download")
COMING = ("link", "page", "back", "forward", "reload", "file")
# Whether a click at a point meets the element, and not a menu that lies over it
HIT = "(one, [x, y]) => { const met = one.getRootNode().elementFromPoint(x, y); return !!met && one.contains(met) }"
BRINGS = re.compile("Use (the first|an) example|What decided in")  # buttons that may bring a text of ours
# Streamlit looks for its server under the page's own path first. The answer 404 leads it on.
STREAMLITS = re.compile(r"/\w+/_stcore/(health|host-config)$")


@dataclass
class Walk:
    """What a walk was: its actions, seconds and page of each, what went wrong (a sentence each, its kind first)."""

    number: int
    seed: int
    actions: list[str] = field(default_factory=list)
    took: list[tuple[float, str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    screenshot: Path | None = None

    def __str__(self) -> str:
        steps = "\n".join(f"    {number:2} {action}" for number, action in enumerate(self.actions))
        again = f"python -m bench walks --walk {self.number} --seed {self.seed}"
        return "\n  ".join([f"Walk {self.number}: {again}", *self.wrong, f"screenshot {self.screenshot}\n{steps}"])


class Walker:
    """Walks through one server with one browser. log: of the server; pictures: the folder for screenshots"""

    def __init__(self, browser: Browser, url: str, log: Path, pictures: Path, seed: int = 0):
        self._browser, self._url, self._log, self._pictures, self._seed = browser, url, log, pictures, seed

    def walk(self, number: int, actions: int, until: float = float("inf")) -> Walk:
        """One walk of so many actions in a fresh session. It ends early at a defect, or at this monotonic time."""
        walk = Walk(number, self._seed)
        context = self._browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
        try:
            context.add_init_script(SCREEN)
            page = context.new_page()
            try:
                Tab(page, walk, self._log).walk(self._url, actions, until)
            except Error as error:  # of the browser
                walk.wrong.append(f"walk: {error}")
            if walk.wrong:
                walk.screenshot = self._pictures / f"walk-{number}.png"
                with suppress(Error):
                    page.screenshot(path=walk.screenshot)
        finally:
            context.close()
        return walk


KNOWN = (FIRST_TEXT, DECIDED, OF_LUCK, *EXAMPLES.values(), *SENTENCES.values())


class Tab:
    def __init__(self, page: Page, walk: Walk, log: Path):
        self.page, self.seen, self.log = page, walk, log
        self.read = log.stat().st_size  # bytes of the log that are known
        self.known: list[str] = list(KNOWN)
        self.typed: list[str] = []  # left in a box
        self.allowed: list[str] | None = [FIRST_TEXT]  # texts that may be read now; None: any that is known
        self.state: dict[str, Any] | None = None  # of the last look, None after a hurried action
        self.coming = False  # after the last action another page may come, or another text into the box
        page.set_default_timeout(CLICK)
        page.on("pageerror", lambda error: self.wrong(f"script: {error}"))
        page.on("console", self._console)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("dialog", lambda dialog: dialog.dismiss())

    def wrong(self, sentence: str) -> None:
        if sentence not in self.seen.wrong:
            self.seen.wrong.append(sentence)

    def _console(self, message) -> None:
        if message.type == "warning":
            self.seen.warnings[message.text[:120]] += 1
        elif message.type == "error" and not STREAMLITS.search(message.location.get("url", "")):
            self.wrong(f"console: {message.text[:300]}")

    def _failed(self, request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):
            self.wrong(f"request: {request.url[:200]} {request.failure}")

    def _answered(self, response) -> None:
        if response.status >= 400 and not STREAMLITS.search(response.url):
            self.wrong(f"request: {response.url[:200]} was answered by {response.status}")

    def walk(self, url: str, actions: int, until: float) -> None:
        self.page.goto(url, timeout=1000 * PATIENCE)
        self.look("the first page")
        for step in range(actions):
            if self.seen.wrong or time.monotonic() > until:
                break
            self.act(step)
        if self.state is None and not self.seen.wrong:
            self.look("the end")
        if any("Train" in action for action in self.seen.actions):
            self._stop(url)

    def _stop(self, url: str) -> None:
        """Training that is still going on would slow down the next walk."""
        with suppress(Error):
            self.page.goto(f"{url}/recall?{urlparse(self.page.url).query}")
            self.page.get_by_role("button", name="Stop").click()

    def act(self, step: int) -> None:
        """One action; unless it is hurried, the page then stands still and is looked at. Nobody is so quick as to type
        into a page that is being left, or into a box before the text of a file or an example has come into it."""
        dice = dice_of(self.seen.seed, self.seen.number, step)
        action = choose(dice, self.controls(), step, self.seen.number)
        self.seen.actions.append(str(action))
        before, begun, allowed = self.state, time.monotonic(), self.allowed
        self.state = None
        if action.kind == "text" and self.coming:
            self._stands()
        self.coming = action.kind in COMING or action.name in EXAMPLES or action.name in SENTENCES
        self._expect(action)
        try:
            getattr(self, f"do_{action.kind}", self.do_click)(action)
        except Error as missed:  # it is gone, or something lies over it
            reason = "covered" if "intercepts pointer events" in str(missed) else "gone"
            self.seen.missed[f"{action.kind} {reason}"] += 1
            self.seen.actions[-1] += f" ({reason})"
            self.seen.reasons.append(f"{len(self.seen.actions) - 1} {missed}")
            self.allowed = None if None in (allowed, self.allowed) else [*(allowed or []), *(self.allowed or [])]
        if self.page.url.startswith("about:"):  # two quick steps back led out of the dashboard
            self.page.go_forward()
            self.allowed = None
        if action.hurried:
            return
        self.look(self.seen.actions[-1])
        self.seen.took.append((time.monotonic() - begun, action.kind, check.page_of(self.page.url).name))
        if action.kind == "reload" and before is not None and self.state is not None and not self.typed:
            self.until_right(lambda: check.differs(before, self.state or before))

    def controls(self) -> list[Control]:
        with suppress(Error):
            return [Control(**one) for one in self.page.evaluate("window.walk?.controls() ?? []")]
        return []

    # What holds

    def look(self, after: str) -> None:
        """Wait until the page stands still, and check everything."""
        if not self._stands():
            self.wrong(f"idle: the page did not stand still for {PATIENCE:.0f} s after {after}")
            return
        self.until_right(self._found)
        self._read_log()
        if self.state is not None:
            text = check.text_of(self.state["url"], self.known)
            self.allowed = [text or "", *self.typed]

    def _idle(self) -> bool:
        until, told = time.monotonic() + PATIENCE, ""
        while time.monotonic() < until:
            with suppress(Error):
                if self.page.evaluate("window.walk.idle()"):
                    return True
                if (tells := self.page.evaluate("window.walk.progress()")) != told:
                    until, told = time.monotonic() + PATIENCE, tells
            self.page.wait_for_timeout(50)
        return False

    def _stands(self) -> bool:
        """Whether the page stands still, also when what was done last has reached the server."""
        self.page.wait_for_timeout(150)
        if not self._idle():
            return False
        self.page.wait_for_timeout(100)
        return self._idle()

    def until_right(self, found: Callable[[], list[str]]) -> None:
        """Look several times: a browser may be behind for a moment."""
        wrong: list[str] = []
        for _ in range(TRIES):
            try:
                self.state = self.page.evaluate("window.walk.state()")
                wrong = found()
            except Error as error:  # the page is being left
                wrong = [f"page: it cannot be looked at: {error}"]
            if not wrong:
                return
            self.page.wait_for_timeout(PAUSE)
            self._idle()
        for sentence in wrong:
            self.wrong(sentence)

    def _found(self) -> list[str]:
        assert self.state is not None
        found = check.broken(self.state) + check.stale(self.state, self.typed, self.known)
        text = check.text_of(self.state["url"], self.known)
        if text is not None and not any(check.same(text, one) for one in self.allowed or self.known):
            found.append(f"text: {text[:60]!r} is read, expected {[one[:40] for one in self.allowed or []]}")
        return found

    def _read_log(self) -> None:
        with self.log.open("rb") as file:
            file.seek(self.read)
            new = file.read()
        self.read += len(new)
        for raised in raised_in(new.decode(errors="replace")):
            self.wrong(f"log: {raised}")

    def _expect(self, action: Action) -> None:
        """Which texts may be read after this action."""
        if action.kind in ("text", "file"):
            self.known.append(action.what)
        offered = EXAMPLES if action.control and action.control.within == "menu" else SENTENCES
        if action.kind == "option" and (text := offered.get(action.name)):
            self.allowed = [text, *self.allowed] if action.hurried and self.allowed else [text]
            self.typed = []
        elif action.kind == "link" and action.control:
            self._expect_link(action.control.leads)
        elif action.kind in ("back", "forward", "reload", "file") or BRINGS.search(action.name):
            self.allowed = None

    def _expect_link(self, leads: str) -> None:
        text = check.text_of(leads, self.known) or ""
        self.known.append(text)
        self.allowed = None if self.allowed is None else [*self.allowed, text]

    # What a hand does

    def _element(self, control: Control) -> ElementHandle:
        found = self.page.evaluate_handle("number => window.walk.found[number]", control.number).as_element()
        if found is None:
            raise Error("gone")
        return found

    def do_click(self, action: Action) -> None:
        assert action.control is not None
        self._element(action.control).click()
        self.typed = []

    def do_link(self, action: Action) -> None:
        """Follow a link. On a busy machine the page stands still for a moment before it is left."""
        self.do_click(action)
        assert action.control is not None
        with suppress(Error):  # the page is being left
            leads = self.page.evaluate("sessionStorage.getItem('walk.followed')")
            if leads and leads != action.control.leads:
                self._expect_link(leads)
        path = urlparse(action.control.leads).path
        if path and not action.hurried:
            with suppress(Error):
                self.page.wait_for_url(re.compile(re.escape(path) + r"(\?|$)"), timeout=5000)

    def do_page(self, action: Action) -> None:
        sidebar = self.page.get_by_test_id("stSidebar")
        link = sidebar.get_by_role("link", name=BY_NAME[action.what].title, exact=True)
        box = link.bounding_box() if link.is_visible() else None
        if box is None or box["x"] < 0:
            self.page.get_by_test_id("stExpandSidebarButton").click()
            self.typed = []
        link.click()
        self.typed = []

    def do_text(self, action: Action) -> None:
        """Type a text at the top or on Start, and read it or leave it in the box."""
        if action.control is not None:
            box: Any = self._element(action.control)
        else:
            box = self.page.locator("[class*=st-key-draft] textarea")
            if not box.is_visible():
                self.page.locator(".st-key-text_menu button").first.click()
        if action.what in self.known[len(KNOWN) :]:  # a hand takes a second to type again what stood there
            self.page.wait_for_timeout(1000 * STALE)
        box.fill(action.what)
        draft = self.page.locator("[class*=st-key-draft] textarea").is_visible()
        text = action.what if draft else action.what.replace("\n", " ")
        self.known.append(text)
        self.typed = [text]
        self.allowed = None if self.allowed is None else [*self.allowed, text]
        if action.how == "left":
            return
        if action.how == "button" and draft:
            self.page.get_by_role("button", name="Read this text").click()
        elif action.how == "elsewhere":
            self.page.locator("h1").click()
        else:
            self.page.keyboard.press("Control+Enter" if draft else "Enter")
        self.allowed, self.typed = [text], []

    def do_file(self, action: Action) -> None:
        assert action.control is not None
        upload: Any = {"name": "text.txt", "mimeType": "text/plain", "buffer": action.what.encode()}
        with self.page.expect_response(lambda answer: "upload_file" in answer.url, timeout=30_000):
            self._element(action.control).set_input_files(upload)
        self.typed = []

    def do_model(self, action: Action) -> None:
        box = self.page.locator("[class*=st-key-choose_model] input")
        if not box.is_visible():
            self.page.locator(".st-key-model_menu button").first.click()
        box.click()
        self.typed = []
        if "/" in action.what:
            box.fill(action.what)
            self.page.keyboard.press("Enter")
        else:
            self.page.get_by_role("option", name=action.what, exact=True).click()

    def do_head(self, action: Action) -> None:
        which, number = action.what.split()
        self.page.locator(f"[class*=st-key-choose_{which}] input").first.fill(number)
        self.typed = []
        self.page.keyboard.press("Enter")

    def do_back(self, action: Action) -> None:
        self._history(-1)

    def do_forward(self, action: Action) -> None:
        self._history(1)

    def _history(self, by: int) -> None:
        """One entry of the history, but never out of the dashboard."""
        self.page.evaluate("by => { if (by > 0 || navigation.canGoBack) history.go(by) }", by)

    def do_reload(self, action: Action) -> None:
        self.page.reload(wait_until="commit", timeout=30_000)
        self.typed = []

    def do_window(self, action: Action) -> None:
        width, height = map(int, action.what.split())
        self.page.set_viewport_size({"width": width, "height": height})

    def do_key(self, action: Action) -> None:
        self.page.keyboard.press(action.what)

    def do_field(self, action: Action) -> None:
        assert action.control is not None
        self._element(action.control).fill(action.what)
        self.typed = []
        self.page.keyboard.press("Enter")

    do_cell = do_field

    def do_number(self, action: Action) -> None:
        self.do_click(action)

    def do_select(self, action: Action) -> None:
        self.do_click(action)

    def do_slider(self, action: Action) -> None:
        assert action.control is not None
        self._element(action.control).focus()
        self.typed = []
        self.page.keyboard.press(action.what)

    def do_picture(self, action: Action) -> None:
        """Click somewhere into a picture, as a hand does: on whatever is drawn there."""
        [point] = self._points(action)
        self.page.mouse.click(*point, delay=40)
        self.typed = []

    def do_drag(self, action: Action) -> None:
        """Press somewhere in a picture, move, and let go elsewhere in it."""
        begin, end = self._points(action)
        self.page.mouse.move(*begin)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=5)
        self.page.mouse.up()
        self.typed = []

    def _points(self, action: Action) -> list[tuple[float, float]]:
        """Where on the screen these parts of a picture's width and height are."""
        assert action.control is not None
        picture = self._element(action.control)
        picture.scroll_into_view_if_needed()
        if (box := picture.bounding_box()) is None:
            raise Error("gone")
        numbers = list(map(float, action.what.split()))
        points = [
            (box["x"] + across * box["width"], box["y"] + down * box["height"])
            for across, down in zip(numbers[::2], numbers[1::2], strict=True)
        ]
        if not picture.evaluate(HIT, list(points[0])):
            raise Error("something intercepts pointer events")
        return points

    def do_download(self, action: Action) -> None:
        """Click a file. Unless in a hurry, it must come and hold something."""
        assert action.control is not None
        if action.hurried:
            return self.do_click(action)
        element = self._element(action.control)
        element.click(trial=True)
        try:
            with self.page.expect_download(timeout=PATIENCE * 1000) as waiting:
                element.click()
        except TimeoutError:
            return self.wrong(f"download: “{action.control.name}” did not come")
        self.typed = []
        if waiting.value.failure() or Path(waiting.value.path()).stat().st_size < 20:
            self.wrong(f"download: “{action.control.name}” came as {waiting.value.failure() or 'an empty file'}")
        return None
