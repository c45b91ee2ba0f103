"""“All heads”: the picture of the chosen head, or of several as one, whole or the part of it that fits."""

from __future__ import annotations

from functools import partial

from dashboard.analyses.explore import api
from dashboard.analyses.explore.views import VIEWS, help_of
from dashboard.charts.look import Look
from dashboard.heads.links import links
from dashboard.heads.view import HeadView
from dashboard.ui import figure, session
from dashboard.ui.figure import Figure
from dashboard.ui.model_and_text import Reading
from dashboard.ui.pages.explore.tables import strongest_links

ONE_TEXT = "One text has no interval. On another text, the head may look elsewhere."


def show(this: Reading, view: HeadView, look: Look, lost: str = "") -> None:
    """The picture with its files and its table. view: what is drawn; lost: a remark on what it does not show"""
    name = session.choices().view
    options = look.keywords() | this.options | figure.window_of(view)
    figure.show(
        Figure(
            VIEWS[name].draw(view, look),
            partial(links, view),
            "head",
            remarks=[lost, help_of(name, view.measure), ONE_TEXT],
            tables=[strongest_links(view)],
            views=[view],
            provenance=api.provenance(this.model, [view], name, **options),
            fit=VIEWS[name].fit,
            awaited=True,
        )
    )
