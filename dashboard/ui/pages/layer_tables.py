"""The tables behind the pictures of “Long range” and “Layer by layer”, and the texts that were measured."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.analyses.layers.layers_chart import OF_DECODER, PART_NAMES
from dashboard.analyses.layers.residual_stream import PARTS, ResidualStream
from dashboard.analyses.long_range.measure import LongRange, curve, table
from dashboard.analyses.long_range.questions import Question
from dashboard.analyses.long_range.trial import Trial
from dashboard.heads.head_id import HeadId, columns_of
from dashboard.ui.figure import UNREAD, Columns, Q, Table, in_dialog
from dashboard.ui.markdown import escape_markdown

INTERVAL = "An end of the 95 % interval."


def _share(title: str, help_: str):
    return st.column_config.NumberColumn(title, format="percent", help=help_)


SHARES: Columns = {
    "share": _share("Share", "Attention weight from the query word to the key word."),
    "share_low": _share("Share, low", INTERVAL),
    "share_high": _share("Share, high", INTERVAL),
    "apart": _share("Equally distant", "What the same head gives to an equally distant word."),
    "apart_low": _share("Equally distant, low", INTERVAL),
    "apart_high": _share("Equally distant, high", INTERVAL),
    "lift": _share("Difference", "The share minus the share of an equally distant word."),
    "lift_low": _share("Difference, low", INTERVAL),
    "lift_high": _share("Difference, high", INTERVAL),
    "even": _share("Even spread", "The share of the word under an even spread over all visible words."),
}


def curves(long_range: LongRange, heads: Sequence[HeadId], *, judged_half: bool) -> Table:
    """The numbers behind the panels."""

    def rows() -> pd.DataFrame:
        items = long_range.judged_on if judged_half else None
        every = pd.concat([curve(long_range, head, items).assign(head=str(head)) for head in heads])
        return every.drop(columns="layer")

    words = st.column_config.NumberColumn("Distance in words", format="%.0f", help="The mean over the texts.")
    names = {"head": "Head", "step": long_range.question.unit.capitalize(), "words": words, "texts": "Texts"}
    return Table({**names, **SHARES}, rows)


def heads(long_range: LongRange) -> Table:
    """All heads by lift: their attention minus that to an equally distant word."""

    def rows() -> pd.DataFrame:
        every = table(long_range)
        every = every.groupby(columns_of(every), as_index=False)[["share", "apart", "lift", "even", "q"]].mean()
        return every.sort_values("lift", ascending=False)

    note = "The mean over all texts and distances. The files hold every distance, with its interval."
    return Table({"layer": "Layer", "head": "Head", **SHARES, "q": Q}, rows, note, key="reach_heads")


def texts(question: Question) -> None:
    """One text with its two words in bold, and a menu with all of them."""
    trials = question.trials()
    st.markdown(f"> {_marked(trials[0][-1])}")

    def inside() -> None:
        rows = [
            {"step": step, "seen": trial.word(trial.seen), "looks": trial.word(trial.looks), "text": trial.text}
            for row in trials
            for step, trial in zip(question.steps, row, strict=True)
        ]
        names = {"step": question.unit.capitalize(), "seen": "Key word", "looks": "Query word", "text": "Text"}
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="content", column_config=names)

    in_dialog("All texts", ":material/article:", "table_texts", inside)


def _marked(trial: Trial) -> str:
    before, seen, between, looks, after = (escape_markdown(part.replace("\n\n", " ¶ ")) for part in trial.parts())
    return f"{before} **{seen}** {between} **{looks}** {after}"


def movements(stream: ResidualStream) -> Table:
    """The numbers behind the picture of all words and layers."""

    def size(title: str, help_: str):
        return st.column_config.NumberColumn(title, format="%.2f", help=help_)

    long = "Its length, as a multiple of the vector’s before the layer."
    part = "Its share of the change, projected on it; the parts sum to 100 %."
    columns = {"layer": "Layer", "position": "Place", "text": stream.unit[:-1].capitalize(), "unknown": UNREAD}
    columns |= {"moved": size("Change", long), "turned": size("Turned", "1 − cosine of before and after.")}
    for name in (one for one in PARTS if one in stream.numbers):
        title = (OF_DECODER if stream.part else PART_NAMES)[name].capitalize()
        columns |= {name: size(title, long), f"{name}_share": _share(f"{title}, share", part)}
    return Table(columns)


def neighbours(stream: ResidualStream, word: int) -> Table:
    """The nearest neighbours of the word after each layer."""

    def rows() -> pd.DataFrame:
        near = stream.neighbours(int(stream.words[word]))
        return near.assign(
            stage=["before" if not stage else f"after {stream.letter}{stage - 1}" for stage in near["stage"]]
        )

    cosine = st.column_config.NumberColumn("Cosine", format="%.3f")
    names = {"stage": "When", "rank": "Rank", "position": "Place", "text": "Word", "cosine": cosine}
    return Table(names | {"unknown": UNREAD}, rows)
