"""Layer by layer: what does each layer add to a word, and to which words does it come near?"""

from functools import partial

import streamlit as st

from dashboard.analyses.contribution.rollout import mostly_special
from dashboard.analyses.explore.api import fit_for, provenance
from dashboard.analyses.explore.text import finding
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.layers.api import draw_residual_stream
from dashboard.analyses.layers.layers_chart import columns
from dashboard.analyses.layers.residual_stream import MEASURES
from dashboard.analyses.layers.text import word_finding
from dashboard.heads.links import links
from dashboard.ui import figure, head_picker, session
from dashboard.ui.figure import Click, Figure
from dashboard.ui.layout_width import page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import reading
from dashboard.ui.pages import layer_tables, layers_and_long_range
from dashboard.ui.pages.explore.tables import strongest_links


def choose_word(key: str) -> None:
    """A click on a column chooses that word."""
    points = st.session_state[key].selection.get("word")
    if points and points[0].get("place") is not None:
        session.change(word=int(points[0]["place"]))


# Inputs
head_picker.part()
this = reading(pairs=True, parts=True)
model = this.model
of_decoder = model.given is not None
st.caption(
    f"Every word is a vector. In each of the {model.layers} layers of {escape_markdown(model.title)}, "
    + layers_and_long_range.adds(model)
)
if model.part == "cross":
    figure.remark("Cross attention is a part of the decoder’s layers, so this is the decoder’s stream.")
stream = layers_and_long_range.residual_stream(this)
chosen = session.choices()
word = chosen.word
most = columns(page_width())
st.selectbox(
    f"{stream.unit[:-1].capitalize()} to follow",
    range(len(stream.words)),
    format_func=lambda place: stream.known(int(stream.words[place])),
    width=260,
    **layers_and_long_range.word_in_sight(stream, most),
)

# Picture: one word
look = session.look(page_width()).keywords()
figure.show(
    Figure(
        draw_residual_stream(stream, "journey", word=word, **look),
        partial(stream.neighbours, int(stream.words[word])),
        "journey",
        finding=word_finding(stream, word),
        remarks=[
            "Bars: each part projected on the change of the layer, so the parts sum to 100 %. A part that works "
            "against the change points left."
            + (
                " This model normalises each vector after every addition, which moves it too."
                if stream.normalises
                else " This model normalises only the input of each part, so nothing else moves a vector."
            ),
            "Nearest: the word of this text with the highest cosine, after subtracting the mean over its words at that "
            "layer. A word of several tokens is the mean of their vectors.",
        ],
        tables=[layer_tables.neighbours(stream, word)],
        awaited=True,
    )
)

# Picture: every word
if chosen.measure not in stream.measures:
    session.correct(measure="moved")
    chosen = session.choices()
st.segmented_control(
    f"Show for every {stream.unit[:-1]}",
    stream.measures,
    required=True,
    format_func=lambda name: MEASURES[name].title,
    help="\n\n".join(f"**{measure.title}.** {measure.help}" for measure in map(MEASURES.__getitem__, stream.measures)),
    **session.bound("measure"),
)
if len(stream) > most:
    session.correct(start=min(chosen.start, len(stream) - most))
    st.slider(f"First {stream.unit[:-1]} drawn, of {len(stream):,}", 0, len(stream) - most, **session.bound("start"))
start = session.choices().start if len(stream) > most else 0
figure.show(
    Figure(
        draw_residual_stream(stream, chosen.measure, epoch=session.epoch(), word=word, start=start, **look),
        stream.table,
        "flow",
        remarks=["Click a column to follow that word. " + MEASURES[chosen.measure].help],
        tables=[layer_tables.movements(stream)],
        click=Click(choose_word, "word", f"flow_{model.name}_{chosen.measure}"),
    )
)

# Attention rollout
st.subheader("Attention through several layers", anchor=False)
st.caption(
    "Each layer mixes what earlier layers have already mixed. Rollout multiplies one matrix per layer: the mean over "
    "its heads, averaged with the identity (the part that skips attention). A row shows which tokens a vector "
    "may come from. Rollout treats all heads as equal and ignores feed-forward."
    + " Here it also leads through cross attention into the source, and there through the encoder’s layers."
    * of_decoder
)
whole = layers_and_long_range.rolled(this)
narrow = session.look(min(page_width(), 620))
view = fit_for(whole, "heatmap", chosen.start, VIEWS["heatmap"].most(narrow.width_or(620)))
options = narrow.keywords() | this.options | figure.window_of(view)
figure.show(
    Figure(
        VIEWS["heatmap"].draw(view, narrow),
        partial(links, view),
        "rollout",
        finding=finding(whole),
        remarks=[
            mostly_special(whole),
            "After Abnar and Zuidema (2020). Over tokens, with special tokens in the product. One text has no "
            "interval.",
        ],
        tables=[strongest_links(view)],
        views=[view],
        provenance=provenance(model, [view], "heatmap", **options),
    )
)
