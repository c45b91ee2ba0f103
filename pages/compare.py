"""Compare: the heads of the tray side by side."""

import streamlit as st

from dashboard import api
from dashboard.heads import HeadId, compare
from dashboard.ui import figure, state
from dashboard.ui.choices import TRAY_SIZE
from dashboard.ui.reading import reading


def take_heads() -> None:
    state.change(tray=tuple(HeadId.parse(name) for name in st.session_state["compare_heads"]))


# What is asked
this = reading()
chosen = state.choices()
model = this.model

st.title("Compare", anchor=False)
st.caption("The heads of the tray on the same text, on one colour scale.")
every = [str(HeadId(layer, head)) for layer in range(model.layers) for head in range(model.heads)]
st.session_state["compare_heads"] = [str(head) for head in chosen.tray]
st.multiselect(
    "Heads", every, key="compare_heads", on_change=take_heads, max_selections=TRAY_SIZE,
    placeholder="Choose two to four heads, like L2H0", help="The same heads as in the tray on the left.",
)  # fmt: skip

if len(chosen.tray) < 2:
    table = this.overview().scores.set_index(["layer", "head"])
    pair = [HeadId(*table[score].idxmax()) for score in ("previous", "self" if model.causal else "next")]
    words = "previous word and at itself" if model.causal else "previous word and at the next"
    st.info("Two heads are needed. Choose them above, or on Explore with “Add to tray”.")
    st.button(
        f"Start with {pair[0]} and {pair[1]}", type="primary", on_click=state.change, kwargs={"tray": tuple(pair)},
        help=f"The heads of this model that look most at the {words} on this text.",
    )  # fmt: skip
    st.stop()

st.segmented_control(
    "Shown as", ["side", "difference"], required=True,
    format_func={"side": "Side by side", "difference": "Difference of the first two"}.get, **state.bound("show"),
)  # fmt: skip
heads = chosen.tray if chosen.show == "side" else chosen.tray[:2]
name = "compare" if chosen.show == "side" else "difference"
views = [api.fit_for(view, "heatmap", chosen.start) for view in this.views(*heads)]

# What is drawn
chart = figure.guarded(lambda: api.draw(views, name, theme=state.theme()))
figure.finding(chart.description)
figure.picture(chart, "compare", "content")
figure.files(chart, lambda: api.links_of(views), views, api.provenance(model, views, name, theme=state.theme()), "compare")
