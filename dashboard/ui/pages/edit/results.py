"""“Cut a link”: what the edits change."""

from __future__ import annotations

from functools import partial
from typing import Literal

import streamlit as st

from dashboard.analyses.edit.api import edit
from dashboard.analyses.edit.draw import draw_edit, draw_next
from dashboard.analyses.edit.effect import Edited
from dashboard.analyses.edit.text import edit_finding, edit_remarks, other_way
from dashboard.capture import AttentionModel
from dashboard.capture.language import language_head
from dashboard.errors import UserError
from dashboard.text import Encoding
from dashboard.ui import caches, figure, missing_model, readings, session
from dashboard.ui.figure import Figure, Table
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import Reading
from dashboard.ui.page import problem
from dashboard.ui.results_cache import cached

_SHARE, _LOGIT = "percent", "%.3f"
NEXT = {
    "token": "Token",
    "id": None,
    "which": None,
    "p": st.column_config.NumberColumn("p", format=_SHARE, help="The probability without the edits."),
    "p_edited": st.column_config.NumberColumn("p with the edits", format=_SHARE),
    "logit": st.column_config.NumberColumn("Logit", format=_LOGIT),
    "logit_edited": st.column_config.NumberColumn("Logit with the edits", format=_LOGIT),
    "rank": st.column_config.NumberColumn("Rank", help="1 is the most probable token of the vocabulary."),
    "rank_edited": st.column_config.NumberColumn("Rank with the edits"),
}
TOKENS = {
    "position": "Position",
    "token": "Token",
    "loss": st.column_config.NumberColumn("Loss, nats", format="%.4f", help="−ln p of the token, without the edits."),
    "loss_edited": st.column_config.NumberColumn("Loss with the edits", format="%.4f"),
    "loss_change": st.column_config.NumberColumn("Change of loss, nats", format="%+.4f"),
    "shift": st.column_config.NumberColumn("1 − cosine", format="%.6f"),
}


def continues(this: Reading) -> bool:
    """Whether the model predicts a next token of this text."""
    return this.model.predicts_next and language_head(this.model) is not None


def asks(this: Reading) -> None:
    """The controls for a cut row, and for the two next tokens that are compared."""
    st.segmented_control(
        "After a cut",
        ["renormalised", "left"],
        required=True,
        format_func={"renormalised": "Renormalise the row", "left": "Leave the rest"}.__getitem__,
        help=(
            "Renormalise: the other weights of the row are divided by their sum, as if the key had been masked. Leave: "
            "they stay, so the head adds less. What the other way gives is below."
        ),
        **session.bound("cut_row"),
    )
    if continues(this):
        for label, field, empty in (
            ("Next token", "answer", "the most probable one"),
            ("Rival", "instead", "the most probable other one"),
        ):
            st.text_input(
                label,
                placeholder=empty,
                width=200,
                help=f"A word that could follow the text. Empty: {empty}.",
                **session.bound(field),
            )


@cached("Editing the attention…")
def _edited(
    key: str,
    text: str,
    bos: bool,
    cuts: tuple[str, ...],
    row: Literal["renormalised", "left"],
    answer: str,
    rival: str,
    _model: AttentionModel,
    _encoding: Encoding,
    _known: Edited | None,
) -> Edited:
    held = readings.held(key, text, bos, "zero", _model, _encoding)
    limit = caches.TOKENS_AT_MOST if _encoding.left_out else None
    how = {"row": row, "answer": answer, "rival": rival, "bos": bos, "limit": limit}
    return edit(_model, _encoding, cuts, held=held, known=_known, **how)


def found(this: Reading, made: tuple[str, ...], row: Literal["renormalised", "left"] | None = None) -> Edited | None:
    """What the edits change; None, and a sentence, where they cannot be made. row: None for the chosen way"""
    chosen = session.choices()
    words = (chosen.answer, chosen.instead) if continues(this) else ("", "")
    key = this.key, this.encoding.text, this.bos
    before, known = st.session_state.get("edit_known", (None, None))
    known = known if before == key else None  # of the same text: its losses as it is need not be read again
    try:
        one = _edited(*key, made, row or chosen.cut_row, *words, this.model, this.encoding, known)
    except UserError as wrong:
        problem(wrong)
        return None
    st.session_state["edit_known"] = key, one
    return one


def show(this: Reading, made: tuple[str, ...], width: float) -> None:
    """The pictures of what changes, beside the head."""
    if not made:
        figure.finding("Nothing is edited, so nothing changes.")
        _predicts(this)
        return
    one = found(this, made)
    if one is None:
        return
    look, chosen = session.look(min(width, 640)).keywords(), session.choices()
    figure.finding(edit_finding(one))
    if len(one.next):
        figure.show(Figure(draw_next(one, **look), one.next, "next", tables=[Table(NEXT)], awaited=True))
    changed = partial(draw_edit, one, unit=chosen.unit, special=chosen.special, **look)
    figure.show(
        Figure(
            changed(),
            one.table,
            "edited",
            tables=[Table({name: title for name, title in TOKENS.items() if name in one.table})],
            awaited=not len(one.next),
        )
    )
    other = found(this, made, "left" if one.row == "renormalised" else "renormalised") if one.cut else None
    figure.remark(*edit_remarks(one), other_way(one, other) if other else "", "One text has no interval.")
    _predicts(this)


def _predicts(this: Reading) -> None:
    """The way to a model that predicts words, from one that does not."""
    if not continues(this):
        st.caption(f"{escape_markdown(this.model.title)} predicts no words, so only its vectors can change.")
        missing_model.offer_predicting("Cut links of {}", edits=None)
