"""The pages, in the order of the sidebar. Each has one name: of its file in ``pages/``, its address, its topic.

A new page is one line here. Nothing here knows Streamlit.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes
    ----------
    name: of its file in ``pages/``, and its address
    title: what a person reads
    icon: of Google's Material Symbols
    earlier: addresses that versions before gave it; they lead here with all their choices
    """

    name: str
    title: str
    icon: str
    earlier: tuple[str, ...] = ()


PAGES = (
    Page("explore", "Explore", "grid_view", ("start",)),
    Page("compare", "Compare", "compare"),
    Page("inside", "Inside a head", "biotech"),
    Page("query_key", "Queries and keys", "key", ("queries",)),
    Page("profile", "Syntax vs context", "account_tree", ("syntax",)),
    Page("find_heads", "Find heads", "search", ("find",)),
    Page("ablation", "Without a head", "content_cut", ("without",)),
    Page("similarity", "Map of heads", "scatter_plot", ("map",)),
    Page("course", "Ten steps", "school"),
    Page("glossary", "Glossary", "menu_book"),
    Page("gallery", "Gallery", "photo_library"),
    Page("toy", "Toy attention", "calculate"),
    Page("recall", "Before attention", "history", ("before",)),
    Page("long_range", "Long range", "height", ("longrange",)),
    Page("layers", "Through the layers", "layers"),
    Page("corpus", "Corpus", "library_books"),
    Page("models", "Models", "deployed_code"),
)
FIRST = PAGES[0]

LEADS_TO = dict.fromkeys((FIRST.name, *FIRST.earlier), "") | {
    earlier: page.name for page in PAGES[1:] for earlier in page.earlier
}
"""Other addresses → the one that is meant. The first page stands at the bare address."""
