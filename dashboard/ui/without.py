"""What “Without a head” shows: a head on a text, all heads over our own sentences, their effect beside a score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import api, evidence
from dashboard.charts.drawing import Drawing
from dashboard.corpus.allheads import Asked, Measured, find_measured, folder_for
from dashboard.corpus.job import find
from dashboard.corpus.sample import reference_means
from dashboard.corpus.shipped import builtin_size
from dashboard.corpus.tables import Profile
from dashboard.errors import UserError
from dashboard.heads import SCORES
from dashboard.heads.correlation import Correlation, spearman
from dashboard.heads.figures import TOLD
from dashboard.ui import jobs, loaders, profiles, state
from dashboard.ui.ending import end_page
from dashboard.ui.reading import Reading, escape_markdown
from dashboard.without import TITLES, Without, begin, draw_effects

_SHARE = {"format": "percent"}
CHANGED = {
    "layer": None,
    "head": None,
    "position": st.column_config.NumberColumn("Position", help="Counted from 0, special tokens included."),
    "token": "Token of the text",
    "old": "Predicted with the head",
    "p_old": st.column_config.NumberColumn("p with it", help="Its probability with the head.", **_SHARE),
    "p_old_ablated": st.column_config.NumberColumn("p without it", help="Its probability without the head.", **_SHARE),
    "new": "Predicted without the head",
    "p_new": st.column_config.NumberColumn("p with it ", help="Its probability with the head.", **_SHARE),
    "p_new_ablated": st.column_config.NumberColumn("p without it ", help="Its probability without it.", **_SHARE),
}  # fmt: skip
TOKENS = {
    "layer": None,
    "head": None,
    "position": "Position",
    "token": "Token",
    "loss_change": st.column_config.NumberColumn("Change of loss, nats", format="%+.4f"),
    "shift": st.column_config.NumberColumn("1 − cosine", format="%.5f"),
    "p": st.column_config.NumberColumn("Its probability with the head", **_SHARE),
    "p_ablated": st.column_config.NumberColumn("and without it", **_SHARE),
    **{name: None for name in ("old", "new", "p_old", "p_old_ablated", "p_new", "p_new_ablated")},
}  # fmt: skip
EFFECTS = {
    "layer": "Layer",
    "head": "Head",
    "loss_change": st.column_config.NumberColumn("Change of loss, nats per token", format="%+.5f"),
    "loss_change_low": st.column_config.NumberColumn("95\u00a0% from", format="%+.5f"),
    "loss_change_high": st.column_config.NumberColumn("to", format="%+.5f"),
    "flips": st.column_config.NumberColumn("Predictions that change", **_SHARE),
    "shift": st.column_config.NumberColumn("1 − cosine", format="%.5f"),
    "shift_low": st.column_config.NumberColumn("95\u00a0% from ", format="%.5f"),
    "shift_high": st.column_config.NumberColumn("to ", format="%.5f"),
    "sentences": None,
    "tokens": None,
}  # fmt: skip


def replaced_by(this: Reading) -> None:
    """What takes the place of the head's output."""
    over = (
        f"over the tokens of the {builtin_size()} English sentences that come with the dashboard, as this model reads "
        "from left to right and the text’s own mean would tell of later words"
        if this.model.causal
        else "over the tokens of the text it is read in"
    )
    st.segmented_control(
        "Replaced by", ["zero", "mean"], required=True, format_func={"zero": "Zero", "mean": "Its mean"}.get,
        help="Zero: the head says nothing. Its mean: the head says what it says on average, whatever it looks at: the "
        f"mean of its output {over}.",
        **state.bound("by"),
    )  # fmt: skip


def on_text(this: Reading) -> Without:
    """What changes on the text without the chosen head; or a sentence, and the end of the page."""
    chosen = state.choices()
    place = st.empty()
    try:
        if chosen.by == "mean" and this.model.causal:
            tell = lambda _, sentence: place.caption(sentence)  # noqa: E731
            reference_means(this.model, bos=this.bos, progress=tell)
            place.empty()
        return loaders.without(
            this.key, this.encoding.text, this.bos, chosen.chosen, chosen.by, this.model, this.encoding
        )
    except UserError as wrong:
        place.error(escape_markdown(str(wrong)), icon=":material/error:")
    end_page()


def predictions(found: Without) -> None:
    """The table of predictions that change, or that none does; of a model that predicts nothing, that it does not."""
    effect = found.effect
    if effect.measure == "shift":
        st.caption("This model has no language-model head: it predicts no word, so no prediction can change.")
    elif not len(effect.changed):
        st.caption("The most probable prediction is the same with and without the head, at every token.")
    else:
        many = len(effect.changed)
        st.caption(f"Of {len(effect.tokens):,} predictions {many:,} {'changes' if many == 1 else 'change'}:")
        height = "auto" if many < 9 else 320
        st.dataframe(effect.changed, hide_index=True, column_config=CHANGED, width="content", height=height)


