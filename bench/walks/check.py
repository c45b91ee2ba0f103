"""What must hold on every page at every moment. Pure: the screen's state in (`screen.js`), sentences out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from dashboard.models import title_of
from dashboard.ui.frame.top import LONGEST_LABEL
from dashboard.ui.page_list import MODEL, TEXT, Page, at
from dashboard.ui.url_fields import digest, unzipped
from dashboard.ui.url_state import DEFAULTS, FIRST_TEXT

LEAST = 20  # characters under the title of a page
RAISED = re.compile(r"Traceback|\b[A-Z]\w+(?:Error|Exception)\b")
SIGN = re.compile(r"\bZ(?:[a-z]{2}){6}\b")
GROUP = re.compile(r"\b(mean|sum|maximum) of (layer|all heads|L\d)")
SHORT = 12  # words of a text that every picture of it names
KEEPS_TEXTS = {"report"}  # pages that show earlier texts on purpose
DRAWS_WORDS = {"explore", "find_heads", "layers"}


def address_of(url: str) -> dict[str, str]:
    return {name: one[0] for name, one in parse_qs(urlparse(url).query, keep_blank_values=True).items()}


def page_of(url: str) -> Page:
    return at(urlparse(url).path.strip("/"))


def text_of(url: str, known: Collection[str] = ()) -> str | None:
    """The text of an address; None if the address has only the digest of one that is not known."""
    address = address_of(url)
    if (short := address.get("text_id")) is not None:
        return next((text for text in known if digest(text) == short), None)
    return unzipped(address["text_zip"]) if "text_zip" in address else address.get("text", FIRST_TEXT)


def label_of(text: str) -> str:
    """What stands on the button of a text."""
    words = " ".join(text.split())
    if not words:
        return "No text yet"
    return f"“{words if len(words) <= LONGEST_LABEL else words[: LONGEST_LABEL - 1].rstrip() + '…'}”"


def plain(text: str) -> str:
    """Without what has no width."""
    return re.sub(r"[\u2060\u2066-\u2069\u200b]", "", text)


def broken(state: Mapping[str, Any]) -> list[str]:
    """An empty page, an exception, a picture that was not drawn."""
    page, found = page_of(state["url"]), []
    if plain(state["heading"] or "") != (page.heading or page.title):
        found.append(f"page: {urlparse(state['url']).path} has the title {state['heading']!r}")
    if len(state["main"]) < len(state["heading"] or "") + LEAST:
        found.append(f"empty: the page holds only {state['main']!r}")
    found += [f"exception: {one}" for one in state["raised"]]
    found += [f"exception: {one}" for one in state["alerts"] if RAISED.search(one)]
    if state["undrawn"]:
        found.append(f"picture: {state['undrawn']} have not been drawn")
    return found


def stale(state: Mapping[str, Any], typed: Collection[str], known: Collection[str]) -> list[str]:
    """What disagrees with the address: the folded line at the top, the boxes, the words, the head.

    typed: texts that stand in a box and are not read yet; known: all texts of this walk
    """
    url, found = state["url"], []
    page, address, text = page_of(url), address_of(url), text_of(url, known)
    if text is None:
        return ["text: the address has the digest of a text that nobody typed"]
    if TEXT in page.uses and not same(state["text"], label_of(text)):
        found.append(f"text: the address says {text[:60]!r}, the top {state['text']!r}")
    if MODEL in page.uses and not same(state["model"], title_of(address.get("model", DEFAULTS.model))):
        found.append(f"model: the address says {address.get('model', DEFAULTS.model)!r}, the top {state['model']!r}")
    for box in state["boxes"]:
        if not any(same(box, one) for one in (text, *typed)):
            found.append(f"text: the address says {text[:60]!r}, the box {box[:60]!r}")
    if page.name not in KEEPS_TEXTS:
        here = set(SIGN.findall(unquote(url.replace("+", " "))))
        old = set(SIGN.findall(plain(state["whole"]))) - here - signs(typed) - signs([text])
        found += [f"text: {one} of another text is still shown" for one in sorted(old)]
    found += _words(state, page, text) + _head(state, page)
    return found


def signs(texts: Collection[str]) -> set[str]:
    return {one for text in texts for one in SIGN.findall(text)}


def same(shown: str | None, wanted: str) -> bool:
    """Whether these are the same but for white space, which a line of text has in another form."""
    return shown is not None and plain("".join(shown.split())) == plain("".join(wanted.split()))


def _words(state: Mapping[str, Any], page: Page, text: str) -> list[str]:
    """The pictures are of this text."""
    first = (SIGN.findall(text) or text.split() or [""])[0]
    if not first or state["alerts"] or len(text.split()) > SHORT:
        return []
    if page.name == "start" and first not in "".join(map(plain, state["words"])):
        return [f"text: the sentence on Start lacks {first!r}, it says {' '.join(state['words'])[:80]!r}"]
    address = address_of(state["url"])
    if address.get("cutting") == "yes":  # the words are drawn on a canvas
        return []
    by_words = page.name in DRAWS_WORDS and address.get("unit", "words") == "words"
    if by_words and SIGN.fullmatch(first) and first not in plain(state["main"]).replace(plain(state["text"] or ""), ""):
        return [f"text: no picture on {page.name} names {first!r}"]
    return []


def _head(state: Mapping[str, Any], page: Page) -> list[str]:
    """The numbers are of the head that the address names; on “All heads” the picture is too."""
    address, shown = address_of(state["url"]), f"L{state['layer']}H{state['head']}"
    # A page opens on its best head where the address names none, “All heads” only where it is bare
    best = not address if page.name == "explore" else not {"layer", "head"} & address.keys()
    head = shown if best else f"L{address.get('layer', DEFAULTS.layer)}H{address.get('head', DEFAULTS.head)}"
    if None not in (state["layer"], state["head"]) and shown != head:
        return [f"head: the address says {head}, the numbers {shown}"]
    if page.name != "explore" or state["picture"] is None:
        return []
    if address.get("together", "head") != "head" and GROUP.search(state["picture"]):
        return []  # several heads in one picture
    return [] if re.search(rf"\b{head}\b", state["picture"]) else [f"head: {head} is chosen, not {state['picture']!r}"]


def differs(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What a reload has changed: it must bring back the same page, and the same pictures."""
    found = []
    for name in ("url", "heading", "text", "model", "layer", "head"):
        if before[name] != after[name]:
            found.append(f"reload: {name} was {before[name]!r}, now {after[name]!r}")
    for one in before["pictures"]:
        if one not in after["pictures"]:
            found.append(f"reload: no longer drawn: {one!r}; now {after['pictures']}")
    return found
