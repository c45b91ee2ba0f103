"""“All heads”: the picture of the chosen head, or of several as one, whole or the part of it that fits."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.analyses.explore import api
from dashboard.analyses.explore.heatmap_chart import top_of
from dashboard.analyses.explore.map_tiles import Overview
from dashboard.analyses.explore.text import describe
from dashboard.analyses.explore.views import VIEWS, help_of
from dashboard.charts.look import Look
from dashboard.charts.matrix import RECTS
from dashboard.heads.links import links
from dashboard.heads.view import HeadView
from dashboard.ui import figure, head_picker, heads_together, session
from dashboard.ui.components import head_map
from dashboard.ui.figure import Figure
from dashboard.ui.model_and_text import Reading
from dashboard.ui.pages.explore.tables import strongest_links
from dashboard.ui.url_fields import digest

KEY = "whole_map"  # of the map
ONE_TEXT = "One text has no interval. On another text, the head may look elsewhere."


SHARES = ("weight", "mean_weight")  # measures of which a row sums to 1 at most


def controls(this: Reading, several: bool) -> None:
    """What is drawn, and how. several: whether it is several heads as one"""
    heads_together.choose()
    st.segmented_control(
        "Show as",
        [name for name, one in VIEWS.items() if one.two_texts or this.model.source_text is None],
        required=True,
        format_func=lambda name: VIEWS[name].title,
        **session.bound("view"),
    )
    if several:
        heads_together.choose_how()
    else:
        head_picker.measure()
    if this.encoding.second is not None:
        head_picker.between()


def most(whole: HeadView, width: float) -> int:
    """How many positions a picture of this width holds. A map that zooms holds what no pointer would find in one that
    does not."""
    one = VIEWS[session.choices().view]
    return one.max_positions if zooms(whole) else one.most(width)


def zooms(view: HeadView) -> bool:
    """Whether the view is drawn as a map that zooms: a heatmap of shares with too many squares for one mark each."""
    return (
        session.choices().view == "heatmap"
        and view.one_axis
        and not view.crosses
        and view.measure in SHARES
        and len(view) > RECTS
    )


def show(this: Reading, view: HeadView, look: Look, lost: str = "") -> None:
    """The picture with its files and its table. view: what is drawn; lost: a remark on what it does not show"""
    name = session.choices().view
    options = look.keywords() | this.options | figure.window_of(view)
    draw = partial(VIEWS[name].draw, view, look)
    zoomed = zooms(view)
    figure.show(
        Figure(
            draw if zoomed else draw(),
            partial(links, view),
            "head",
            remarks=[lost, help_of(name, view.measure), ONE_TEXT],
            tables=[strongest_links(view)],
            views=[view],
            provenance=api.provenance(this.model, [view], name, **options),
            fit=VIEWS[name].fit,
            on_page=partial(_map, view, look.width_or(VIEWS[name].widest)) if zoomed else None,
            awaited=True,
        )
    )


def _map(view: HeadView, width: float) -> None:
    """The view as a map that zooms, with all its weights at once."""
    where = digest("\n".join((view.unit, view.hidden, str(view.start), str(len(view)), view.text, view.pair)))
    top = top_of([view])
    head_map.show(
        KEY,
        digest(f"{where} {view.name} {view.revision} {view.head}"),
        where,
        Overview(0, view.weights, top),
        top,
        sides=[view.axis],
        unit=view.unit.removesuffix("s"),
        causal=view.causal,
        alt=describe("Heatmap", [view]),
        theme=session.theme(),
        most=width,
        asks=False,
    )
