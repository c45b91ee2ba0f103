"""The sentences on which a head is strongest, and typical ones: what is shown of them, and where they come from."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.text import corpus_of
from dashboard.heads.head_id import HeadId, head_of, is_of
from dashboard.ui import profile_picker, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import Opened
from dashboard.ui.page import to_page
from dashboard.ui.url_state import to_address

STRONGEST = "among the strongest"
FIGURES = {"syntax": "Only the parse", "context": "Only meaning", "position": "Position"}
COLUMNS = {
    "text": st.column_config.TextColumn("Sentence", width="large"),
    "kind": "Kind",
    "score": st.column_config.NumberColumn("Bits", format="%.3f", help="Held out, a query word of this sentence."),
    "queries": st.column_config.NumberColumn("Query words"),
    "sentence": st.column_config.NumberColumn("Number", help="Of the sentence, counted from 1 in the file."),
    "line": st.column_config.NumberColumn("Line", help="Where it begins in the file."),
    "open": st.column_config.LinkColumn("All heads", display_text="Open"),
}


def show(this: Opened, profile: Profile, row: dict) -> None:
    """The moments of the head whose figures these are: of the chosen profile, or where that keeps no sentences of one
    of the same model that does."""
    head, role = head_of(row), row["role"]
    st.subheader(f"Top sentences of {head}", anchor=False)
    kind = session.choices().moments or (role if role in FIGURES else "context")
    key = f"moments_{kind}"
    st.segmented_control(
        "By the bits explained by",
        list(FIGURES),
        required=True,
        key=key,
        default=kind,
        on_change=lambda: session.change(moments=st.session_state[key]),
        format_func=FIGURES.__getitem__,
    )
    shown = profile_picker.with_sentences(this, profile)
    table = top_examples(shown, head, kind, this.model.name)
    st.caption(
        "A head's top sentences are not typical. Below are the five strongest, and two random ones from each tenth. "
        f"Measured over {escape_markdown(corpus_of(shown.about))}."
        + ("" if shown.sentences is not None else " This profile keeps the places of its sentences, not their words.")
    )
    if shown.sentences is not None:
        with st.container(gap="xxsmall", key="moments"):
            for one in table[table["kind"] == STRONGEST].to_dict("records"):
                label = f"{escape_markdown(one['text'])} ({one['score']:.2f}\u00a0bits)"
                to_page("explore", label, ":material/grid_view:", text=one["text"], start=0, **head.choice)
        table = table[table["kind"] != STRONGEST]
    st.dataframe(table, hide_index=True, column_config=COLUMNS, height=248)


def top_examples(profile: Profile, head: HeadId, figure: str, model: str) -> pd.DataFrame:
    """A head's strongest sentences and typical ones by decile of a figure: kind, score in bits a query word, where the
    sentence stands; and where the profile keeps sentences its text and a link that opens it in “All heads”."""
    rows = profile.moments
    rows = rows[is_of(rows, head) & (rows["figure"] == figure)]
    rows = rows.sort_values("score", ascending=False)
    strongest = rows["kind"] == "strongest"
    table = pd.DataFrame(
        {
            "kind": [
                STRONGEST if one else f"decile {decile} of 10"
                for one, decile in zip(strongest, rows["decile"], strict=True)
            ],
            "score": rows["score"],
            "queries": rows["queries"],
            "sentence": rows["sentence"] + 1,
            "line": rows["line"],
        }
    )
    if profile.sentences is not None:
        texts = dict(zip(profile.sentences["index"], profile.sentences["text"], strict=True))
        table.insert(0, "text", [texts.get(index, "") for index in rows["sentence"]])
        chosen = replace(session.choices(), model=model, **head.choice, pins=(), start=0)
        table["open"] = [
            "/explore?" + urlencode(to_address(replace(chosen, text=text))) if text else None for text in table["text"]
        ]
    return table
