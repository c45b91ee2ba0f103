"""The sidebar, the same on every page: the pages, the model, the text, how it is read, the heads."""

from __future__ import annotations

import streamlit as st

from dashboard.errors import UserError
from dashboard.models import CATALOGUE
from dashboard.ui import model_and_text, pressing, report, session
from dashboard.ui.example_texts import EXAMPLES
from dashboard.ui.layout_width import measure
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.url_state import LONGEST_OTHER, TRAY_SIZE, fits_in_link, to_address

LONGEST_TEXT = 100_000  # characters


def is_drawn() -> bool:
    """Whether this session has seen the sidebar."""
    return "draft_of" in st.session_state


def draw(pages: list) -> None:
    """Draw the sidebar. The links to the pages carry the choices."""
    with st.sidebar:
        _links(pages)
        _model()
        _text()
        _ways_of_reading()
        _tray()
        report.sidebar_section()
        measure()
        pressing.listen()


def _links(pages: list) -> None:
    st.markdown("### Two Heads")
    address = to_address(session.choices())
    with st.container(gap="xxsmall"):
        for page in pages:
            st.page_link(page, query_params=address, width="stretch")
    session.remember_links(address)


def _model() -> None:
    chosen = session.choices().model
    names = list(CATALOGUE) + ([chosen] if chosen not in CATALOGUE else [])
    st.selectbox(
        "Model",
        names,
        format_func=lambda name: CATALOGUE[name].title if name in CATALOGUE else name,
        accept_new_options=True,
        placeholder="A name, a hub id or a folder",
        help="Choose one of the list, or type a hub id (owner/name) or the path of a folder with safetensors.",
        **session.bound("model"),
    )
    if note := model_and_text.note():
        st.caption(_plain(note))


def _text() -> None:
    text = session.choices().text
    if st.session_state.get("draft_of") != text:  # an example, a file or a link changed the text
        st.session_state["draft_of"] = st.session_state["draft"] = text
    with st.form("text_form", border=False, enter_to_submit=True):
        st.text_area("Text", key="draft", height=120, max_chars=LONGEST_TEXT, help="Any language. Ctrl+Enter reads it.")
        st.form_submit_button("Read this text", on_click=_take_draft, width="stretch")
    with st.container(horizontal=True, gap="small"):
        st.menu_button("Examples", list(EXAMPLES), key="example", on_click=_take_example)
        with st.popover("Open a file"):
            st.file_uploader(
                "A text file (UTF-8)",
                type=["txt", "md", "text"],
                key="upload",
                on_change=_take_upload,
                max_upload_size=1,
            )
            if message := st.session_state.get("upload_says"):
                st.caption(message)
        if model_and_text.has_pairs():
            with st.popover("Second text" if session.choices().pair else "Add a second text"):
                st.text_area(
                    "Second text",
                    height=80,
                    max_chars=LONGEST_OTHER,
                    help="Both texts are then read as one sentence pair, as this model's tokenizer joins them.",
                    **session.bound("pair"),
                )
                st.caption("Read together with the first wherever a head of one text is shown.")
    st.caption(model_and_text.counts())
    if not fits_in_link(text):
        st.caption("This text is longer than a link can carry (8 kB): the address reopens everything but the text.")


def _take_draft() -> None:
    session.change(text=st.session_state["draft"], start=0)
    st.session_state["draft_of"] = st.session_state["draft"]


def _take_example() -> None:
    name = st.session_state["example"]
    if name in EXAMPLES:
        session.change(text=EXAMPLES[name], start=0)


def _take_upload() -> None:
    upload = st.session_state["upload"]
    if upload is None:
        return
    try:
        text = upload.getvalue().decode("utf-8-sig")
    except UnicodeDecodeError:
        st.session_state["upload_says"] = "This file is not UTF-8 text. Save it as UTF-8 and open it again."
        return
    cut = len(text) - LONGEST_TEXT
    st.session_state["upload_says"] = f"The last {cut:,} characters of the file were left out." if cut > 0 else ""
    session.change(text=text[:LONGEST_TEXT], start=0)


def _ways_of_reading() -> None:
    st.segmented_control(
        "Unit",
        ["words", "tokens"],
        format_func=str.capitalize,
        required=True,
        help="A word can be several tokens. To a word: the sum over its tokens; from a word: their mean.",
        **session.bound("unit"),
    )
    st.segmented_control(
        "Special tokens",
        ["show", "hide"],
        required=True,
        format_func={"show": "Show", "hide": "Hide and renormalise"}.__getitem__,
        help="Tokens that the model adds itself, like [CLS]. Many heads park their attention there; hidden, "
        "each row is divided by what is left, so that it sums to 100 % again.",
        **session.bound("special"),
    )
    if model_and_text.is_causal():
        st.segmented_control(
            "Start token",
            ["yes", "no"],
            required=True,
            format_func={"yes": "Put in front", "no": "Leave out"}.__getitem__,
            help="This model reads from left to right, and its attention collects on whatever stands first. A start "
            "token in front keeps that off your first word.",
            **session.bound("bos"),
        )


def _tray() -> None:
    tray = session.choices().tray
    st.markdown(
        f"**Tray** · {len(tray)} of {TRAY_SIZE} heads",
        help="Heads to compare. They follow you from page to page and travel in the address.",
    )
    if not tray:
        st.caption("Empty. On Explore, choose a head and add it.")
    with st.container(horizontal=True, gap="small"):
        for head in tray:
            st.button(
                str(head),
                icon=":material/close:",
                key=f"remove_{head}",
                help=f"Take {head} out of the tray",
                on_click=session.remove_from_tray,
                args=(head,),
            )


def notices() -> None:
    """The notices about a link or choice, at the top of the page."""
    if sentences := session.notices():
        st.warning("  \n".join(map(_plain, sentences)), icon=":material/info:")


def problem(error: UserError) -> None:
    st.error(_plain(str(error)), icon=":material/error:")


def _plain(sentence: str) -> str:
    """Escape a notice: it may quote what a person typed, which Streamlit's Markdown must show letter for letter."""
    return escape_markdown(sentence)
