"""Example texts. Each shows something that heads do. And how a page offers some."""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.ui.session import mark_widget_run
from dashboard.ui.url_state import FIRST_TEXT

_TAKEN = "example_taken"  # the chips one of which was clicked in this run

EXAMPLES: dict[str, str] = {
    "A chef and her ramen": FIRST_TEXT,
    "Who is she? (a name mentioned again)": (
        "Maria gave Ana the keys because she was leaving early. Ana thanked her and locked the door behind Maria."
    ),
    "Agreement at a distance": (
        "The keys to the cabinet in the old house near the river were on the table, but nobody who came saw them."
    ),
    "The beginning of a long text": (
        "Ramen arrived in Osaka with a cook named Sato. For years he sold it from a cart near the station. "
        "The cart became a shop, the shop became three, and the sons took over while he grew old. "
        "Critics wrote about the broth, about the noodles, about the queue that reached the corner. "
        "Tourists came with maps and left with photographs. Through all of it the recipe stayed the same, "
        "and when people asked who had made the first bowl, the sons still answered with one name: Sato."
    ),
    "The same words twice": (
        "One red bird saw two grey cats near seven old trees. One red bird saw two grey cats near seven old trees."
    ),
    "Two meanings of one word": "The bank of the river was muddy, so she walked to the bank and asked for a loan.",
    "A garden path": "The horse raced past the barn fell because the rider who trained it had left the gate open.",
    "Many languages": "Ramen, 拉麺, रामेन, رامن, ラーメン and 🍜 are the same dish; the chef says “itadakimasu”.",
}


def offer(label: str, texts: Mapping[str, str], key: str, read: Callable[[str], None]) -> None:
    """Chips of texts by name.

    label: "" for none; key: of all chips; read: called with the text of the one that was clicked
    """
    if label:
        st.caption(label)
    with st.container(key=key, horizontal=True, gap="small"):
        for name, text in texts.items():
            st.button(name, key=f"{key}_{name}", on_click=_take, args=(text, key, read))


def taken(key: str) -> bool:
    """Whether this run comes from a click on a chip. That also takes the cursor out of the box beside it, whose text is
    then not to be read."""
    return key in st.session_state.get(_TAKEN, ())


def begin() -> None:
    """The callbacks of this run are over: what is typed from now on is newer than the chip. A run may end at any
    moment after this, so it stands before all that is drawn."""
    st.session_state[_TAKEN] = ()


def _take(text: str, key: str, read: Callable[[str], None]) -> None:
    mark_widget_run()
    st.session_state[_TAKEN] = (key,)
    read(text)
