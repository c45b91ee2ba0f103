"""All heads: where does each head look?"""

from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard.analyses.explore import api
from dashboard.analyses.explore.text import finding, lost
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.scores import twin as twin_scores
from dashboard.analyses.scores.api import draw_atlas, with_twin
from dashboard.analyses.scores.scores import SCORES, Score
from dashboard.analyses.scores.text import twin_remark
from dashboard.export.provenance import provenance_of_text
from dashboard.ui import caches, figure, head_names, head_picker, heads_together, session
from dashboard.ui.components import head_map, twin
from dashboard.ui.figure import Click, Figure
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import reading
from dashboard.ui.pages.edit import hand, mode
from dashboard.ui.pages.explore import chosen_view, long_map, tables


def score_help(score: Score, n: int) -> str:
    """A sentence on a score: what it measures, over what, its range here and who defined it."""
    low, high = score.range(n)
    span = "0 to 100 %" if score.unit == "share" else f"{low:g} to {high:.1f} {score.unit} on this text"
    return f"{score.help} Mean over tokens, without the rows of special tokens. Range: {span}. Source: {score.source}."


# Inputs
head_picker.part()
this = reading(pairs=True, parts=True)
head_names.open_on_clearest(this)
crossing = this.model.source_text is not None
if crossing and not VIEWS[session.choices().view].two_texts:
    session.correct(view="heatmap")
without = {
    name
    for name, one in SCORES.items()
    if (crossing and one.one_text) or (this.model.own_text is not None and one.of_model)
}
if session.choices().score in without:
    session.correct(score="entropy")
chosen = session.choices()
model = this.model
head = chosen.chosen
long = long_map.read(this)
group = heads_together.chosen(model, head)
cutting = mode.on(this)
if cutting:
    group = None
too_long = group is not None and len(this.encoding) > caches.TOKENS_AT_MOST
if too_long:
    group = None
survey = this.overview() if long is None else long.survey
of_twin = twin.known(twin_scores.MEASUREMENT, lambda: tables.twin_request(this))
survey, of_twin = of_twin.joined(survey, lambda one, found: replace(one, scores=with_twin(one.scores, found)))

st.caption(
    f"Where does each head look? {escape_markdown(model.title)} has {model.size}. In each head, every word "
    f"{'of the target ' * crossing}(the query) spreads 100 % of attention over the words {'of the text ' * crossing}"
    "(the keys)."
)
left, right, atlas_width, head_width = beside(page_width())

# The chosen head, sent before the atlas on the left, as a click waits for it
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        head_picker.by_number(model)
        if cutting:
            hand.show_as(this)
        else:
            chosen_view.controls(this, group is not None)
    if group is None:
        figure.remark("" if cutting else heads_together.TOO_LONG if too_long else heads_together.alone())
        mode.named(this, head)
    if cutting:
        made = mode.head(this, head, head_width)
        mode.own_page()
    elif long is not None and group is None:
        long_map.chosen_head(this, long, head, head_width)
    else:
        [whole] = this.between_texts(this.chosen_views(head) if group is None else [heads_together.view(this, group)])
        figure.finding(finding(whole))
        width = min(head_width, VIEWS[chosen.view].widest)
        look = session.look(width)
        view = api.fit_for(whole, chosen.view, chosen.start, chosen_view.most(whole, width))
        figure.window_slider(view, whole)
        chosen_view.show(this, view, look, lost(whole))

# What the links that are cut change: beside the head, or below it where the page is narrow
if cutting:
    with left if atlas_width < page_width() else right:
        mode.effect(this, made, atlas_width)

# Every head at a glance
with left:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "All heads",
            ["score", "maps"],
            required=True,
            format_func={"score": "By score", "maps": "As maps"}.__getitem__,
            help="By score: one colour per head. As maps: the attention of each head as a small map.",
            **session.bound("atlas"),
        )
        if chosen.atlas == "score":
            st.selectbox(
                "Score",
                [name for name in SCORES if name not in without],
                format_func=lambda name: SCORES[name].title,
                width=320,
                help=score_help(SCORES[chosen.score], survey.n),
                **session.bound("score"),
            )
            twin.switch()
    score = chosen.score if chosen.atlas == "score" else None
    key, look = f"atlas_{model.name}", session.look(min(atlas_width, 600)).keywords()
    draw = partial(draw_atlas, survey, score, model=model.title, **look)
    compared = {"twin": True} if score and of_twin.found is not None else {}
    figure.show(
        Figure(
            draw(**head_names.selection(this, key).keywords()),
            survey.scores,
            "atlas",
            tables=[tables.scores(this, survey.scores)],
            remarks=[twin_remark(survey.scores, head, score), of_twin.explained] if score else [],
            provenance=provenance_of_text(
                model, this.encoding, "atlas", score=score, **look, **this.options, **this.links, **compared
            ),
            still=draw,
            click=Click(heads_together.click, key=key),
        )
    )
    if score:
        with nullcontext() if atlas_width < page_width() else right:  # below the head where the page is narrow
            twin.tell(of_twin, model, "this text")

head_map.code()
