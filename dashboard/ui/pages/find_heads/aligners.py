"""“Find heads” over two texts: which head of cross attention aligns the words of the target with the source's?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboard.analyses.explore import api
from dashboard.analyses.explore.text import finding as finding_together
from dashboard.analyses.explore.text import lost
from dashboard.analyses.explore.views import VIEWS, help_of
from dashboard.analyses.find_heads.aligner import Aligners, checked
from dashboard.analyses.find_heads.aligner_text import chance_remarks, finding, remarks
from dashboard.analyses.find_heads.find_aligners import draw_aligners, find_aligners
from dashboard.analyses.find_heads.pair_shares import Pair
from dashboard.errors import UserError
from dashboard.heads.head_id import heads_of
from dashboard.heads.links import links
from dashboard.text.encoding import Encoding
from dashboard.ui import figure, head_picker, heads_together, session
from dashboard.ui.figure import Click, Figure, Table
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.model_and_text import Reading
from dashboard.ui.page import problem
from dashboard.ui.pages.explore.tables import strongest_links

COLUMNS = {
    "layer": "Layer",
    "head": "Head",
    "part": None,
    "aer": st.column_config.NumberColumn(
        "Alignment error", format="percent", help="1 − 2 × right links ÷ (links + marked pairs). 0 %: all as marked."
    ),
    "right": st.column_config.NumberColumn("Right links", help="Links of the head that are marked."),
    "share": st.column_config.NumberColumn(
        "Attention along the pairs", format="percent", help="Of what the word gives to the source's words."
    ),
    "links": st.column_config.NumberColumn("Links", help="One for each marked word of the target."),
    "q": figure.Q,
}
LINKS = {
    "from_position": None,
    "to_position": None,
    "from": "Word of the target",
    "to": "Linked to",
    "marked": "Marked",
    "right": st.column_config.CheckboxColumn("Right"),
}


@st.cache_resource(max_entries=64, show_spinner="Aligning the words…")
def _found(key: str, text: str, bos: bool, pairs: tuple[Pair, ...], _this: Reading) -> Aligners:
    options = {name: value for name, value in _this.options.items() if name in ("bos", "limit")}
    return find_aligners(_this.model, _this.encoding, pairs, **options)


def on_two_texts(this: Reading, source: Encoding, pairs: Sequence[Pair], wrong: str) -> Aligners | None:
    """The heads by alignment error; None, and a sentence that says what to do, if there is nothing to align by."""
    if not wrong and not pairs:
        st.info(
            "No pair is marked yet. Click a word of the target, then the word of the source that it translates.",
            icon=":material/edit:",
        )
        return None
    try:
        if wrong:
            raise UserError(wrong)
        checked(this.encoding, source, pairs)
        return _found(this.key, this.encoding.text, this.bos, tuple(pairs), this)
    except UserError as error:
        problem(error)
        st.button("Remove all pairs", on_click=session.change, kwargs={"pairs": ""})
        return None


def show(this: Reading, found: Aligners) -> None:
    """The ranking, and the chosen head's attention from the target to the source."""
    session.open_on(found.best)
    if not VIEWS[session.choices().view].two_texts:
        session.correct(view="heatmap")
    chosen = session.choices()
    group = heads_together.chosen(this.model, chosen.chosen, heads_of(found.table))
    figure.finding(finding(found))
    figure.remark(*remarks(found))
    left, right, left_width, right_width = beside(page_width())
    with right:  # sent before the ranking on the left, as a click waits for it
        with st.container(horizontal=True, vertical_alignment="bottom"):
            head_picker.by_number(this.model)
            heads_together.choose(without=())
            st.segmented_control(
                "Show as",
                [name for name, view in VIEWS.items() if view.two_texts],
                required=True,
                format_func=lambda name: VIEWS[name].title,
                **session.bound("view"),
            )
            if group is None:
                head_picker.measure()
            else:
                heads_together.choose_how()
        if group is None:
            figure.remark(heads_together.alone(), finding(found, chosen.chosen))
            [whole] = this.chosen_views(chosen.chosen, unit="words", special="hide")
            table = Table(LINKS, partial(found.links, chosen.chosen), label="Links", key="aligned")
        else:
            whole = heads_together.view(this, group, unit="words", special="hide")
            figure.remark(finding_together(whole))
            table = strongest_links(whole)
        drawn_as = VIEWS[chosen.view]
        look = session.look(min(right_width, drawn_as.widest))
        view = api.fit_for(whole, chosen.view, chosen.start, drawn_as.most(look.width_or(drawn_as.widest)))
        figure.show(
            Figure(
                drawn_as.draw(view, look),
                partial(links, view),
                "found_head",
                remarks=[lost(whole), help_of(chosen.view, view.measure)],
                tables=[table],
                views=[view],
                provenance=api.provenance(
                    this.model, [view], chosen.view, **look.keywords(), **this.options, **figure.window_of(view)
                ),
                fit=drawn_as.fit,
                awaited=True,
            )
        )
    with left:
        key = f"aligners_{found.name}"
        draw = partial(draw_aligners, found, **session.look(min(left_width, 600)).keywords())
        marked = head_picker.selection(key)
        figure.show(
            Figure(
                draw(selected=marked.head, epoch=marked.epoch),
                found.table,
                "aligners",
                remarks=chance_remarks(found),
                tables=[Table(COLUMNS)],
                still=draw,
                click=Click(heads_together.click, key=key),
            )
        )
