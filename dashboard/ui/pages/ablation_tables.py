"""The tables of “Ablation”: the titles of their columns."""

from __future__ import annotations

import streamlit as st

from dashboard.heads.untrained import TAUGHT
from dashboard.ui.figure import UNREAD, Columns

_SHARE = "percent"
_UNNAMED: Columns = {"layer": None, "head": None, "part": None, "heads": None}  # the page says which heads are meant
_LOSS, _SHIFT = "Change of loss, nats per token", "1 − cosine"


def _probability(of: str, what: str, how: str):
    """how: “with the head”, “without the heads” …"""
    return st.column_config.NumberColumn(
        f"{of}: p {how}", help=f"The probability that the model gives to {what} {how}.", format=_SHARE
    )


def changed(heads: str) -> Columns:
    """The predictions that change. heads: “the head”, “the heads”."""
    return {
        **_UNNAMED,
        "position": st.column_config.NumberColumn("Position", help="Counted from 0, special tokens included."),
        "token": "Token",
        "old": st.column_config.TextColumn("Old prediction", help=f"The most probable token with {heads}."),
        "p_old": _probability("Old", "the old prediction", f"with {heads}"),
        "p_old_ablated": _probability("Old", "the old prediction", f"without {heads}"),
        "new": st.column_config.TextColumn("New prediction", help=f"The most probable token without {heads}."),
        "p_new": _probability("New", "the new prediction", f"with {heads}"),
        "p_new_ablated": _probability("New", "the new prediction", f"without {heads}"),
    }


def candidates(heads: str) -> Columns:
    """The candidates in the place of one word."""
    rank = "1 is the most probable token of the vocabulary."
    return {
        "token": "Token",
        "id": None,
        "which": None,
        "p": _probability("Token", "the token", f"with {heads}"),
        "p_ablated": _probability("Token", "the token", f"without {heads}"),
        "rank": st.column_config.NumberColumn(f"Rank with {heads}", help=rank),
        "rank_ablated": st.column_config.NumberColumn(f"Rank without {heads}", help=rank),
    }


def tokens(heads: str) -> Columns:
    """Every token that is read. heads: “the head”, “the heads”."""
    return {
        **_UNNAMED,
        "position": "Position",
        "token": "Token",
        "loss_change": st.column_config.NumberColumn("Change of loss, nats", format="%+.4f"),
        "shift": st.column_config.NumberColumn(_SHIFT, format="%.5f"),
        "p": _probability("Token", "the token in the text", f"with {heads}"),
        "p_ablated": _probability("Token", "the token in the text", f"without {heads}"),
        "unknown": UNREAD,
        **dict.fromkeys(("old", "new", "p_old", "p_old_ablated", "p_new", "p_new_ablated")),
    }


TOGETHER: Columns = {
    "heads": "Ablated",
    "what": st.column_config.TextColumn("How", help="Each head alone, the sum of these, and all together."),
    "loss_change": st.column_config.NumberColumn(_LOSS, format="%+.5f"),
    "shift": st.column_config.NumberColumn(_SHIFT, format="%.5f"),
}
EFFECTS: Columns = {
    "layer": "Layer",
    "head": "Head",
    "part": None,
    "loss_change": st.column_config.NumberColumn(_LOSS, format="%+.5f"),
    "loss_change_low": st.column_config.NumberColumn("Change of loss, 95\u00a0% from", format="%+.5f"),
    "loss_change_high": st.column_config.NumberColumn("Change of loss, 95\u00a0% to", format="%+.5f"),
    "flips": st.column_config.NumberColumn("Predictions that change", format=_SHARE),
    "shift": st.column_config.NumberColumn(_SHIFT, format="%.5f"),
    "shift_low": st.column_config.NumberColumn(f"{_SHIFT}, 95\u00a0% from", format="%.5f"),
    "shift_high": st.column_config.NumberColumn(f"{_SHIFT}, 95\u00a0% to", format="%.5f"),
    "untrained_loss_change": st.column_config.NumberColumn(
        "Untrained twin: change of loss", help=TAUGHT, format="%+.5f"
    ),
    "untrained_shift": st.column_config.NumberColumn(f"Untrained twin: {_SHIFT}", help=TAUGHT, format="%.5f"),
    **dict.fromkeys(f"untrained_{name}{end}" for name in ("loss_change", "shift") for end in ("_low", "_high")),
    "sentences": None,
    "tokens": None,
}
