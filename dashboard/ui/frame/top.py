"""The top of every page, always in sight: its title, and the choices that act on it, each folded to one button.

The text, the model, how the text is read; the pinned heads and the report follow a person from page to page.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import serving
from dashboard.models import title_of
from dashboard.ui import head_names, head_picker, model_and_text, report, session
from dashboard.ui.frame import example_texts, in_menu
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.page import to_page
from dashboard.ui.page_list import MODEL, PARTS, READING, TEXT, Page
from dashboard.ui.url_fields import fits_in_link
from dashboard.ui.url_state import LONGEST_OTHER, MOST_PINS

EXAMPLE = "example"  # the key of the chips
LONGEST_TEXT = 100_000  # characters
LONGEST_LABEL = 34  # characters of the text that stand on its button


def draw(page: Page) -> None:
    """The controls of this page. The title comes before them."""
    if TEXT in page.uses:
        _text(PARTS in page.uses)
    if MODEL in page.uses:
        _model()
    if READING in page.uses:
        _reading()
    _pinned()
    report.counter()


def notes(page: Page) -> None:
    """The notes on how the text was read, under the top."""
    if TEXT in page.uses and (sentences := model_and_text.reading_remarks()):
        st.caption("  \n".join(f"**{escape_markdown(sentence)}**" for sentence in sentences))


def _text(parts: bool) -> None:
    """parts: whether the page reads a target as well"""
    text = session.choices().text
    key = in_menu.key_of("draft", text)
    st.session_state[key] = text
    with st.popover(_label(text), icon=":material/notes:", key="text_menu"):
        st.text_area(
            "Text",
            key=key,
            height=120,
            max_chars=LONGEST_TEXT,
            help="Any language. Press Ctrl+Enter or click elsewhere to read it.",
            on_change=_take_draft,
            args=(key,),
        )
        st.button("Read this text", on_click=_take_draft, args=(key,), width="stretch")
        st.caption(model_and_text.counts())
        if not fits_in_link(text):
            st.caption("This text is too long for a link (over 8 kB). The address reopens everything except the text.")
        example_texts.offer("Or try", example_texts.EXAMPLES, EXAMPLE, _read)
        st.file_uploader(
            "Or open a text file (UTF-8)",
            type=["txt", "md", "text"],
            key="upload",
            on_change=_take_upload,
            max_upload_size=1,
        )
        if message := st.session_state.get("upload_message"):
            st.caption(message)
        if parts and model_and_text.has_parts():
            st.text_area(
                "Target",
                height=80,
                max_chars=LONGEST_OTHER,
                help="What the decoder reads; the text is its source. For the decoder's heads and cross attention.",
                **in_menu.bound("target"),
            )
        if model_and_text.has_pairs():
            st.text_area(
                "Second text (optional)",
                height=80,
                max_chars=LONGEST_OTHER,
                help="Both texts are read as one sentence pair, joined by the tokenizer of this model.",
                **in_menu.bound("pair"),
            )


def _label(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        return "No text yet"
    short = words if len(words) <= LONGEST_LABEL else words[: LONGEST_LABEL - 1].rstrip() + "…"
    return f"“{escape_markdown(short)}”"


def _take_draft(key: str) -> None:
    if example_texts.taken(EXAMPLE):
        return
    in_menu.chosen("draft", st.session_state[key])
    _read(st.session_state[key])


def _read(text: str) -> None:
    session.change(text=text, start=0)


def _take_upload() -> None:
    upload = st.session_state["upload"]
    if upload is None:
        return
    try:
        text = upload.getvalue().decode("utf-8-sig")
    except UnicodeDecodeError:
        st.session_state["upload_message"] = "This file is not UTF-8 text. Save it as UTF-8 and open it again."
        return
    cut = len(text) - LONGEST_TEXT
    st.session_state["upload_message"] = f"The last {cut:,} characters of the file were left out." if cut > 0 else ""
    _read(text[:LONGEST_TEXT])


def _model() -> None:
    chosen = session.choices().model
    title = Path(chosen).name if Path(chosen).is_absolute() else title_of(chosen)  # a whole path fits no phone
    with st.popover(escape_markdown(title), icon=":material/deployed_code:", key="model_menu"):
        st.selectbox(
            "Model",
            **head_picker.models_to_choose(chosen),
            help="The models of this server."
            if serving.for_others()
            else "Choose one from the list, or type a hub id (owner/name) or the path of a folder with safetensors.",
            **in_menu.bound("model"),
        )
        if note := model_and_text.note():
            st.caption(escape_markdown(note))


def _reading() -> None:
    with st.popover("Options", icon=":material/tune:", key="reading_menu"):
        st.segmented_control(
            "Unit",
            ["words", "tokens"],
            format_func=str.capitalize,
            required=True,
            help=(
                "A word can have several tokens. Attention to a word is the sum over its tokens; attention from a "
                "word is their mean."
            ),
            **in_menu.bound("unit"),
        )
        st.segmented_control(
            "Special tokens",
            ["show", "hide"],
            required=True,
            format_func={"show": "Show", "hide": "Hide and renormalise"}.__getitem__,
            help=(
                "Tokens that the model adds, like [CLS]. Many heads put most of their attention there. When they are "
                "hidden, each row is rescaled to sum to 100 %."
            ),
            **in_menu.bound("special"),
        )
        if model_and_text.is_causal():
            st.segmented_control(
                "Start token",
                ["yes", "no"],
                required=True,
                format_func={"yes": "Put in front", "no": "Leave out"}.__getitem__,
                help=(
                    "In a causal model, much attention collects on the first token. A start token takes it instead "
                    "of your first word."
                ),
                **in_menu.bound("bos"),
            )


def _pinned() -> None:
    pins = session.choices().pins
    with st.popover(f"{len(pins)} pinned", icon=":material/keep:", key="pinned_menu"):
        if not pins:
            st.caption("No head is pinned. Choose one on “All heads” and pin it: it follows you from page to page.")
            return
        st.caption(f"{len(pins)} of {MOST_PINS} pins. They follow you from page to page and are part of the address.")
        names = head_names.of_chosen_model()
        for pin in pins:
            with st.container(horizontal=True, gap="small"):
                name = f"{title_of(pin.model)} {pin.head}" if pin.model else str(pin.head)
                called = None if pin.model else names.get(pin.head)
                st.button(
                    escape_markdown(name if called is None else f"{name} · {called.text}"),
                    key=f"show_{name}",
                    help=f"Show {pin.head}"
                    + (f" of {escape_markdown(title_of(pin.model))}" if pin.model else "")
                    + ("" if called is None else f". {escape_markdown(called.evidence)}"),
                    on_click=session.show_pin,
                    args=(pin,),
                    width="stretch",
                )
                st.button(
                    "Unpin",
                    key=f"remove_{name}",
                    on_click=session.unpin,
                    args=(pin,),
                )
        if len(session.choices().pinned) > 1:
            to_page("compare", "Compare them", ":material/compare:")
