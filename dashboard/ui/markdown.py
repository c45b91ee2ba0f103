"""Text from outside, as Streamlit's Markdown shows it letter for letter."""

from __future__ import annotations

import re
from pathlib import Path

from dashboard import serving
from dashboard.charts.labels import turned
from dashboard.files import cache_dir
from dashboard.installed import HOME

_JOINER = "\u2060"  # has no width; breaks what Streamlit would read as a link, an icon or an arrow
_PATH = re.compile(r"“(?:[A-Za-z]:)?[/\\][^“”]*?([^“”/\\]+)[/\\]?”")
_COMMAND = re.compile(r"“((?:python -m dashboard|two-heads) [^”`\n]+)”")


def escape_markdown(text: str) -> str:
    """Text as Streamlit's Markdown shows it letter for letter: no links, colours, formulas, icons or HTML.

    A command in the text is set as code, so that it can be copied.
    """
    parts = _COMMAND.split(text)
    return "".join(f"`{part}`" if k % 2 else _escaped(part, k, len(parts)) for k, part in enumerate(parts))


def error_said(error: Exception | str) -> str:
    """An error's own sentence, as Streamlit's Markdown shows it. A server for others names no folders of its machine:
    of a quoted path it says the last part."""
    said = str(error)
    if serving.for_others():
        for place in sorted({str(cache_dir()), str(HOME), str(Path.home())}, key=len, reverse=True):
            said = re.sub(re.escape(place) + r"[/\\]?(visitors[/\\][0-9a-f]{32}[/\\])?", "", said)
        said = _PATH.sub(r"“\1”", said)
    return escape_markdown(said)


def _escaped(text: str, k: int, parts: int) -> str:
    """Part k of the text, escaped; spaces at both ends of the whole text are removed.

    Backslashes escape Markdown's own signs. Web addresses, icons (`:material/…:`) and typographic arrows are found
    after that, so an invisible character separates their parts. Line ends become spaces.
    """
    text = re.sub(r"[^\S\u00a0\u202f]+", " ", text)  # "17 %" stays together
    text = text.lstrip() if k == 0 else text
    text = text.rstrip() if k == parts - 1 else text
    text = re.sub(r"([\\`*_{}\[\]()#+\-.!|$~<>:^&=])", r"\\\1", text)
    return re.sub(r"([:@<>=~-])(?=\S)|(?i:(?<=www))(?=\\)", rf"\1{_JOINER}", text)


def words_apart(sentence: str) -> str:
    """A sentence in which each quoted word that reads from right to left is isolated (U+2068, U+2069).

    Such a word would move the figures and signs after it to its other side: “…” (100 %) became (% 100) ”…“.
    """
    return re.sub("“([^“”]+)”", lambda word: f"“\u2068{word[1]}\u2069”" if turned(word[1]) else word[0], sentence)