def measured(this: Reading) -> Measured | None:
    """All heads over our own sentences as they are kept; or, where they are still to be measured, the way to do it."""
    asked = Asked.of(this.model, state.choices().by, this.bos)
    try:
        if (found := find_measured(asked)) is not None:
            return found
    except UserError as wrong:
        st.warning(escape_markdown(str(wrong)), icon=":material/warning:")
    job = find(folder_for(asked))
    if job is not None and job.progress.state != "done":
        jobs.watch(job, f"**All heads of {escape_markdown(this.model.title)}**")
        return None
    st.caption(
        f"What the absence of each of the {asked.layers * asked.heads:,} heads changes has not been measured in this "
        "way on this machine yet. It takes a minute for a small model and many for a large one, in the background; "
        "what is found is kept."
    )
    st.button(
        "Measure all heads", icon=":material/play_arrow:", on_click=jobs.told,
        args=(lambda: begin(this.model, asked.by, asked.bos),),
    )  # fmt: skip
    jobs.wrong()
    return None


def click(key: str) -> None:
    """A click on a picture of all heads chooses one, on all of them."""
    if points := st.session_state[key].selection.get("head"):
        state.change(layer=int(points[0]["layer"]), head=int(points[0]["head"]))


def heads_chart(chart: Drawing, key: str) -> None:
    """A picture of all heads that takes clicks."""
    with st.container(key=f"picture_{key}"):
        st.altair_chart(
            chart, theme=None, width="content", key=f"click_{key}", on_select=lambda: click(f"click_{key}"),
            selection_mode="head",
        )  # fmt: skip


def profile_of(this: Reading) -> Profile | None:
    """A profile of the model, where there is one that can be read."""
    try:
        return profiles.first_of(this)
    except (UserError, OSError):
        return None


def choose_against(profile: Profile | None) -> str:
    """Which score or figure the effects are laid beside: of the text, or of the profile where there is one."""
    names = [*(TOLD if profile is not None else ()), *SCORES]
    told = {name: f"{title} (profile)" for name, title in TOLD.items()}
    told |= {name: f"{score.title} (this text)" for name, score in SCORES.items()}
    given, name = state.bound("against"), state.choices().against
    if name not in names:
        name = st.session_state[given["key"]] = "spread"
    st.selectbox(
        "Beside the effect", names, format_func=told.get, width=380,
        help="A score of the text on the left, or what a profile of the model says of each head: bits that position, "
        "parse and meaning explain, held out, over a corpus.",
        **given,
    )  # fmt: skip
    return name


@st.cache_data(max_entries=64, show_spinner=False)
def _correlation(effects: tuple[float, ...], others: tuple[float, ...]) -> Correlation:
    return spearman(np.array(effects), np.array(others))


class Beside:
    """All heads by their effect, and by a score or figure: drawn, and how far they go together."""

    def __init__(self, this: Reading, every: Measured, profile: Profile | None, name: str):
        chosen = state.choices()
        self.this, self.every, self.profile, self.name = this, every, profile, name
        self.theme = state.theme()
        self.marks = {"selected": chosen.chosen, "tray": chosen.tray, "turn": state.turn()}
        self.of_text = name in SCORES
        self.title = f"“{SCORES[name].title}” on this text" if self.of_text else f"“{TOLD[name]}”"
        scores = this.overview().scores if self.of_text else profile.heads
        column = name if self.of_text else f"bits_{name}"
        both = every.table[["layer", "head", every.measure]]
        both = both.merge(scores[["layer", "head", column]], on=["layer", "head"], how="left")
        self.table: pd.DataFrame = both
        effects, others = (tuple(both[part].astype(float)) for part in (every.measure, column))
        self.correlation = _correlation(others, effects)
        self.names = self.title, f"the {TITLES[every.measure].lower()}"

    def effects(self, width: int, **marks: object) -> Drawing:
        return draw_effects(self.every, theme=self.theme, width=width, **marks)

    def other(self, width: int, **marks: object) -> Drawing:
        model, look = self.this.model, {"theme": self.theme, "width": width}
        if not self.of_text:
            return evidence.draw_figure(self.profile, self.name, model=model.title, **look, **marks)
        chart = api.draw_atlas(self.this.overview(), self.name, model=model.title, **look, **marks)
        origin = api.provenance_of_text(
            model, self.this.encoding, "atlas", score=self.name, **look, **self.this.options
        )
        return chart.made_of(origin)
