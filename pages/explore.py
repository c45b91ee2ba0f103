"""Explore: where does each head look?"""

import streamlit as st

from dashboard import api
from dashboard.charts import VIEWS
from dashboard.charts.views import help_of
from dashboard.heads import SCORES, Score, finding, links
from dashboard.ui import choosing, figure, state
from dashboard.ui.reading import escape_markdown, reading
from dashboard.ui.room import beside, positions, room

ONE_TEXT = "Figures over one text have no interval; on another text the head may look elsewhere."
WIDEST = {"heatmap": 620, "lines": 640, "arcs": 980, "reading": 780}  # wider is no easier to read


def score_help(score: Score, n: int) -> str:
    """What a score measures, over what, its range here and who defined it."""
    low, high = score.range(n)
    span = "0 to 100 %" if score.unit == "share" else f"{low:g} to {high:.1f} {score.unit} on this text"
    return f"{score.help} The mean over tokens; the special ones' own rows are left out. {span}. After {score.source}."


st.title("Explore", anchor=False)

# What is asked
this = reading(pairs=True)
chosen = state.choices()
model = this.model
head = chosen.chosen
survey = this.overview()

st.caption(f"Where does each head look? {escape_markdown(model.title)} has {model.size}.")
left, right, atlas_room, head_room = beside(room())

# The chosen head, before the atlas on the left: it is what a click waits for
with right:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choosing.by_number(model)
        st.segmented_control(
            "Drawn as",
            list(VIEWS),
            required=True,
            format_func=lambda name: VIEWS[name].title,
            **state.bound("view"),
        )
        choosing.measure()
        if this.encoding.second is not None:
            choosing.between()
    [whole] = this.between_texts(this.measured(head))
    figure.finding(finding(whole))
    width = min(head_room, WIDEST[chosen.view])
    most = positions(width, VIEWS[chosen.view].max_positions) if chosen.view == "heatmap" else None
    view = api.fit_for(whole, chosen.view, chosen.start, most)
    figure.window_slider(view, whole)
    chart = VIEWS[chosen.view].draw(view, state.theme(), width=width)
    figure.picture(chart, "head", VIEWS[chosen.view].fit)
    figure.painted_first()
    figure.remark(help_of(chosen.view, view.measure), ONE_TEXT)
    options = {"theme": state.theme(), "width": width} | this.options | figure.window_of(view)
    with st.container(horizontal=True):
        figure.files(
            lambda: chart, lambda: links(view), [view], api.provenance(model, [view], chosen.view, **options), "head"
        )
        figure.strongest_links(view)

# Every head at a glance
with left:
    st.segmented_control(
        "All heads",
        ["score", "maps"],
        required=True,
        format_func={"score": "By score", "maps": "As maps"}.get,
        help="A colour for one score of each head, or each head's whole map in small.",
        **state.bound("atlas"),
    )
    if chosen.atlas == "score":
        st.selectbox(
            "Score",
            list(SCORES),
            format_func=lambda name: SCORES[name].title,
            width=320,
            help=score_help(SCORES[chosen.score], survey.n),
            **state.bound("score"),
        )
    score = chosen.score if chosen.atlas == "score" else None
    look = {"theme": state.theme(), "width": min(atlas_room, 600)}
    key = f"atlas_{model.name}"
    atlas = api.draw_atlas(survey, score, model=model.title, tray=chosen.tray, **choosing.frames(key), **look)
    choosing.all_heads(atlas, key)
    with st.container(horizontal=True):
        figure.files(
            lambda: api.draw_atlas(survey, score, model=model.title, **look),
            lambda: survey.scores,
            [],
            api.provenance_of_text(model, this.encoding, "atlas", score=score, **look, **this.options, **this.links),
            "atlas",
        )
        figure.scores_table(survey.scores)
