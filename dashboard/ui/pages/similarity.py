"""“Head map”: the map, roles, and the distances to another model's heads. What is missing is measured in the
background."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.analyses.similarity import map_job, pair_job
from dashboard.analyses.similarity.distances import Distances, check_comparable
from dashboard.analyses.similarity.embedding import HeadMap
from dashboard.capture import AttentionModel
from dashboard.capture.model import HEADS_OF
from dashboard.corpus.builtin import builtin_size
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, head_of, heads_of
from dashboard.models import ModelSource, NotInstalled, find, offered
from dashboard.ui import head_picker, job_panel, paths, profile_picker, session
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.missing_model import offer, offer_path
from dashboard.ui.model_and_text import Opened
from dashboard.ui.page import end_page, problem

_BITS = "%.3f"
TABLE = {
    "layer": "Layer",
    "head": "Head",
    "x": st.column_config.NumberColumn("Across, bits", format=_BITS),
    "y": st.column_config.NumberColumn("Up, bits", format=_BITS),
    "cluster": st.column_config.NumberColumn("Cluster", help="By average linkage, largest first."),
    "nearest": "Nearest head",
    "distance": st.column_config.NumberColumn("Distance, bits", help="0: the same; 1: no overlap.", format=_BITS),
}
CLUSTERS = {
    "cluster": "Cluster",
    "heads": "Heads",
    "middle": st.column_config.TextColumn("Central head", help="The head closest to all others in the cluster."),
    "apart": st.column_config.NumberColumn(
        "Mean distance, bits", help="The mean distance between two of its heads.", format=_BITS
    ),
}
LIKE = {"layer": "Layer", "head": "Head", "distance": TABLE["distance"]}


def read_twice(model: AttentionModel) -> str:
    """What a decoder reads of a built-in sentence, as a sentence behind others; "" of what reads no target."""
    if not reads_target(model):
        return ""
    return " The encoder reads each sentence as the source, the decoder reads the same one as its target."


def reads_target(model: AttentionModel) -> bool:
    """Whether it is a part of an encoder–decoder that reads a target."""
    return model.part in ("decoder", "cross")


def found(this: Opened) -> HeadMap:
    """The map of the model; or a button that makes it, and the end of the page. Raises UserError if it has none."""
    check_comparable(this.model)
    request = map_job.Request.of(this.model, this.bos, this.model.part)
    made = job_panel.result_or_offer(
        map_job.MEASUREMENT,
        request,
        f"**Map of {_every_head(this.model)}**",
        lambda: st.info(
            f"The distances between the {request.layers * request.heads:,} heads of this "
            f"{'part' if request.part else 'model'} have not been measured yet. The model reads the "
            f"{builtin_size()} built-in sentences once, in the background. The result is kept.",
            icon=":material/scatter_plot:",
        ),
    )
    if made is None:
        end_page()
    return made


def _every_head(model: AttentionModel) -> str:
    title = escape_markdown(model.title)
    return f"the {HEADS_OF[model.part]} of {title}" if reads_target(model) else f"all heads of {title}"


def roles(this: Opened) -> dict[HeadId, str] | None:
    """The heads' roles from the model's profile; None without a profile, or if layers are to be coloured."""
    profile = None if reads_target(this.model) else profile_picker.readable(this)
    st.segmented_control(
        "Coloured by",
        ["layer", "role"],
        required=True,
        format_func={"layer": "Layer", "role": "Role"}.__getitem__,
        disabled=profile is None,
        help="The role of each head in the model's profile: syntax blue, context orange, position grey."
        if profile is not None
        else "Profiles are of the encoder, so these heads have no role."
        if reads_target(this.model)
        else "There is no profile of this model yet, so no head has a role. “Corpora” makes one.",
        **session.bound("coloured"),
    )
    if profile is None or session.choices().coloured == "layer":
        return None
    return dict(zip(heads_of(profile.heads), profile.heads["role"], strict=True))


def elsewhere(this: Opened) -> tuple[Distances, str] | None:
    """The distances of the model's heads from those of a second model, and its title; None, and a way to get them, if
    they are not measured yet."""
    mine = session.choices().model
    others = [name for name in offered() if name != mine]
    if not others:
        return None
    if session.choices().other_model == mine:  # a model is not compared with itself
        session.correct(other_model=others[0])
    head_picker.second_model(but=mine)
    name = session.choices().other_model
    try:
        paths.check_model(name)
        other = find(name)
    except NotInstalled as missing:
        offer(name, str(missing))
        return None
    except paths.NotChosenHere as refused:
        offer_path(refused, "other_model")
        return None
    except UserError as wrong:
        problem(wrong)
        return None
    found = _distances(this, other)
    return None if found is None else (found, other.title)


def _distances(this: Opened, other: ModelSource) -> Distances | None:
    one = this.model.source
    request = pair_job.Request.of(one, other, this.bos)
    found = job_panel.result_or_offer(
        pair_job.MEASUREMENT,
        request,
        f"**Heads of {escape_markdown(this.model.title)} and {escape_markdown(other.title)}**",
        lambda: st.info(
            "The distances between the heads of these two models have not been measured yet. Both "
            f"read the {builtin_size()} built-in sentences once, in the background. The result is kept.",
            icon=":material/compare_arrows:",
        ),
    )
    return None if found is None else request.rows_of(one, found)


def picked(like: pd.DataFrame, key: str) -> HeadId | None:
    """The table of similar heads, and the one picked in it: the nearest until a person picks one."""
    event = st.dataframe(
        like,
        hide_index=True,
        width="content",
        column_config=LIKE,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
    )
    if like.empty:
        return None
    rows = [row for row in event.selection.rows if row < len(like)]
    chosen = like.iloc[rows[0] if rows else 0]
    return head_of(chosen)
