"""The tables behind the pictures of “All heads”: a head's strongest links, and all heads' scores."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from dashboard.analyses.scores.scores import SCORES
from dashboard.analyses.scores.twin import Request
from dashboard.heads.links import strongest
from dashboard.heads.untrained import TAUGHT, UNTRAINED
from dashboard.heads.view import HeadView
from dashboard.jobs import results
from dashboard.ui import head_names, session
from dashboard.ui.figure import UNREAD, Table
from dashboard.ui.model_and_text import Opened, Reading

MOST = 50  # links
LINKS = {
    "from": st.column_config.TextColumn("From"),
    "from_unknown": UNREAD | {"label": "From: not read"},
    "from_stretch": st.column_config.TextColumn("From: stretch"),
    "to": st.column_config.TextColumn("To"),
    "to_unknown": UNREAD | {"label": "To: not read"},
    "to_stretch": st.column_config.TextColumn("To: stretch"),
    "weight": st.column_config.NumberColumn("Share of attention", format="percent"),
    "contribution": st.column_config.NumberColumn("Norm of the contribution", format="%.3f"),
    "mean_weight": st.column_config.NumberColumn("Mean share of attention", format="percent"),
    "summed_weight": st.column_config.NumberColumn("Sum of the shares", format="%.3f"),
    "largest_weight": st.column_config.NumberColumn("Largest share of attention", format="percent"),
}


def strongest_links(view: HeadView) -> Table:
    """The strongest links of a head. All of them are in the files."""
    every = int(view.allowed.sum())
    note = f"The {MOST} strongest of {every:,} links; the files hold all of them." if every > MOST else ""
    return Table(LINKS, partial(_strongest, view), note, key="links")


def _strongest(view: HeadView) -> pd.DataFrame:
    found = strongest(view, MOST)
    return found[[name for name in LINKS if name in found]]


def twin_request(this: Reading) -> Request:
    """The request for the scores of the untrained twin over the text on show. Raises UserError where there is none."""
    read = {"bos": this.bos, "most": this.most, "between": this.between or ""}
    return results.twin_request(Request.reads(this.model, this.encoding, **read), this.model.source)


def scores(this: Opened, table: pd.DataFrame) -> Table:
    """The numbers behind the picture of all heads; of the untrained twin those of the chosen score."""
    chosen = session.choices().score
    columns = {
        name: st.column_config.NumberColumn(
            score.title, help=score.help, format="percent" if score.unit == "share" else "%.2f"
        )
        for name, score in SCORES.items()
    }
    columns |= {
        UNTRAINED + name: st.column_config.NumberColumn(
            f"{score.title}, untrained", help=TAUGHT, format="percent" if score.unit == "share" else "%.2f"
        )
        if name == chosen
        else None
        for name, score in SCORES.items()
    }
    named = head_names.table(this, {"layer": "Layer", "head": "Head", **columns}, table, key="scores")
    return replace(named, width="stretch")
