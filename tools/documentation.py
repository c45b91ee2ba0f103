"""The pages that `make docs` adds to docs/: the documents of the repository's root, and a reference for each topic.

The reference follows `dashboard/__init__.pyi`: a name that is public there is described here, under its topic.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
PLACES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Document of the root → its path on the site."""

LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)(#[^)\s]*)?\)")
"""A link to a file of the repository, with its anchor."""

TITLES = {
    "models": "Models, heads and files",
    "contribution": "Contribution and rollout",
    "explore": "Attention of one head",
    "inside": "Inside a head",
    "layers": "Layer by layer",
    "notebook": "A widget for notebooks",
    "profile": "Profiles of a corpus",
    "query_key": "Queries and keys",
    "recall": "Recurrent networks and attention",
    "scores": "Scores of all heads",
    "similarity": "Similarity of heads",
    "toy": "Attention by hand",
}
"""Topic → title of its reference page, if that is not its name. Other names outside the analyses are under "models"."""


def title_of(topic: str) -> str:
    return TITLES.get(topic, topic.replace("_", " ").capitalize())


def public_names() -> dict[str, list[tuple[str, str]]]:
    """Topic → (name, module) of everything that ``from dashboard import …`` offers, in the order of the stub."""
    stub = ast.parse((ROOT / "dashboard" / "__init__.pyi").read_text(encoding="utf-8"))
    found: dict[str, list[tuple[str, str]]] = {"models": []}
    for node in stub.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = node.module.split(".")
            topic = parts[1] if parts[0] == "analyses" else parts[0] if parts[0] == "notebook" else "models"
            found.setdefault(topic, []).extend(
                (name.name, f"dashboard.{node.module}.{name.name}") for name in node.names
            )
    return found


def reference() -> dict[str, str]:
    """Path → Markdown of each reference page, the first with links to all others."""
    pages, rows = {}, []
    for topic, names in public_names().items():
        described = "\n".join(f"::: {place}\n" for _, place in names)
        pages[f"reference/{topic}.md"] = f"# {title_of(topic)}\n\n{described}"
        listed = ", ".join(f"[`{name}`][{place}]" for name, place in names)
        rows.append(f"| [{title_of(topic)}]({topic}.md) | {listed} |")
    opening = (
        "# Reference\n\nAll that `from dashboard import …` offers, by topic.\n\n| topic | names |\n| --- | --- |\n"
    )
    return {"reference/index.md": opening + "\n".join(rows) + "\n"} | pages


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    config.nav = [
        {"Reference": ["reference/index.md", *(f"reference/{topic}.md" for topic in public_names())]}
        if entry == "reference"
        else entry
        for entry in config.nav
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, place in PLACES.items():
        files.append(File.generated(config, place, content=(ROOT / name).read_text(encoding="utf-8")))
    for place, content in reference().items():
        files.append(File.generated(config, place, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as they are in the repository → as they are on the site."""

    def moved(link: re.Match) -> str:
        target = link[1].removeprefix("../").removeprefix("docs/")
        return f"]({PLACES.get(target, target)}{link[2] or ''})"

    return LINK.sub(moved, markdown)
