"""The tables of a profile on the page: columns, titles, and the order of rows."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from dashboard.analyses.profile.dependency_cases import ALL
from dashboard.analyses.profile.relation_words import in_words
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.text import relations_chance
from dashboard.heads.head_id import HeadId, heads_of, is_of
from dashboard.heads.untrained import TAUGHT, UNTRAINED
from dashboard.ui import figure, head_names
from dashboard.ui.figure import Table
from dashboard.ui.model_and_text import Opened

QUIET = "color: gray"
BITS = "%.3f"
HEADS = {
    "layer": "Layer",
    "head": "Head",
    "role": st.column_config.TextColumn("Role", help="What explains most of its attention beyond position."),
    "active": st.column_config.NumberColumn(
        "To other words",
        format="percent",
        help="The rest goes to special tokens and to itself.",
    ),
    "bits_total": st.column_config.NumberColumn(
        "Bits to explain", format=BITS, help="How far its attention is from an even spread, per query word."
    ),
    "bits_position": st.column_config.NumberColumn("Position", format=BITS, help="Bits that the distance explains."),
    "bits_syntax": st.column_config.NumberColumn(
        "Only the parse", format=BITS, help="Bits that the parse explains beyond position and meaning."
    ),
    "bits_syntax_low": st.column_config.NumberColumn("95\u00a0% from", format=BITS),
    "bits_syntax_high": st.column_config.NumberColumn("to", format=BITS),
    "bits_context": st.column_config.NumberColumn(
        "Only meaning", format=BITS, help="Bits that meaning explains beyond position and parse."
    ),
    "bits_context_low": st.column_config.NumberColumn("95\u00a0% from", format=BITS),
    "bits_context_high": st.column_config.NumberColumn("to", format=BITS),
}
TWINS = {
    f"{UNTRAINED}bits_{name}": st.column_config.NumberColumn(f"{title}, untrained", format=BITS, help=TAUGHT)
    for name, title in (
        ("total", "Bits to explain"),
        ("position", "Position"),
        ("syntax", "Only the parse"),
        ("context", "Only meaning"),
    )
}
TWO_CORPORA = {
    "layer": "Layer",
    "head": "Head",
    "role_a": "Role on the first",
    "role_b": "Role on the second",
    "a": st.column_config.NumberColumn("Bits on the first", format=BITS),
    "b": st.column_config.NumberColumn("Bits on the second", format=BITS),
    "difference": st.column_config.NumberColumn("Difference", format="%+.3f", help="The second minus the first."),
}


def heads_table(profile: Profile) -> pd.DataFrame:
    """The numbers behind the picture of all heads; the files hold all columns."""
    return profile.heads[[name for name in (*HEADS, *TWINS) if name in profile.heads]]


def two_corpora_table(table: pd.DataFrame, figure: str) -> pd.DataFrame:
    """One figure of `compare_profiles`, the heads that differ most first."""
    renamed = table.rename(columns={f"bits_{figure}_{end}": end for end in ("a", "b", "difference")})[list(TWO_CORPORA)]
    return renamed.sort_values("difference", key=abs, ascending=False)


SHARE = "%.1f\u00a0%%"
SHARES = ("held_out_accuracy", "held_out_baseline", "held_out_lift", "accuracy", "low", "high", "baseline", "lift")
RELATIONS = {
    "relation": st.column_config.TextColumn(
        "Relation", help=f"In words, with the label of the parse. “{ALL}” pools all relations."
    ),
    "head": st.column_config.TextColumn("Best head"),
    "direction": st.column_config.TextColumn(
        "Direction", help="From the dependent to its head word in the parse, or the other way."
    ),
    "held_out_accuracy": st.column_config.NumberColumn(
        "Held out", format=SHARE, help="Head and distance chosen on one half of the sentences, scored on the other."
    ),
    "held_out_baseline": st.column_config.NumberColumn(
        "Best offset", format=SHARE, help="The best fixed distance, held out as well."
    ),
    "held_out_lift": st.column_config.NumberColumn("Lift", format=SHARE, help="Held out minus best offset."),
    "accuracy": st.column_config.NumberColumn(
        "In-sample", format=SHARE, help="Chosen and scored on the same sentences, as Clark et al. (2019) do."
    ),
    "low": st.column_config.NumberColumn("95\u00a0% from", format=SHARE, help="Bootstrap over sentences, in-sample."),
    "high": st.column_config.NumberColumn("to", format=SHARE),
    "q": figure.Q,
    "baseline": st.column_config.NumberColumn("Offset in-sample", format=SHARE),
    "offset": st.column_config.NumberColumn("Offset", format="%+d", help="Words from the dependent to its head word."),
    "n": st.column_config.NumberColumn("Cases", help="Under 30: grey, not ranked."),
}


def about_relations(profile: Profile) -> str:
    """What the table of relations says, and why it may name other heads than the picture of all of them."""
    return (
        "For each relation, the head that finds it most often, next to the best fixed distance. The best of many heads "
        "looks good by chance: trust the held-out figures. Bits count every word and leave out what position explains; "
        "a relation counts only its own words. So its best head need not be the most syntactic one. "
        + " ".join(filter(None, (pooled(profile), relations_chance(profile))))
    )


def relations(this: Opened, best: pd.DataFrame) -> pd.DataFrame:
    """The table of relations as it is shown: heads by name, what pools them first, then those with most cases."""
    table = best.copy()
    table["head"] = head_names.titles(this, heads_of(best))
    return _in_percent(table[[*RELATIONS, "ranked"]])


def _in_percent(table: pd.DataFrame) -> pd.DataFrame:
    """As it is shown: shares in per cent, and arrows that are some."""
    shown = table.assign(**{name: 100 * table[name] for name in SHARES if name in table})
    shown["relation"] = shown["relation"].map(in_words)
    return shown.assign(
        direction=shown["direction"].str.replace("->", " → ", regex=False).str.replace("head", "head word")
    )


def relations_table(this: Opened, best: pd.DataFrame) -> None:
    table = relations(this, best)
    columns = figure.beyond_chance(table[list(RELATIONS)])
    grey = [[QUIET if not ranked else ""] * columns.shape[1] for ranked in table["ranked"]]
    styled = columns.style.apply(lambda _: pd.DataFrame(grey, columns.index, columns.columns), axis=None)
    config = {**RELATIONS, figure.MARKED: figure.BEYOND}
    st.dataframe(styled, hide_index=True, column_config=config, height=388)


OWN = {name: RELATIONS[name] for name in ("relation", "direction", "accuracy", "low", "high", "q", "baseline", "n")} | {
    "lift": st.column_config.NumberColumn("Lift", format=SHARE)
}


def own_figures(row: dict) -> pd.DataFrame:
    """All figures of one head (`dashboard.analyses.profile.api.row_of`), in one row."""
    return pd.DataFrame([row])


def pooled(profile: Profile) -> str:
    """A sentence about the pooled row; empty for a profile without it."""
    if not (profile.best["relation"] == ALL).any():
        return ""
    return f"“{ALL}” pools all relations: one head and one distance for them all."


def own_relations(profile: Profile, head: HeadId) -> pd.DataFrame:
    """The relations that one head finds, in-sample: the pooled row, then those with 30 cases or more, by lift."""
    rows = profile.dependencies
    rows = rows[is_of(rows, head) & (rows["n"] >= 30)]
    rows = rows.sort_values("lift", ascending=False)
    return _in_percent(pd.concat([rows[rows["relation"] == ALL], rows[rows["relation"] != ALL]])[list(OWN)])


def what_it_finds(profile: Profile, head: HeadId) -> Table:
    """The relations of one head, as a table on the page."""
    note = "In-sample: the best of many looks good by chance. Relations with at least 30 cases. "
    return Table(OWN, partial(own_relations, profile, head), note + pooled(profile), key="own_relations")
