"""What a model needs of each head: bits next to what is kept where the head is replaced by its own models."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dashboard.analyses.profile.needs.api import Needs, draw_needs
from dashboard.analyses.profile.needs.head_models import OF
from dashboard.analyses.profile.needs.table import FIGURES
from dashboard.analyses.profile.needs.text import WHY, correlation_said, head_kept, needs_finding, needs_remarks
from dashboard.analyses.profile.needs_job import MEASUREMENT, Request
from dashboard.errors import UserError
from dashboard.heads.head_id import head_of, is_of
from dashboard.ui import figure, head_names, head_picker, job_panel, session
from dashboard.ui.figure import Click, Figure
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import error_said, escape_markdown
from dashboard.ui.model_and_text import Opened

TITLES = {
    "position": "Position",
    "position_syntax": "+ syntax",
    "position_context": "+ context",
    "all": "All three",
    "syntax": "Only syntax",
    "context": "Only context",
}
HELP = (
    "What predicts the head’s weights: position alone, with syntax, with context, or all three. “Only syntax” is what "
    "all three keep minus what position and context keep; “only context”, minus position and syntax."
)
KEPT_HELP = (
    "(loss ablated − loss replaced) / (loss ablated − loss as it is), over all sentences; for a model that predicts "
    "no words, with the shift of its last vectors in place of the loss. 100 %: nothing is lost. 0 %: as if the head "
    "were set to zero."
)
ENDS = "Dashed lines: 0 and 100\u00a0%. Grey ticks: an even spread."
SHARE = "%.1f\u00a0%%"
BITS = "%.3f"


def _kept(title: str, help: str | None = None) -> ColumnConfig:
    return st.column_config.NumberColumn(title, format=SHARE, help=help)


def columns(measure: str) -> figure.Columns:
    """The columns of the table of all heads."""
    effect = "Change of loss" if measure == "loss_change" else "Shift"
    found: dict[str, ColumnConfig | str | None] = {
        "layer": "Layer",
        "head": "Head",
        measure: st.column_config.NumberColumn(effect, format="%.4f", help="When the head is ablated by zero."),
        "kept_even": _kept("Kept, even spread", "The baseline: other words get equal weights."),
    }
    for name, title in TITLES.items():
        found[f"bits_{name}"] = st.column_config.NumberColumn(f"Bits, {title}", format=BITS)
        found[f"kept_{name}"] = _kept(f"Kept, {title}", KEPT_HELP)
        found[f"kept_{name}_low"], found[f"kept_{name}_high"] = _kept("95\u00a0% from"), _kept("to")
    return found


def in_percent(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The columns of the table on the page, shares in per cent."""
    names = [name for name in columns(measure) if name in table]
    return table[names].assign(**{name: 100 * table[name] for name in names if name.startswith("kept_")})


def of_head(row: dict) -> pd.DataFrame:
    """The bits and what is kept of one head, a row for each figure."""
    rows = [{"figure": "Even spread", "bits": 0.0} | _ends(row, "even")]
    rows += [{"figure": TITLES[name], "bits": row[f"bits_{name}"]} | _ends(row, name) for name in FIGURES]
    return pd.DataFrame(rows).round({"bits": 3, "kept": 1, "low": 1, "high": 1}).replace(-0.0, 0.0)


def _ends(row: dict, name: str) -> dict[str, float]:
    return {end: 100 * row[f"kept_{name}{part}"] for end, part in (("kept", ""), ("low", "_low"), ("high", "_high"))}


OF_HEAD = {
    "figure": "Model",
    "bits": st.column_config.NumberColumn("Bits", format=BITS, help="Per query word, beyond an even spread, held out."),
    "kept": _kept("Kept", KEPT_HELP),
    "low": _kept("95\u00a0% from"),
    "high": _kept("to"),
}


def show(this: Opened) -> None:
    """The result, its job, or the button that starts it."""
    st.subheader("What does the model need from a head?", anchor=False)
    st.caption(
        "Each head’s weights are predicted from position, syntax or context, as fitted on other sentences. The "
        "prediction replaces them. Kept: the share of the head’s effect on the model that remains."
    )
    try:
        request = Request.of(this.model, this.bos)
    except UserError as wrong:
        st.info(error_said(wrong), icon=":material/info:")
        return
    found = job_panel.result_or_offer(
        MEASUREMENT,
        request,
        f"**What is kept of all heads of {escape_markdown(this.model.title)}**",
        lambda: st.caption(
            f"The {len(request.every):,} heads have not been replaced yet. That takes minutes for a "
            "small model and hours for a large one. It runs in the background, and what is done is kept."
        ),
    )
    if found is not None:
        _show(this, found)


def _show(this: Opened, found: Needs) -> None:
    figure.finding(needs_finding(found.table))
    st.segmented_control(
        "Replaced by",
        list(TITLES),
        required=True,
        format_func=TITLES.__getitem__,
        help=HELP,
        **session.bound("replaced"),
    )
    name, head = session.choices().replaced, session.choices().chosen
    left, right, wide, _ = beside(page_width(), (0.58, 0.42))
    key = f"needs_{this.model.name}_{name}"
    draw = partial(draw_needs, found, name, **session.look(wide).keywords())
    with left:
        figure.show(
            Figure(
                draw(**head_names.selection(this, key).keywords()),
                found.table,
                "needs",
                lead=[correlation_said(found.correlation(name), name)],
                remarks=[
                    ENDS if name in OF else "",
                    WHY,
                    *needs_remarks(found.table),
                ],
                tables=[
                    head_names.table(
                        this,
                        columns(found.measure),
                        partial(in_percent, found.table, found.measure),
                        "Bits a query word, held out; kept with 95 % intervals. The files hold all columns.",
                    )
                ],
                still=draw,
                click=Click(head_picker.click, key=key, place="needs"),
            )
        )
    with right:
        rows = found.table[is_of(found.table, head)]
        if len(rows):
            row: dict[str, Any] = {str(name): value for name, value in rows.iloc[0].items()}
            st.markdown(f"**{head_of(row)}**")
            figure.remark(*head_kept(row))
            st.dataframe(of_head(row), hide_index=True, column_config=OF_HEAD)
