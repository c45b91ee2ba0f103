"""Compare: the heads of the tray side by side, and the difference of two."""

from itertools import combinations

import streamlit as st

from dashboard import api
from dashboard.heads import HeadId, compare, finding
from dashboard.ui import figure, state
from dashboard.ui.choices import TRAY_SIZE
from dashboard.ui.ending import end_page
from dashboard.ui.reading import escape_markdown, reading
from dashboard.ui.room import positions, room


def add_head() -> None:
    if name := st.session_state["add_head"]:
        state.add_to_tray(HeadId.parse(name))
        st.session_state["add_head"] = None


st.title("Compare", anchor=False)

# What is asked
this = reading()
chosen = state.choices()
model = this.model

st.caption(f"How do heads of {escape_markdown(model.title)} differ on the same text?")
every = [HeadId(layer, head) for layer in range(model.layers) for head in range(model.heads)]
st.selectbox(
    "Add a head",
    [str(head) for head in every if head not in chosen.tray],
    index=None,
    key="add_head",
    on_change=add_head,
    width=320,
    disabled=len(chosen.tray) == TRAY_SIZE,
    placeholder="Type a name like L2H0",
    help="It goes into the tray on the left, which holds up to four; there it can be taken out again.",
)

if len(chosen.tray) < 2:
    table = this.overview().scores.set_index(["layer", "head"])
    second, sees = ("self", "itself") if model.causal else ("next", "the next token")
    known = table["previous"].notna().any() and table[second].notna().any()
    pair = [HeadId(*table[score].idxmax()) for score in ("previous", second)] if known else every[:2]
    st.info("Two heads make a comparison. Add them above, or on Explore with “Add to tray”.")
    if len(set(pair)) == 2:
        st.button(f"Start with {pair[0]} and {pair[1]}", on_click=state.change, kwargs={"tray": tuple(pair)})
    if known and len(set(pair)) == 2:
        figure.remark(f"On this text, {pair[0]} looks most at the previous token and {pair[1]} most at {sees}.")
    end_page()

st.segmented_control(
    "Shown as",
    ["side", "difference"],
    required=True,
    format_func={"side": "Side by side", "difference": "Difference of the first two"}.get,
    **state.bound("show"),
)

# What is computed
heads = chosen.tray if chosen.show == "side" else chosen.tray[:2]
whole = this.views(*heads)
pairs = {(a, b): compare(a, b) for a, b in combinations(whole, 2)}

# What is drawn
if len(pairs) == 1:
    [((a, b), numbers)] = pairs.items()
    alike = (
        f"{a.head} and {b.head} look hardest at the same place in {round(numbers.top1 * numbers.rows)} of "
        f"{numbers.rows} rows; their divergence is {numbers.js:.2f}, where 0 is the same and 1 wholly apart."
        if numbers.rows
        else f"On this text no row counts for {a.head} and {b.head}, so nothing can be said of how alike they are."
    )
else:
    (a, b), nearest = min(pairs.items(), key=lambda pair: pair[1].js)
    (c, d), furthest = max(pairs.items(), key=lambda pair: pair[1].js)
    alike = (
        f"Most alike are {a.head} and {b.head} (divergence {nearest.js:.2f}), furthest apart {c.head} and {d.head} "
        f"({furthest.js:.2f}), over {nearest.rows} rows; 0 is the same and 1 wholly apart."
    )

name = "compare" if chosen.show == "side" else "difference"
width = min(room(), 980 if name == "compare" else 600)
most = positions(min(width, 620), 512)
views = [api.fit_for(view, "heatmap", chosen.start, most) for view in whole]
figure.window_slider(views[0], whole[0])
chart = api.draw(views, name, theme=state.theme(), width=width)
figure.finding(alike if name == "compare" else chart.description)
figure.remark(*(map(finding, whole) if name == "compare" else [alike]))
figure.picture(chart, "compare", "content")
options = {"theme": state.theme(), "width": width} | this.options | figure.window_of(views[0])
with st.container(horizontal=True):
    figure.files(
        lambda: chart, lambda: api.links_of(views), views, api.provenance(model, views, name, **options), "compare"
    )
    figure.comparisons({(str(a.head), str(b.head)): numbers for (a, b), numbers in pairs.items()})
