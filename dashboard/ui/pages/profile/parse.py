"""The parse of the text on show, and by which spaCy model."""

from __future__ import annotations

import streamlit as st

from dashboard.errors import UserError
from dashboard.text import ParsedSentence, not_english, parse
from dashboard.ui import paths, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.missing_model import offer_path
from dashboard.ui.model_and_text import Reading

LONGEST_PARSED = 5_000  # characters of a text whose parse is drawn
PARSER_HELP = (
    "For a text in another language, or another parser: the name of an installed spaCy model, like de_core_news_sm, "
    "or its folder. Empty: the built-in English model."
)


@st.cache_resource(max_entries=64, show_spinner="Parsing…")
def _parsed(text: str, model: str) -> tuple[ParsedSentence, ...]:
    return parse(text, model or None)


def parser() -> None:
    """Which spaCy model parses the text."""
    with st.popover("Parser", icon=":material/account_tree:", key="parser_menu"):
        st.text_input(
            "spaCy model for the parse",
            placeholder="Built-in English model",
            width=320,
            help=PARSER_HELP,
            **session.bound("parser"),
        )


def parsed(this: Reading) -> tuple[ParsedSentence, ...]:
    """The parse of the text; empty, and a sentence, if the text is too long to draw, the parser cannot be used, or the
    text is not English and no parser is chosen."""
    text, model = this.encoding.text, session.choices().parser
    if len(text) > LONGEST_PARSED:
        st.caption(f"The parse is drawn of texts up to {LONGEST_PARSED:,} characters. This text is longer.")
        return ()
    if not model and not_english(text):
        st.caption(
            "No parse is drawn: the built-in parser knows English, and this text does not seem to be English. Name a "
            "spaCy model for its language under “Parser”."
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
