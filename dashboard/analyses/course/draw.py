"""The picture of a step: with a question mark where the answer goes, and with the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dashboard.analyses.course.answers import Answer, FarName, unscaled
from dashboard.analyses.course.bars_chart import Column, Marks, bars, cells
from dashboard.analyses.course.material import Material
from dashboard.analyses.course.text import measured, question, rounded, signed
from dashboard.analyses.explore.api import attentions
from dashboard.analyses.explore.arcs_chart import Role
from dashboard.analyses.explore.views import VIEWS
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.heads.format import percent
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView

OF_ROW = ("best_key", "without_factor", "softmax_ratio", "hands_over")


def draw_row(step: str, this: Material, answer: Answer, guess: str | None, look: Look) -> Drawing:
    """Steps 3 to 6: one query's row, a line for each token."""
    this = answer.about.get("material", this)  # some steps ask about another query of the head
    row, n, asked = this.steps, len(this.encoding), guess is None
    weight = Column("weight", row.weights[:n], [percent(float(w)) for w in row.weights[:n]])
    scores = np.where(np.isfinite(row.masked[:n]), row.scaled[:n], np.nan)
    score = Column("score q · k / √d", scores, [_signed(s) for s in scores])
    norms = row.weights[:n] * np.linalg.norm(row.values[:n], axis=1)
    sharp = unscaled(row)[:n]
    columns: dict[str, Sequence[Column]] = {
        "best_key": (replace(score, hidden=asked), replace(weight, hidden=asked)),
        "without_factor": (
            replace(weight, title="weight with √d"),
            Column("weight without √d", sharp, [percent(float(w)) for w in sharp], asked),
        ),
        "softmax_ratio": (score, replace(weight, hidden=asked)),
        "hands_over": (weight, Column("length of weight · value", norms, [rounded(float(v)) for v in norms], asked)),
    }
    marks = Marks(this.query)
    if guess is not None and step in ("best_key", "hands_over"):
        marks = Marks(this.query, [int(key) for key in answer.right], int(guess))
    return bars(
        this.labels,
        columns[step],
        marks,
        look,
        title=f"The row of “{this.labels[this.query]}” in head {this.head}",
        said=_said(step, answer, guess),
    )


def draw_heads(this: Material, answer: Answer, guess: str | None, look: Look) -> Drawing:
    """Step 7: the same query in every head of the layer; before the guess only in the chosen one."""
    places = [int(place) for place in answer.about["shown"]]
    return cells(
        [this.labels[place] for place in places],
        [f"H{head.head}" for head in this.heads],
        np.asarray(answer.about["rows"], float).T,
        Marks(places.index(this.query)),
        look,
        title=f"“{this.labels[this.query]}” in all heads of layer {this.head.layer}",
        said=_said("different_words", answer, guess),
        shown=[this.head.head] if guess is None else None,
    )


def draw_added(this: Material, answer: Answer, guess: str | None, look: Look) -> Drawing:
    """Step 9: what each head of the layer adds to the query's row."""
    norms = np.asarray(answer.about["norms"], float)
    labels = [str(HeadId(this.head.layer, head)) for head in range(len(norms))]
    column = Column("length of what it adds", norms, [rounded(float(v)) for v in norms], guess is None)
    marks = Marks() if guess is None else Marks(None, [int(key) for key in answer.right], int(guess))
    title = f"What each head of layer {this.head.layer} adds to “{this.labels[this.query]}”"
    return bars(labels, [column], marks, look, title=title, said=_said("added_most", answer, guess))


def draw_pair(
    views: Sequence[HeadView], answer: Answer, guess: str | None, look: Look, heights: tuple[float, float] | None = None
) -> list[Drawing]:
    """Step 8: the two heads as arcs, unnamed before the guess, in the colours of syntax and context after."""
    drawn = []
    for key, view in zip("AB", views, strict=True):
        role: Role | None = None if guess is None else "syntax" if key in answer.right else "context"
        name = f"Head {key}" if role is None else f"Head {key} is {view.head}: {role}"
        drawn.append(titled(VIEWS["arcs"].draw(view, look, role=role, heights=heights), name))
    return drawn


def titled(drawing: Drawing, title: str) -> Drawing:
    """The same drawing under another title, alone."""
    spec = drawing.to_dict()
    spec["title"] |= {"text": title, "subtitle": []}
    return Drawing(spec | {"description": f"{title}, as arcs over the words."})


AROUND = 4  # words to either side of a mention that are drawn


def far_view(model: AttentionModel, far: FarName) -> HeadView:
    """The head over the words around the two mentions; what goes elsewhere is not drawn."""
    [whole] = attentions(model, far.trial.text, [far.head], unit="words", special="hide")
    starts = [None if span is None else span[0] for span in whole.spans]
    ends = starts.index(far.trial.seen), starts.index(far.trial.looks)
    kept = {k for end in ends for k in range(max(0, end - AROUND), min(len(starts), end + AROUND + 1))}
    return whole.part(sorted(kept))


def draw_far(view: HeadView, far: FarName, look: Look) -> Drawing:
    """Step 10: the head between the words around the two mentions, a part of the story."""
    drawn = VIEWS["arcs"].draw(view, look)
    return titled(drawn, f"Head {far.head} over the words around both mentions")


def _said(step: str, answer: Answer, guess: str | None) -> str:
    return f"{question(step, answer)} Not yet answered." if guess is None else measured(step, answer)


def _signed(value: float) -> str:
    return "hidden" if np.isnan(value) else signed(float(value))
