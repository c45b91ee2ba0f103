"""Our docstrings as Markdown, for the reference: their sections become lists.

A section is ``Parameters`` or ``Attributes``, underlined, and then a line for each name, ``rows, keys: what they are``;
a continued line is indented.
"""

from __future__ import annotations

import re

import griffe

_SECTION = re.compile(r"^(Parameters|Attributes)\n-{4,}\n((?:.*\S.*(?:\n|$))*)", re.MULTILINE)


class Sections(griffe.Extension):
    """Rewrites each docstring after it is read."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(docstring: str) -> str:
    """The docstring with a list in place of each section."""
    return _SECTION.sub(lambda found: f"**{found[1]}**\n\n{_list(found[2])}\n", docstring)


def _list(lines: str) -> str:
    entries: list[str] = []
    for line in lines.rstrip().split("\n"):
        if line.startswith(" ") and entries:
            entries[-1] += f"\n    {line.strip()}"
            continue
        for one in re.split(r"(?<=[^,]); (?=\w+(?:, \w+)*: )", line):
            names, colon, what = one.partition(": ")
            quoted = ", ".join(f"`{name.strip()}`" for name in names.split(","))
            entries.append(f"- {quoted}: {what}" if colon else f"- {one}")
    return "\n".join(entries)
