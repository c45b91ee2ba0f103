"""“How likely is it luck?”: the controls of the random heads, and the visitor's own list."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.analyses.chance.random_heads import MOST_HEADS, MOST_PAIRS
from dashboard.analyses.find_heads.by_example import checked
from dashboard.analyses.find_heads.luck import luck_of_pairs
from dashboard.analyses.find_heads.pair_shares import Pair
from dashboard.errors import UserError
from dashboard.heads.luck import Luck
from dashboard.ui import figure, session
from dashboard.ui.components import pair_marker
from dashboard.ui.model_and_text import Reading
from dashboard.ui.page import problem

EXAMPLE = (
    "Anna met Ben in Paris. Ben liked the museum and Anna liked the river. Later Anna wrote a letter to Ben about "
    "Paris, the river and the museum."
)
EXAMPLE_PAIRS = "6 → 2\n11 → 0\n17 → 11\n22 → 6\n24 → 4\n27 → 14\n30 → 9"  # a repeated word and its last mention
_SHARE = "percent"
COLUMNS = {
    "place": "Place",
    "name": "Head",
    "score": st.column_config.NumberColumn("Attention along the pairs", format=_SHARE),
    "expected": st.column_config.NumberColumn("Random pairs", format=_SHARE, help="The mean over random pairs."),
    "beyond": st.column_config.NumberColumn("Beyond these", format=_SHARE),
    "p": st.column_config.NumberColumn("p alone", format="%.2g", help="As if you had looked at this head only."),
    "q": figure.Q,
    "low": st.column_config.NumberColumn("By luck, from", format=_SHARE, help="95\u00a0% of lists, at this place."),
    "high": st.column_config.NumberColumn("to", format=_SHARE),
}


def controls() -> None:
    """How many random heads, how many marked pairs, how strong a planted one is, and another draw."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Random heads", 1, MOST_HEADS, width=130, **session.bound("random_heads"))
        st.number_input("Marked pairs", 1, MOST_PAIRS, width=130, **session.bound("random_pairs"))
        st.slider(
            "Strength of a planted head",
            0,
            100,
            format="%d\u00a0%%",
            width=220,
            help="0: every head is random. Else one head gives each marked pair this much on top of a random share.",
            **session.bound("planted"),
        )
        again = (session.choices().redraw + 1) % 1_000
        st.button("Draw again", icon=":material/casino:", on_click=session.change, kwargs={"redraw": again})


@st.cache_resource(max_entries=16, show_spinner="Drawing random pairs…")
def _luck(key: str, text: str, bos: bool, pairs: tuple[Pair, ...], _this: Reading) -> Luck:
    return luck_of_pairs(_this.model, _this.encoding, pairs, **_this.options)


def own_list(this: Reading, pairs: Sequence[Pair], wrong: str) -> Luck | None:
    """The list of the marked pairs; None, and a sentence that says what to do, if there is none."""
    if not wrong and not pairs:
        st.info("No pair is marked yet. Type one, like says → chef, or use the example.", icon=":material/edit:")
        return None
    try:
        if wrong:
            raise UserError(wrong)
        checked(this.encoding, pairs)
        return _luck(this.key, this.encoding.text, this.bos, tuple(pairs), this)
    except UserError as error:
        problem(error)
        return None


def marked(this: Reading) -> tuple[tuple[Pair, ...], str]:
    """The marked pairs, with the box to type them and the example's button."""
    pair_marker.forget_other_pairs(this.encoding)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_area(
            "Pairs, one per line",
            height=110,
            width=260,
            placeholder="says → chef",
            help="The pairs of “Find heads”: query word, > or →, key word; or their numbers, from 0.",
            **session.bound("pairs"),
        )
        if (session.choices().text, session.choices().pairs) != (EXAMPLE, EXAMPLE_PAIRS):
            st.button(
                "Use an example of 7 pairs",
                icon=":material/format_quote:",
                on_click=session.change,
                kwargs={"text": EXAMPLE, "pairs": EXAMPLE_PAIRS, "start": 0},
            )
    return pair_marker.marked(this.encoding)
