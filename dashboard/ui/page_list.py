"""The pages, in the order of the sidebar. A page has one name, for its file in ``pages/``, its address and its topic.

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
    group: the heading that it stands under in the sidebar; "": none
    earlier: its addresses in earlier versions; they redirect here with all their choices
    heading: what stands at its top, where that is not the title
    next: the page that its foot leads to; "": none
    uses: of `MODEL`, `TEXT` and `READING`, what acts on this page and so stands at its top; `PARTS` where it reads
        every part of an encoder–decoder, and not the encoder alone; `LONG` where it reads longer texts than others;
        `WEIGHTS` where attention weights are enough, as of a file without a model that runs
    """

    name: str
    title: str
    icon: str
    group: str = ""
    earlier: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    heading: str = ""
    next: str = ""


MODEL, TEXT, READING, PARTS, LONG, WEIGHTS = "model", "text", "reading", "parts", "long", "weights"
_ALL = (TEXT, MODEL, READING)
LEARN, YOURS, EVIDENCE, LIBRARY = "Learn", "Your text", "Evidence", "Library"
GROUPS = ("", LEARN, YOURS, EVIDENCE, LIBRARY)

PAGES = (
    Page("start", "Start", "home", uses=(MODEL,), heading="See where attention looks"),
    Page("course", "Ten steps", "school", LEARN, uses=(TEXT, MODEL), next="recall"),
    Page("recall", "Why attention?", "history", LEARN, ("before",), next="toy"),
    Page("toy", "Attention by hand", "calculate", LEARN, next="inside"),
    Page("inside", "Inside a head", "biotech", LEARN, uses=(*_ALL, PARTS), next="profile"),
    Page("gallery", "Gallery", "photo_library", LEARN, next="explore"),
    Page("glossary", "Glossary", "menu_book", LEARN, next="course"),
    Page("explore", "All heads", "grid_view", YOURS, uses=(*_ALL, PARTS, LONG, WEIGHTS)),
    Page("compare", "Compare", "compare", YOURS, uses=(*_ALL, PARTS, WEIGHTS)),
    Page("find_heads", "Find heads", "search", YOURS, ("find",), uses=(*_ALL, PARTS, WEIGHTS)),
    Page("writing", "What the model writes", "edit_note", YOURS, uses=_ALL),
    Page("layers", "Layer by layer", "layers", YOURS, uses=(*_ALL, PARTS)),
    Page("profile", "Syntax vs context", "account_tree", EVIDENCE, ("syntax",), uses=_ALL),
    Page("edit", "Cut a link", "link_off", EVIDENCE, uses=(*_ALL, PARTS)),
    Page("ablation", "Ablation", "content_cut", EVIDENCE, ("without",), uses=(*_ALL, PARTS)),
    Page("attribution", "What decided?", "gavel", EVIDENCE, uses=_ALL),
    Page("patching", "Carry a head over", "move_up", EVIDENCE, uses=(MODEL,)),
    Page("similarity", "Head map", "scatter_plot", EVIDENCE, ("map",), uses=(MODEL, PARTS)),
    Page("query_key", "Queries and keys", "key", EVIDENCE, ("queries",), uses=(MODEL, PARTS)),
    Page("long_range", "Long range", "height", EVIDENCE, ("longrange",), uses=(MODEL, READING)),
    Page("chance", "How likely is it luck?", "casino", EVIDENCE, uses=(*_ALL, WEIGHTS)),
    Page("corpus", "Corpora", "library_books", LIBRARY, uses=(MODEL,)),
    Page("report", "Report", "summarize", LIBRARY),
    Page("models", "Models", "deployed_code", LIBRARY, uses=(MODEL, WEIGHTS)),
)
FIRST = PAGES[0]
BY_NAME = {page.name: page for page in PAGES}

LEADS_TO = dict.fromkeys((FIRST.name, *FIRST.earlier), "") | {
    earlier: page.name for page in PAGES[1:] for earlier in page.earlier
}
"""Other addresses → the one that is meant. The first page stands at the bare address."""


def grouped() -> dict[str, list[Page]]:
    """The pages by group, in the order of `GROUPS`; groups without a page are left out."""
    by_group = {group: [page for page in PAGES if page.group == group] for group in GROUPS}
    return {group: pages for group, pages in by_group.items() if pages}


def at(address: str) -> Page:
    """The page at this address, which may be one of versions before; the first one at the bare address."""
    return BY_NAME[LEADS_TO.get(address, address) or FIRST.name]
