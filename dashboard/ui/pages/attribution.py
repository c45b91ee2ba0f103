"""“What decided?”: its controls, its result kept for the text, and its pictures."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.analyses.attribution.api import Attributed, By, attribute
from dashboard.analyses.attribution.draw import (
    draw_attribution,
    draw_attribution_heads,
    draw_attribution_words,
    words_table,
)
from dashboard.analyses.attribution.first_text import ANSWER, RIVAL, TEXT, first_text
from dashboard.analyses.attribution.measure import Enough
from dashboard.analyses.attribution.text import (
    NAMES,
    WHY,
    attribution_finding,
    attribution_remarks,
    head_remark,
    heads_finding,
    heads_remarks,
)
from dashboard.capture import AttentionModel
from dashboard.capture.gradients import class_head, predicts_something
from dashboard.errors import UserError
from dashboard.heads.format import capital
from dashboard.heads.head_id import HeadId, head_of
from dashboard.text import Encoding
from dashboard.ui import caches, figure, head_names, head_picker, missing_model, session
from dashboard.ui.figure import Click, Columns, Figure, Table
from dashboard.ui.layout_width import beside, page_width
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import Opened, Reading
from dashboard.ui.page import end_page, problem
from dashboard.ui.readings import Slot
from dashboard.ui.results_cache import cached
from dashboard.ui.url_state import FIRST_TEXT


def _logits(title: str, help: str = ""):
    return st.column_config.NumberColumn(title, format="%+.4f", help=help or None)


def _rho(title: str):
    return st.column_config.NumberColumn(title, format="%.3f", help="Spearman’s ρ with |attribution|, −1 to 1.")


TO_THE_END = "These figures were stopped early, here or by somebody else. Takes the gradients from the start."
STOP = "Stops and takes the points measured so far. The page says how large the error is."
TOKENS: Columns = {
    "position": "Position",
    "token": "Token",
    "special": "Special",
    "gradient": _logits(
        "Gradient × input", "Σ x · ∂F/∂x over the numbers x of the token’s vector. F: what is attributed, in logits."
    ),
    "integrated": _logits(
        "Integrated gradients",
        "Σ (x − x̄) · mean of ∂F/∂x between baseline x̄ and text x. F: what is attributed, in logits.",
    ),
}
WORDS: Columns = {
    "word": "Word",
    "gradient": TOKENS["gradient"],
    "integrated": TOKENS["integrated"],
    "attention": st.column_config.NumberColumn("Attention", format="percent"),
}
HEADS: Columns = {
    "layer": "Layer",
    "head": "Head",
    "agreement": _rho("ρ, integrated"),
    "q": figure.Q,
    "agreement_gradient": _rho("ρ, gradient × input"),
    "q_gradient": st.column_config.NumberColumn("q, gradient × input", format="%.2g"),
    "special": st.column_config.NumberColumn(
        "To special tokens", format="percent", help="The share of its attention that is left out of ρ."
    ),
}


def predicts(this: Opened) -> bool:
    """Whether the model predicts something of a text; if not, the page says so and offers one that does."""
    try:
        if predicts_something(this.model):
            return True
        wrong = f"{this.model.title} predicts neither words nor classes, so nothing is decided."
    except UserError as error:
        wrong = str(error)
    st.info(escape_markdown(wrong), icon=":material/info:")
    typed = session.choices().text != FIRST_TEXT  # a text of one's own stays
    example = {} if typed else {"text": TEXT, "answer": ANSWER, "instead": RIVAL}
    missing_model.offer_predicting("What decided in {}", **example)
    return False


def shipped() -> None:
    """A result of a model that predicts."""
    result = first_text()
    words(result)
    figure.remark(f"A stored example, measured earlier with {result.model} on the text above.")
    if not _ranked(result):
        return
    look = session.look(min(page_width(), 600)).keywords()
    figure.show(
        Figure(
            draw_attribution_heads(result, **look),
            result.heads,
            "agreement",
            finding=heads_finding(result),
            remarks=[*heads_remarks(result), WHY],
            tables=[Table(HEADS)],
        )
    )


def asks(this: Reading) -> None:
    """The controls for the answer, its rival, and the attribution that heads are compared with."""
    head = class_head(this.model)
    chosen = session.choices()
    if head is not None:
        for field in ("answer", "instead"):
            if getattr(chosen, field) not in ("", *head.labels):
                session.correct(**{field: ""})
    what = "class" if head is not None else "next word"
    for label, field, empty, does in (
        ("Answer", "answer", "the most probable", f"The {what} to explain."),
        ("Rival", "instead", "none", f"Another {what}: what is attributed is the answer’s logit minus this one’s."),
    ):
        help = f"{does} Empty: {empty}."
        if head is not None:
            st.selectbox(
                label,
                ["", *head.labels],
                format_func=lambda one, empty=empty: one or empty,
                width=180,
                help=help,
                **session.bound(field),
            )
        else:
            st.text_input(label, placeholder=empty, width=180, help=help, **session.bound(field))
    st.segmented_control(
        "Compare heads with",
        list(NAMES),
        required=True,
        format_func=lambda by: capital(NAMES[by]),
        help="Gradient × input: what each word adds by the slope at the text itself. Integrated gradients: by the mean "
        "slope from the baseline to the text, so that the words sum to the whole rise.",
        **session.bound("attributed"),
    )


@cached(many=24, few=8, holds=True)
def _slot(
    key: str, text: str, bos: bool, answer: str, rival: str, _model: AttentionModel, _encoding: Encoding
) -> Slot[Attributed]:
    limit = caches.TOKENS_AT_MOST if _encoding.left_out else None

    def work(tell) -> Attributed:
        def progress(fraction: float, sentence: str) -> None:
            tell(fraction, sentence)
            if slot.enough:
                raise Enough

        return attribute(_model, _encoding, answer=answer, rival=rival, bos=bos, limit=limit, progress=progress)

    slot = Slot(work, "Taking gradients", f"Taking gradients of {_model.title}")
    return slot


def found(this: Reading) -> Attributed:
    """What decided the prediction; while it is measured, a bar says how far that is. Else a sentence with what to do,
    and the end of the page."""
    chosen, kept = session.choices(), first_text()
    asked = (this.key, this.encoding.text, this.bos, chosen.answer, chosen.instead)
    here = (this.model.name, this.model.revision, this.encoding, (chosen.answer, chosen.instead))
    if here == (kept.name, kept.revision, kept.encoding, kept.typed):
        return kept
    slot = _slot(*asked, this.model, this.encoding)
    slot.begin()
    place = st.empty()
    if slot.runs:
        place.button("Stop here", icon=":material/stop:", on_click=slot.stop, help=STOP)
    try:
        result = slot.result()
    except UserError as wrong:
        place.empty()
        problem(wrong)
        end_page()
    place.empty()
    if slot.enough:
        place.button("Measure to the end", icon=":material/replay:", on_click=slot.again, help=TO_THE_END)
    return result


def open_on_best(result: Attributed) -> None:
    """Until a person chooses a head, show the one that agrees most."""
    if _ranked(result):
        session.open_on(head_of(result.ranked(session.choices().attributed).iloc[0]))


def _ranked(result: Attributed) -> bool:
    return bool(result.heads["agreement"].notna().any())


def words(result: Attributed) -> None:
    """The text by both attributions, side by side on one scale."""
    chosen = session.choices()
    figure.finding(attribution_finding(result, chosen.attributed))
    figure.remark(*attribution_remarks(result))
    left, right, wide, narrow = beside(page_width(), (0.5, 0.5))
    order: tuple[By, By] = ("gradient", "integrated")
    for by, where, width in zip(order, (left, right), (wide, narrow), strict=True):
        draw = partial(
            draw_attribution,
            result,
            by,
            unit=chosen.unit,
            special=chosen.special,
            **session.look(min(width, 640)).keywords(),
        )
        with where:
            figure.show(Figure(draw(), result.table, by, tables=[Table(TOKENS)]))


def heads(this: Reading, result: Attributed) -> None:
    """The heads by their agreement; a click chooses one, whose attention stands beside the attribution."""
    by, head = session.choices().attributed, session.choices().chosen
    st.subheader("Which heads look at the words that decided?", anchor=False)
    figure.finding(heads_finding(result, by))
    left, right, wide, narrow = beside(page_width(), (0.5, 0.5))
    with right:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            head_picker.by_number(this.model)
        head_names.tell(this, [head])
        _beside(result, head, by, min(narrow, 560))
    if not _ranked(result):
        return
    key = f"agreement_{this.model.name}_{by}"
    draw = partial(draw_attribution_heads, result, by, **session.look(min(wide, 600)).keywords())
    marked = head_names.selection(this, key)
    with left:
        figure.show(
            Figure(
                draw(selected=marked.head, epoch=marked.epoch, names=marked.names),
                result.heads,
                "agreement",
                remarks=["Click a head for its words.", *heads_remarks(result), WHY],
                tables=[head_names.table(this, HEADS, result.heads)],
                still=draw,
                click=Click(head_picker.click, key=key, place="agreement"),
            )
        )


def _beside(result: Attributed, head: HeadId, by: By, width: float) -> None:
    figure.show(
        Figure(
            draw_attribution_words(result, head, by, **session.look(width).keywords()),
            partial(words_table, result, head),
            "beside",
            remarks=[heads_finding(result, by, head), head_remark(result, head)],
            tables=[Table(WORDS)],
            awaited=True,
        )
    )
