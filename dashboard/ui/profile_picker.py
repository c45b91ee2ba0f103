"""The profile of the chosen model, and clicks and dragged boxes on its picture."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import pandas as pd
import streamlit as st

from dashboard import serving
from dashboard.analyses.profile.library import LibraryEntry, profiles_of, read_profile
from dashboard.analyses.profile.tables import Profile
from dashboard.corpus.builtin import builtin_size
from dashboard.errors import UserError
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId, heads_of
from dashboard.installed import COMMAND, HOME
from dashboard.ui import head_picker, session
from dashboard.ui.frame import address
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import Opened
from dashboard.ui.page import end_page, problem
from dashboard.ui.server import this_run
from dashboard.ui.url_state import MOST_PINS

CORPUS = str(HOME / "pages" / "corpus.py")


@st.cache_resource(max_entries=6, show_spinner="Reading the profile…")
def _read(folder: str, stamp: int) -> Profile:
    return read_profile(folder)


def _read_kept(kept: LibraryEntry) -> Profile:
    return _read(str(kept.folder), (kept.folder / "profile.json").stat().st_mtime_ns)


def first_of(this: Opened) -> Profile | None:
    """The model's profile that “Syntax vs context” shows, else its first one; None if it has none."""
    entries = this_run.once(("profiles", this.key), lambda: profiles_of(this.model))
    there = {entry.name: entry for entry in entries}
    if not there:
        return None
    kept = there.get(session.choices().profile) or next(iter(there.values()))
    return _read_kept(kept)


def readable(this: Opened) -> Profile | None:
    """As `first_of`; None too where its files cannot be read, for what can do without."""
    with suppress(UserError, OSError):
        return first_of(this)
    return None


def with_sentences(this: Opened, profile: Profile) -> Profile:
    """This profile where it keeps its sentences; else the first of the same model that does, and itself where none."""
    if profile.sentences is not None:
        return profile
    for kept in profiles_of(this.model):
        with suppress(UserError, OSError):
            found = _read_kept(kept)
            if found.sentences is not None:
                return found
    return profile


def chosen_profile(this: Opened) -> tuple[LibraryEntry, Profile]:
    """The chosen profile of the model; or a sentence with what to do, and the end of the page."""
    there = {entry.name: entry for entry in profiles_of(this.model)}
    name = session.choices().profile
    if not there:
        by_line = "" if serving.for_others() else ", or with the line below"
        st.info(
            f"There is no profile of {escape_markdown(this.model.title)} yet. Make one on “Corpora”, "
            f"from the {builtin_size()} built-in English sentences or your own file{by_line}. Then open this page "
            "again.",
            icon=":material/lightbulb:",
        )
        here = address.of(session.choices())
        st.page_link(CORPUS, label="Open Corpora", icon=":material/library_books:", query_params=here)
        if by_line:
            st.code(command(this.model.name), language="bash")
        end_page()
    if name not in there:
        if name:
            st.warning(
                escape_markdown(f"There is no profile “{name[:60]}” of this model here. Another one is shown."),
                icon=":material/info:",
            )
        name = next(iter(there))
        session.correct(profile="")
    entry = there[name]
    try:
        return entry, _read_kept(entry)
    except (UserError, OSError) as wrong:
        problem(wrong)
        end_page()


def command(model: str) -> str:
    """The command that writes a profile into the profile library."""
    from dashboard.analyses.profile.library import place_for

    return f'{COMMAND} profile builtin --model "{model}" --out "{place_for("my profile")}"'


def choose(this: Opened, kept: LibraryEntry) -> None:
    """Which profile, where there is more than one."""
    sizes = {one.name: one.sentences for one in profiles_of(this.model)}
    if len(sizes) < 2:
        return
    given = session.bound("profile")
    st.session_state[given["key"]] = kept.name
    st.selectbox(
        "Profile",
        list(sizes),
        width=320,
        format_func=lambda name: f"{name} · {counted(sizes[name] or 0, 'sentences')}",
        help="The corpus over which the heads were measured.",
        **given,
    )


def click(heads: pd.DataFrame, key: str) -> None:
    """A click on the plane chooses a head; a dragged box pins the heads in it."""
    selection = session.selected(key)
    box = selection.get("box") or {}
    if box and box != st.session_state.get("last_box"):
        st.session_state["last_box"] = box
        _take_box(box, heads)
        return
    st.session_state["last_box"] = box or None
    head_picker.click(key)


def inside(box: Mapping[str, list[float]], heads: pd.DataFrame) -> list[HeadId]:
    """The heads whose points lie in a dragged box, by descending bits to explain."""
    (left, right), (low, high) = (sorted(box[axis]) for axis in ("x", "y"))
    x, y = heads["bits_syntax"].clip(lower=0), heads["bits_context"].clip(lower=0)
    found = heads[x.between(left, right) & y.between(low, high)].sort_values("bits_total", ascending=False)
    return heads_of(found)


def _take_box(box: Mapping[str, list[float]], heads: pd.DataFrame) -> None:
    if set(box) < {"x", "y"}:
        return
    found = inside(box, heads)
    if not found:
        session.mark_widget_run()
        return
    session.change(pinned=tuple(found[:MOST_PINS]))
    if len(found) > MOST_PINS:
        st.session_state["box_says"] = (
            f"The box holds {len(found)} heads; the {MOST_PINS} with most bits to explain were pinned."
        )


def box_says() -> str:
    """The message about the last dragged box, once; "" if there is none."""
    return st.session_state.pop("box_says", "")
