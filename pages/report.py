"""Report: the figures that you collected, to take away as one file."""

import streamlit as st

from dashboard.export import reports
from dashboard.ui import session
from dashboard.ui.pages import report
from dashboard.ui.report import kept_where

key = session.choices().report
there = report.figures(key)
report.undo(key)
if not there:
    st.caption("No figure is collected yet. “Add to report” under any figure puts it here, from every page.")
else:
    st.caption(kept_where())
    report.files(key)
    if (lost := len(reports.entries(key)) - len(there)) > 0:
        st.warning(f"{lost} of the figures can no longer be read and {'is' if lost == 1 else 'are'} left out.")
    for place, (entry, figure) in enumerate(there):
        report.card(key, place, len(there) - 1, entry, figure)
