"""The parts of “What the model writes”: the prompt, writing on and stopping, the token on show and its heads."""

from __future__ import annotations

import time
from dataclasses import astuple, dataclass

import streamlit as st

from dashboard.analyses.logit_attribution.api import logit_components
from dashboard.analyses.logit_attribution.components_chart import largest_heads
from dashboard.analyses.logit_attribution.parts import LogitParts
from dashboard.analyses.writing.api import chat_prompt, finished
from dashboard.analyses.writing.sampling import Sampling
from dashboard.analyses.writing.tokens import Written, WrittenToken, open_ended, spelled, written_tokens
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId, from_selection
from dashboard.text import Encoding
from dashboard.text.chat import has_chat
from dashboard.ui import caches, figure, session
from dashboard.ui.figure import Click
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import Opened, text_or_end
from dashboard.ui.page import end_page, problem, to_page
from dashboard.ui.results_cache import cached
from dashboard.ui.url_fields import chosen_text
from dashboard.ui.url_state import MOST_WRITTEN

MORE = 20  # tokens that a further click writes
LEFT = 30.0  # seconds without a token, after which a person has left the page
SHOWN = 400  # characters of the prompt over what is written
GOING = "writing"  # in the session: what is being written, and when its last token came


@dataclass(frozen=True, eq=False)
class Request:
    """What is written on, and how. key: names it, in strings and numbers"""

    opened: Opened
    prompt: Encoding
    sampling: Sampling
    key: tuple


@st.cache_resource(max_entries=64, show_spinner=False)
def _held(key: tuple) -> dict[int, WrittenToken]:
    """The tokens that were written for a request, by their place: filled as they come, so a stop loses none."""
    return {}


@cached("Reading which heads wrote it…")
def _components(
    key: str, ids: tuple[int, ...], query: int, piece: int, _model: AttentionModel, _encoding: Encoding
) -> LogitParts:
    return logit_components(_model, _encoding, query, piece)


def controls(this: Opened) -> Sampling:
    """How many tokens are written, and how they are chosen."""
    chosen = session.choices()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Tokens", 1, MOST_WRITTEN, step=1, width=120, help="How many at most.", **session.bound("write")
        )
        st.number_input(
            "Temperature",
            0.0,
            5.0,
            step=0.1,
            width=130,
            help="0: each token is the most probable one. Above 0: tokens are drawn with probability ∝ exp(logit / "
            "temperature). 1 keeps the model’s own probabilities; more makes rare tokens likelier.",
            **session.bound("temperature"),
        )
        drawn = chosen.temperature > 0
        for field, label, most, says in (
            ("top_k", "Top k", 1_000_000, "Draw among this many most probable tokens. 0: among all."),
            ("seed", "Seed", 999_999, "The same seed draws the same tokens."),
        ):
            st.number_input(label, 0, most, step=1, width=120, disabled=not drawn, help=says, **session.bound(field))
        if has_chat(this.model.loaded.tokenizer):
            st.segmented_control(
                "The text is",
                ["no", "yes"],
                required=True,
                format_func={"no": "A text to continue", "yes": "A chat message"}.__getitem__,
                help="A chat message is put between the roles of the model’s own chat template. The model then "
                "writes its answer.",
                **session.bound("chat"),
            )
    return Sampling(round(chosen.temperature, 6), chosen.top_k, chosen.seed) if drawn else Sampling()


def prompt_of(this: Opened, sampling: Sampling) -> Request:
    """The text at the top as a prompt, shown with its roles if it is a chat message; else the page ends."""
    read = text_or_end(this).encoding
    try:
        if session.choices().chat == "yes" and has_chat(this.model.loaded.tokenizer):
            text = chat_prompt(this.model, read.text)
            st.caption("The prompt with its roles:")
            st.code(text.rstrip("\n"), language=None, wrap_lines=True)
            read = caches.encoding(this.key, text, this.bos, this.model)
        prompt = open_ended(read)
    except UserError as wrong:
        problem(wrong)
        end_page()
    return Request(this, prompt, sampling, (this.key, str(prompt.text), this.bos, *astuple(sampling)))


def write_on(asked: Request) -> Written | None:
    """The button that writes, and the one that stops; what is written, also while it comes. None before the first."""
    held, wanted, model = _held(asked.key), session.choices().write, asked.opened.model
    going, since = st.session_state.get(GOING, (None, 0.0))
    buttons, text, line = st.empty(), st.empty(), st.empty()
    if going == asked.key and time.monotonic() - since < LEFT and _more(asked, _run(held), wanted):
        buttons.button("Stop", icon=":material/stop:", key="stop_writing", on_click=_stop)
        try:
            done = _run(held)
            for token in written_tokens(model, asked.prompt, wanted, asked.sampling, [one.id for one in done]):
                held[token.place] = token
                done.append(token)
                st.session_state[GOING] = asked.key, time.monotonic()
                _show(text, asked, done)
                said = f"{len(done):,} of {wanted:,} tokens. The last, “{token.label}”: {percent(token.p)}."
                line.caption(escape_markdown(said))
        except UserError as wrong:
            problem(wrong)
        _stop()
        line.empty()
    done = _run(held)[:wanted]
    _button(buttons, asked, done, wanted)
    if not done:
        return None
    _show(text, asked, done)
    return finished(model, asked.prompt, done, asked.sampling, bos=asked.opened.bos)


