"""Example texts. Each shows something that heads do. And how a page offers some."""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.ui.url_state import FIRST_TEXT

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


def offer(label: str, texts: Mapping[str, str], key: str, read: Callable[[str], None], *, hidden: bool = False) -> None:
    """Chips of texts by name.

    key: of the widget; read: called with the text of the one that was clicked; hidden: the label is for screen readers
    """
    st.session_state[_flag(key)] = False
    st.pills(
        label,
        list(texts),
        key=key,
        label_visibility="collapsed" if hidden else "visible",
        on_change=_take,
        args=(texts, key, read),
    )


def taken(key: str) -> bool:
    """Whether this run comes from a click on a chip. That also takes the cursor out of the box beside it, whose text is
    then not to be read."""
    return st.session_state.get(_flag(key), False)


def _take(texts: Mapping[str, str], key: str, read: Callable[[str], None]) -> None:
    if (name := st.session_state[key]) in texts:
        st.session_state[key], st.session_state[_flag(key)] = None, True
        read(texts[name])


def _flag(key: str) -> str:
    return f"{key}_taken"
