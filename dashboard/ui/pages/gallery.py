"""The gallery: a card for each finding."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.analyses.gallery.api import Finding, Measured, draw_finding, measured, sentence
from dashboard.analyses.gallery.text import LINKS, TITLES
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.models import CATALOGUE
from dashboard.ui import caches, figure, session
from dashboard.ui.figure import Figure
from dashboard.ui.markdown import error_said, escape_markdown
from dashboard.ui.page import to_page

WIDE = 274  # pixels of a picture: three cards stand side by side on a usual screen


def card(finding: Finding) -> None:
    """Title, picture, sentence and the link to where it is shown; what to do where the model is not on this machine."""
    with st.container(border=True, width=WIDE + 34, height="stretch", key=f"card_{finding.name}"):
        title = CATALOGUE[finding.model].title if finding.model else "four small networks"
        st.markdown(f"**{TITLES[finding.name]}** · {escape_markdown(title)}")
        try:
            model, key = caches.opened(finding.model) if finding.model else (None, "")
            found, drawing = _shown(finding.name, key, session.theme(), finding, model)
        except UserError as wrong:
            st.caption(error_said(wrong))
            to_page("models", "Open Models", ":material/deployed_code:")
            return
        st.markdown(escape_markdown(sentence(finding, found)))
        figure.picture(Figure(drawing, pd.DataFrame, f"finding_{finding.name}"))
        to_page(finding.page, LINKS[finding.page], ":material/arrow_outward:", **finding.link())


@st.cache_resource(max_entries=48, show_spinner=False)
def _shown(
    name: str, key: str, theme: Theme, _finding: Finding, _model: AttentionModel | None
) -> tuple[Measured, Drawing]:
    found = measured(_finding, _model)
    return found, draw_finding(_finding, found, _model, session.look(WIDE))