def on_show(found: Written) -> int:
    """The written token on show, and the controls that step back and forth."""
    place = min(session.choices().written, len(found.tokens) - 1)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Back",
            icon=":material/chevron_left:",
            key="token_back",
            disabled=place == 0,
            on_click=session.change,
            kwargs={"written": place - 1},
            help="The token before",
        )
        tied = session.bound("written")
        st.session_state[tied["key"]] = place
        st.selectbox(
            "Written token",
            range(len(found.tokens)),
            format_func=lambda k: f"{k + 1} {found.tokens[k].label}",
            width=220,
            **tied,
        )
        st.button(
            "Next",
            icon=":material/chevron_right:",
            key="token_next",
            disabled=place == len(found.tokens) - 1,
            on_click=session.change,
            kwargs={"written": place + 1},
            help="The token after",
        )
    return place


def choose_head(key: str) -> Click:
    """A click on one of the heads that wrote a token."""
    return Click(_take_head, "head", key, "wrote")


def heads_of(asked: Request, found: Written, place: int) -> LogitParts | None:
    """What each part of the model gave to a written token's logit; None, and a small line, if that cannot be told."""
    this, whole, query = asked.opened, found.encoding, found.position(place) - 1
    try:
        return _components(this.key, whole.ids, query, found.tokens[place].id, this.model, whole)
    except UserError as wrong:
        figure.remark(str(wrong))
        return None


def links(found: Written, parts: LogitParts) -> None:
    """Links to the pages of one of the heads drawn: the chosen one if it is among them, else the first."""
    heads = largest_heads(parts)
    head: HeadId = session.choices().chosen if session.choices().chosen in heads else heads[0]
    there = chosen_text(found.encoding.text) | {"chat": "no", "pair": "", "query": parts.query} | head.choice
    with st.container(horizontal=True, gap="medium"):
        to_page("inside", f"Inside {head}", ":material/biotech:", **there)
        to_page("explore", f"{head} on “All heads”", ":material/grid_view:", **there)


def read_everywhere(asked: Request, found: Written) -> None:
    """The button that makes prompt and written text the text of every page."""
    st.button(
        "Read on every page",
        icon=":material/menu_book:",
        help="Prompt and written text become the text at the top.",
        on_click=session.change,
        kwargs=chosen_text(found.encoding.text) | {"chat": "no"},
    )
    this = asked.opened
    try:
        same = caches.encoding(this.key, str(found.encoding.text), this.bos, this.model).ids == found.encoding.ids
    except UserError:
        same = False
    if not same:
        figure.remark(
            "Read as a text, this has other tokens than the model wrote. The tokenizer knows a shorter way to write "
            "it, or the text is too long to be read whole."
        )


def _run(held: dict[int, WrittenToken]) -> list[WrittenToken]:
    """The tokens from the first one on, without a gap."""
    found: list[WrittenToken] = []
    while len(found) in held:
        found.append(held[len(found)])
    return found


def _more(asked: Request, done: list[WrittenToken], wanted: int) -> bool:
    """Whether more of the wanted tokens can be written."""
    return len(done) < wanted and not (done and done[-1].ends) and _room(asked, done) > 0


def _room(asked: Request, done: list[WrittenToken]) -> int:
    return asked.opened.model.limit - len(asked.prompt) - len(done)


def _button(place, asked: Request, done: list[WrittenToken], wanted: int) -> None:
    ended = bool(done) and done[-1].ends
    if ended:
        place.caption("The model ended its text here.")
    elif _room(asked, done) <= 0:
        place.caption(f"{escape_markdown(asked.opened.model.title)} takes no longer text.")
    elif len(done) >= wanted >= MOST_WRITTEN:
        place.caption(f"{MOST_WRITTEN} tokens are the most that this page writes.")
    else:
        more = min(MOST_WRITTEN, max(wanted, len(done) + MORE if len(done) >= wanted else wanted))
        label = "Write" if not done else f"Write {more - len(done)} more"
        place.button(
            label, icon=":material/edit_note:", type="primary", key="write_on", on_click=_go, args=(asked.key, more)
        )


def _go(key: tuple, count: int) -> None:
    if count != session.choices().write:
        session.change(write=count)
    st.session_state[GOING] = key, time.monotonic()


def _stop() -> None:
    st.session_state.pop(GOING, None)


def _show(place, asked: Request, done: list[WrittenToken]) -> None:
    """The end of the prompt and what is written, letter for letter."""
    before = asked.prompt.text
    shown = before if len(before) <= SHOWN else f"…{before[-SHOWN:]}"
    written = spelled(asked.opened.model, asked.prompt, [token.id for token in done if not token.ends])
    place.code(shown + written, language=None, wrap_lines=True)


def take_token(key: str) -> None:
    points = session.selected(key).get("token")
    if points and points[0].get("place") is not None:
        session.change(written=int(points[0]["place"]))


def _take_head(key: str) -> None:
    if points := session.selected(key).get("head"):
        session.change(**from_selection(points[0]).choice)
