"""What the model writes: how sure was it of each token, and which heads wrote it?"""

from functools import partial

import streamlit as st

from dashboard.analyses.logit_attribution.api import draw_logit_components
from dashboard.analyses.logit_attribution.text import components_finding
from dashboard.analyses.writing.api import draw_alternatives, draw_written, provenance_of_heads
from dashboard.analyses.writing.text import EXPLAINED, token_finding, written_finding
from dashboard.analyses.writing.tokens import OTHERS
from dashboard.ui import figure, session
from dashboard.ui.figure import Click, Figure, Table
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import opened
from dashboard.ui.pages import inside_logits
from dashboard.ui.pages.writing import first, writing

COLUMNS = {
    "place": "Number",
    "position": "Place in the text",
    "token": "Token",
    "id": "Number in the vocabulary",
    "p": st.column_config.NumberColumn("Probability", format="percent"),
    "rank": "Rank",
} | {
    name: title
    for k in range(1, OTHERS + 1)
    for name, title in (
        (f"other_{k}", f"Alternative {k}"),
        (f"p_other_{k}", st.column_config.NumberColumn("Its probability", format="percent")),
    )
}

# Inputs
this = opened()
first.check_writes(this)
st.caption(
    f"{escape_markdown(this.model.title)} continues your text token by token. How sure was it of each token, and which "
    "heads wrote it?"
)
asked = writing.prompt_of(this, writing.controls(this))
found = writing.write_on(asked)

if found is not None:
    # What was written, a token framed
    where = st.container()
    place = writing.on_show(found)
    look = session.look(page_width()).keywords()
    draw = partial(draw_written, found, **look)
    with where:
        writing.read_everywhere(asked, found)
        figure.show(
            Figure(
                draw(place=place, epoch=session.epoch()),
                found.table,
                "written",
                finding=written_finding(found),
                remarks=[EXPLAINED, "Click a token to see its alternatives and its heads."],
                tables=[Table(COLUMNS)],
                still=draw,
                click=Click(writing.take_token, "token", "written"),
                awaited=True,
            )
        )

    # The token on show: its alternatives, and the heads that wrote it
    left, right, narrow, wide = beside(page_width(), (0.42, 0.58))
    with left:
        figure.show(
            Figure(
                draw_alternatives(found, place, **session.look(min(narrow, 440)).keywords()),
                found.table,
                "alternatives",
                finding=token_finding(found, place),
            )
        )
    with right:
        parts = writing.heads_of(asked, found, place)
        if parts is not None:
            shape = session.look(min(wide, 560)).keywords()
            draw = partial(draw_logit_components, parts, **shape)
            figure.show(
                Figure(
                    draw(epoch=session.epoch()),
                    parts.table,
                    "wrote",
                    finding=components_finding(parts),
                    remarks=["Direct effects only: what goes through later layers is left out. Click a head."],
                    tables=[Table(inside_logits.PARTS)],
                    still=draw,
                    provenance=provenance_of_heads(found, place, **shape),
                    click=writing.choose_head("wrote"),
                )
            )
            writing.links(found, parts)
