"""The parse of the text on the left, and the two heads that are drawn under it."""

from __future__ import annotations

import streamlit as st

from dashboard.analyses.explore.arcs_chart import COLOURS
from dashboard.analyses.profile.api import row_of
from dashboard.analyses.profile.roles import role_label
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.text import opposites
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView
from dashboard.text import ParsedSentence, not_english, parse
from dashboard.ui import paths, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.missing_model import offer_path
from dashboard.ui.model_and_text import Reading

LONGEST_PARSED = 5_000  # characters of a text whose parse is drawn
PARSER_HELP = (
    "For a text that is not English, or for a parser that you like better: the name of a spaCy model that is installed "
    "here, like de_core_news_sm, or the folder of one. Empty: the English model that comes along."
)


@st.cache_resource(max_entries=64, show_spinner="Parsing…")
def _parsed(text: str, model: str) -> tuple[ParsedSentence, ...]:
    return parse(text, model or None)


def parser() -> None:
    """The control for the spaCy model that parses the text."""
    st.text_input(
        "spaCy model for the parse",
        placeholder="English, comes along",
        width=320,
        help=PARSER_HELP,
        **session.bound("parser"),
    )


def parsed(this: Reading) -> tuple[ParsedSentence, ...]:
    """The parse of the text; empty, and a sentence, if the text is too long to draw, the parser cannot be used, or the
    text is not English and no parser is chosen."""
    text, model = this.encoding.text, session.choices().parser
    if len(text) > LONGEST_PARSED:
        st.caption(
            f"The parse is drawn of texts up to {LONGEST_PARSED:,} characters. Choose a shorter one on the left."
        )
        return ()
    if not model and not_english(text):
        st.info(
            "No parse is drawn: the parser that comes along knows English, and this text does not seem to be English. "
            "Name a spaCy model for its language above.",
            icon=":material/info:",
        )
        return ()
    try:
        paths.check_parser(model)
        return _parsed(text, model)
    except paths.NotChosenHere as refused:
        offer_path(refused, "parser")
        return ()
    except UserError as wrong:
        st.warning(escape_markdown(f"No parse is drawn. {wrong}"), icon=":material/info:")
        return ()


def two_heads(profile: Profile) -> list[tuple[HeadId, str, str | None]]:
    """The two heads to draw, each with what it is and the role that colours it: those that are furthest apart, or the
    first two pinned ones where a person prefers them. None where the profile has no figures."""
    pinned = session.choices().pinned
    if len(pinned) > 1:
        st.segmented_control(
            "Which two",
            ["opposites", "tray"],
            required=True,
            **session.bound("two"),
            format_func={"opposites": "The furthest apart", "tray": "The first two pinned"}.__getitem__,
        )
    if len(pinned) > 1 and session.choices().two == "tray":
        heads, titles = pinned[:2], ("", "")
    elif (pair := opposites(profile.heads)) is not None:
        heads, titles = pair, ("The most syntactic head", "The most contextual head")
    else:
        return []
    labelled = []
    for head, title in zip(heads, titles, strict=True):
        row = row_of(profile, head)
        named = f"{title}: {head}" if title else f"{head}: {role_label(row['role'], float(row['active']))}"
        labelled.append((head, named, row["role"] if row["role"] in COLOURS else None))
    return labelled


def over_words(this: Reading, *heads: HeadId) -> tuple[list[HeadView], list[HeadView]]:
    """These heads over the words of the text without special tokens: their weights, for the figures, and the weights or
    contributions to draw, on one scale."""
    if not heads:
        return [], []
    return this.views(*heads, unit="words", special="hide"), this.chosen_views(*heads, unit="words", special="hide")
