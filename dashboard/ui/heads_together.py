"""Several heads as one, where one head is drawn: which of them, and whether their mean, their sum or their maximum."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from dashboard.capture import AttentionModel
from dashboard.heads.head_group import ALL, HOWS, TITLES, WHICH
from dashboard.heads.head_id import HeadId, written_heads
from dashboard.heads.view import HeadView
from dashboard.text import Special, Unit
from dashboard.ui import caches, head_picker, session
from dashboard.ui.model_and_text import Reading

BESIDE = {"head": "Nothing more", "pinned": "Pinned heads", "layer": "Layer {}", "all": "All heads"}
BEST = 5  # heads of a ranked list that are taken together
HELP = (
    "One head, or several in one picture: each cell is the mean, the sum or the maximum of their weights. The line "
    "under the picture says how far the heads differ, which the picture does not show."
)
TOO_LONG = (
    f"Several heads at once are drawn for texts of up to {caches.TOKENS_AT_MOST:,} tokens. Here is one head alone."
)


def choose(without: Collection[str] = ("best",)) -> None:
    """The control that chooses them. without: what is not offered; the best only where heads are ranked"""
    which = [one for one in WHICH if one not in without]
    _only(which)
    st.selectbox("Heads", which, format_func=WHICH.__getitem__, width=150, help=HELP, **session.bound("together"))


def choose_beside(layer: int) -> None:
    """The control that chooses what is drawn next to heads that are compared. layer: of the first of them"""
    _only(BESIDE)
    st.selectbox(
        "Next to them",
        list(BESIDE),
        format_func=lambda which: BESIDE[which].format(layer),
        width=150,
        help="Several heads in one more map, to compare with: their mean, their sum or their maximum.",
        **session.bound("together"),
    )


def _only(which: Collection[str]) -> None:
    """One head where what is chosen is not among these, as another page offers it."""
    if session.choices().together not in which:
        session.correct(together="head")


def choose_how() -> None:
    """The control for their mean, their sum or their maximum."""
    st.segmented_control(
        "Taken together",
        list(HOWS),
        required=True,
        format_func=lambda how: TITLES[how].capitalize(),
        **session.bound("how"),
    )


def chosen(model: AttentionModel, head: HeadId, ranked: Sequence[HeadId] = ()) -> str | None:
    """The heads that are taken together, as `attention_together` takes them; None for the head alone. head: the one
    whose layer is meant; ranked: heads, best first"""
    choices = session.choices()
    match choices.together:
        case "best":
            return written_heads(ranked[:BEST]) if len(ranked) > 1 else None
        case "pinned":
            heads = [head for head in choices.pinned if head in model.all_heads]
            return written_heads(heads) if len(heads) > 1 else None
        case "layer":
            return f"layer:{head.layer}" if model.heads_of(head.layer) > 1 else None
        case "all":
            return ALL if len(model.all_heads) > 1 else None
    return None


def alone() -> str:
    """A remark where several heads are chosen and there are not several; else ""."""
    return {
        "head": "",
        "best": "This model has one head. Here it is.",
        "pinned": "Pin two heads or more to see them together. Here is one head alone.",
        "layer": "This layer has one head. Here it is.",
        "all": "This model has one head. Here it is.",
    }[session.choices().together]


def view(this: Reading, heads: str, *, unit: Unit | None = None, special: Special | None = None) -> HeadView:
    """The heads as one view, as the page draws it. unit, special: None for the chosen ones"""
    choices, encoding = session.choices(), this.encoding
    how = (heads, choices.how, unit or choices.unit, special or choices.special)
    return caches.together(this.key, encoding.text, this.bos, *how, this.model, encoding)


def click(key: str) -> None:
    """A click on the picture of all heads with this key: its head is shown, where the picture beside would not change
    otherwise, or its layer."""
    head_picker.click(key)
    if session.choices().together in ("best", "pinned", "all"):
        session.correct(together="head")
