"""The parts of “Ablation”: heads on a text, all heads over the built-in sentences, effects and scores."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.analyses.ablation.draw import TITLES, AblationOnText, draw_effects, effects_with_twin
from dashboard.analyses.ablation.draw_joint import JointAblation
from dashboard.analyses.ablation.results import MEASUREMENT, HeadEffects, Request
from dashboard.analyses.profile.api import draw_profile
from dashboard.analyses.profile.roles import FIGURE_TITLES
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.scores.api import draw_atlas
from dashboard.analyses.scores.scores import SCORES
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look, Selection
from dashboard.corpus.builtin import builtin_size
from dashboard.corpus.sample import reference_means
from dashboard.errors import UserError
from dashboard.export.provenance import provenance_of_text
from dashboard.heads.format import listed
from dashboard.heads.head_id import HeadId, columns_of, from_selection, heads_of
from dashboard.heads.rank_correlation import Correlation, spearman
from dashboard.jobs.results import twin_request
from dashboard.ui import caches, head_names, job_panel, missing_model, profile_picker, session
from dashboard.ui.components import twin
from dashboard.ui.components.twin import Twin
from dashboard.ui.figure import Click
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import error_said, escape_markdown
from dashboard.ui.model_and_text import Opened, Reading
from dashboard.ui.page import end_page
from dashboard.ui.pages import ablation_tables


def open_on_largest(this: Opened) -> None:
    """Until a person chooses a head, show the one with the largest effect, where the effects are measured."""
    with suppress(UserError):
        every = job_panel.result(MEASUREMENT, Request.of(this.model, session.choices().by, this.bos))
        if every is not None:
            session.open_on(heads_of(every.table.nlargest(1, every.measure))[0])


def taken_out() -> tuple[HeadId, ...]:
    """The heads to ablate: the chosen one, or jointly those of the tray, of its part, if there are two or more and they
    are chosen."""
    chosen = session.choices()
    pinned = sorted(head for head in chosen.pinned if head.letter == chosen.chosen.letter)
    if len(pinned) < 2:
        return (chosen.chosen,)
    every = f"The {len(pinned)} pinned heads together"
    st.segmented_control(
        "Ablate",
        ["head", "tray"],
        required=True,
        format_func={"head": "This head", "tray": every}.__getitem__,
        help=(
            f"Pinned: {listed(list(map(str, pinned)))}. They are ablated in one pass, so none can do the "
            "work of another."
        ),
        **session.bound("out"),
    )
    return tuple(pinned) if chosen.out == "tray" else (chosen.chosen,)


def places(heads: tuple[HeadId, ...]) -> tuple[DeltaGenerator, DeltaGenerator, int, int]:
    """Two containers, for the text and for the joint ablation next to each head alone, and their widths in pixels."""
    if len(heads) == 1:
        wide = min(page_width(), 780)
        return st.container(), st.container(), wide, wide
    return beside(page_width(), (0.6, 0.4))


def replaced_by(model: AttentionModel) -> None:
    """The control for what replaces the head's output."""
    over = (
        f"over the {builtin_size()} built-in English sentences. In a causal model, the text’s own mean would include "
        "later words"
        if model.predicts_next
        else "over the tokens of this text"
    )
    st.segmented_control(
        "Replaced by",
        ["zero", "mean"],
        required=True,
        format_func={"zero": "Zero", "mean": "Its mean"}.__getitem__,
        help=f"Zero: the head’s output is set to 0. Mean: it is replaced by its average {over}.",
        **session.bound("by"),
    )


def on_text(this: Reading, heads: tuple[HeadId, ...]) -> AblationOnText:
    """The ablation of these heads on the text; or a sentence and the end of the page."""
    chosen = session.choices()
    place = st.empty()

    def tell(_: float, sentence: str) -> None:
        place.caption(sentence)

    try:
        if chosen.by == "mean" and this.model.predicts_next:
            reference_means(this.model, bos=this.bos, progress=tell)
            place.empty()
        return caches.without(this.key, this.encoding.text, this.bos, heads, chosen.by, this.model, this.encoding)
    except UserError as wrong:
        place.error(error_said(wrong), icon=":material/error:")
    end_page()
    return None


def not_ranked(heads: tuple[HeadId, ...]) -> str:
    """The remark that a joint ablation has no rank among all heads."""
    if len(heads) == 1:
        return ""
    return f"The ranking is of single heads. {session.choices().chosen} is marked."


def beside_alone(this: Reading, found: AblationOnText) -> JointAblation | None:
    """The joint ablation next to each head alone; None for one head, and if no token is read."""
    if len(found.heads) == 1 or not len(found.effect.tokens):
        return None
    return JointAblation(found, tuple(on_text(this, (head,)) for head in found.heads))


def named(found: AblationOnText) -> str:
    """The ablated heads, as the columns of a table name them."""
    return "the head" if len(found.heads) == 1 else "the heads"


