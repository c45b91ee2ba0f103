"""The tables of “Carry a head over”: the titles of their columns."""

from __future__ import annotations

import streamlit as st

from dashboard.ui.figure import Columns

_SHARE = "percent"


def _logits(title: str):
    return st.column_config.NumberColumn(title, format="%+.3f", help="Logit of the first answer minus the second’s.")


def _percent(title: str, help: str = ""):
    return st.column_config.NumberColumn(title, format=_SHARE, help=help or None)


COLUMNS: Columns = {
    "layer": "Layer",
    "head": "Head",
    "position": st.column_config.NumberColumn("Position", help="Counted from 0, special tokens included."),
    "token": "Token",
    "m": _logits("Logit difference"),
    "recovered": _percent("Recovered", "0: the second text’s prediction stays. 100 %: it is the first one’s."),
    "m_direct": _logits("Direct: logit difference"),
    "direct": _percent("Direct", "By the path to the logits alone."),
}
PATH: Columns = {"into": "Through its", "m": COLUMNS["m"], "recovered": COLUMNS["recovered"]}
SET: Columns = {
    "layer": "Layer",
    "head": "Head",
    "recovered": COLUMNS["recovered"],
    "recovered_low": _percent("Recovered, 95\u00a0% from"),
    "recovered_high": _percent("Recovered, 95\u00a0% to"),
    "pairs": "Pairs",
    "control": _percent("Control", "Recovered with the head of another text that has the same answer."),
    "specific": _percent("Minus the control"),
    "specific_low": _percent("Minus the control, 95\u00a0% from"),
    "specific_high": _percent("Minus the control, 95\u00a0% to"),
    "controlled": "Pairs with a control",
}
PAIRS: Columns = {
    "pair": None,
    "text": "First text",
    "other": "Second text",
    "answer": "Answer",
    "rival": "Answer of the second",
    "m_a": _logits("After the first"),
    "m_b": _logits("After the second"),
    "controlled": "Has a control",
}