def predictions(found: AblationOnText) -> None:
    """The table of predictions that change; or the sentence that none does, or that the model predicts nothing."""
    effect = found.effect
    if effect.measure == "shift":
        st.caption("This model predicts no words, so only its vectors can change.")
        missing_model.offer_predicting("Ablate heads of {}")
    elif not len(effect.changed):
        st.caption(f"The most probable prediction is the same with and without {named(found)} at every token.")
    else:
        many = len(effect.changed)
        st.caption(f"{many:,} of {len(effect.tokens):,} predictions {'changes' if many == 1 else 'change'}:")
        columns, height = ablation_tables.changed(named(found)), "auto" if many < 9 else 320
        st.dataframe(effect.changed, hide_index=True, column_config=columns, width="content", height=height)


def head_effects(this: Opened) -> HeadEffects | None:
    """The effects of all heads over the built-in sentences; None, and a button, if they are not measured yet."""
    request = Request.of(this.model, session.choices().by, this.bos)
    return job_panel.result_or_offer(
        MEASUREMENT,
        request,
        f"**All heads of {escape_markdown(this.model.title)}**",
        lambda: st.caption(
            f"The effect of ablating each of the {len(request.every):,} heads has not been measured "
            "yet. It takes a minute for a small model and many for a large one. It runs in the background, and the "
            "result is kept."
        ),
    )


def of_twin(this: Opened, every: HeadEffects | None) -> tuple[HeadEffects | None, Twin[Request, HeadEffects]]:
    """The effects of all heads with those of the untrained twin, where they are known, and what is known of it."""
    own = Request.of(this.model, session.choices().by, this.bos)
    found = twin.known(MEASUREMENT, lambda: twin_request(own, this.model.source))
    return (None, found) if every is None else found.joined(every, effects_with_twin)


def _take_out(key: str) -> None:
    if points := session.selected(key).get("head"):
        session.change(**from_selection(points[0]).choice, out="head")


def choose_by_click(key: str) -> Click:
    """A click on a picture of all heads: chooses the head on all such pictures and ablates it."""
    return Click(_take_out, key=f"click_{key}", place=key)


def _choose_against(profile: Profile | None, *, text: bool) -> str | None:
    """The control for what to compare effects with: a score of the text, or a figure of the profile if there is one."""
    names = [*(FIGURE_TITLES if profile is not None else ()), *(SCORES if text else ())]
    if not names:
        st.caption("There is nothing to compare with yet. Type a text at the top, or make a profile on “Corpora”.")
        return None
    titles = {name: f"{title} (profile)" for name, title in FIGURE_TITLES.items()}
    titles |= {name: f"{score.title} (this text)" for name, score in SCORES.items()}
    given, name = session.bound("against"), session.choices().against
    if name not in names:
        name = st.session_state[given["key"]] = "spread" if text else names[0]
    st.selectbox(
        "Compare the effect with",
        names,
        format_func=titles.__getitem__,
        width=380,
        help=(
            "A score on your text, or a figure from the profile of the model: the bits that position, parse or "
            "meaning explain, on held-out sentences."
        ),
        **given,
    )
    return name


@st.cache_data(max_entries=64, show_spinner=False)
def _correlation(effects: tuple[float, ...], others: tuple[float, ...]) -> Correlation:
    return spearman(np.array(effects), np.array(others))


def against(this: Opened, text: Reading | None, every: HeadEffects | None) -> Beside | None:
    """All heads' effects and the chosen score or figure; None, and a sentence with what is missing."""
    if every is None:
        st.caption("Available once all heads are measured.")
        return None
    profile = profile_picker.readable(this)
    name = _choose_against(profile, text=text is not None)
    shows = text if name in SCORES else profile
    return None if name is None or shows is None else Beside(this, shows, every, name)


class Beside:
    """All heads by their effect and by a score or figure: the picture, and how they correlate."""

    def __init__(self, this: Opened, shows: Reading | Profile, every: HeadEffects, name: str):
        """name: of a score if `shows` is a text, of a figure if it is a profile"""
        chosen = session.choices()
        self.this, self.shows, self.every, self.name = this, shows, every, name
        self.selection = Selection(chosen.chosen, chosen.pinned, session.epoch(), head_names.for_charts(this))
        if isinstance(shows, Reading):
            self.survey = shows.overview()  # a file is made outside the session, where no choices are known
            self.title, scores, column = f"“{SCORES[name].title}” on this text", self.survey.scores, name
        else:
            self.title, scores, column = f"“{FIGURE_TITLES[name]}”", shows.heads, f"bits_{name}"
        whose = columns_of(every.table)
        both = every.table[[*whose, every.measure]].merge(scores[[*whose, column]], on=whose, how="left")
        self.table: pd.DataFrame = both
        effects, others = (tuple(both[part].astype(float)) for part in (every.measure, column))
        self.correlation = _correlation(others, effects)
        self.names = self.title, f"the {TITLES[every.measure].lower()}"

    def effects(self, look: Look, selection: Selection = Selection()) -> Drawing:
        return draw_effects(self.every, **look.keywords(), **selection.keywords())

    def other(self, look: Look, selection: Selection = Selection()) -> Drawing:
        model, given = self.this.model, look.keywords() | selection.keywords()
        if isinstance(self.shows, Profile):
            return draw_profile(self.shows, self.name, model=model.title, **given)
        chart = draw_atlas(self.survey, self.name, model=model.title, **given)
        options = look.keywords() | self.shows.options
        origin = provenance_of_text(model, self.shows.encoding, "atlas", score=self.name, **options)
        return chart.made_of(origin)
