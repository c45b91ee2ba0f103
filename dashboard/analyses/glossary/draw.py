"""The pictures of the terms: real charts on a short sentence, of MiniLM, which is part of the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from dashboard.analyses.ablation.draw import draw_ranking
from dashboard.analyses.contribution.api import contributions, rollout
from dashboard.analyses.course import answers
from dashboard.analyses.course.api import picture
from dashboard.analyses.course.draw import draw_added, draw_heads
from dashboard.analyses.course.material import material
from dashboard.analyses.explore.api import attention, draw
from dashboard.analyses.gallery.findings import KEYS, effects
from dashboard.analyses.profile.api import draw_budget
from dashboard.analyses.profile.library import SHIPPED, read_profile
from dashboard.analyses.recall.api import draw_recall
from dashboard.analyses.recall.finished import finished_run
from dashboard.analyses.scores.api import draw_atlas, overview
from dashboard.analyses.toy.api import draw_sharpness, draw_toy, toy_example
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId

Draw = Callable[[AttentionModel, Look], Drawing]


def _map(head: str, text: str, model: AttentionModel, look: Look) -> Drawing:
    return draw(attention(model, text, head), "heatmap", **look.keywords())


def _arcs(head: str, model: AttentionModel, look: Look) -> Drawing:
    view = attention(model, KEYS, head, unit="words", special="hide")
    return draw(view, "arcs", **look.keywords())


def _toy(preset: str, step: str, model: AttentionModel, look: Look) -> Drawing:
    return draw_toy(toy_example(preset), step, word=4, **look.keywords())


def _row(step: str, model: AttentionModel, look: Look) -> Drawing:
    """The answered picture of one of the ten steps."""
    this = material(model, KEYS)
    answer = getattr(answers, step)(this)
    return picture(step, this, answer, next(iter(answer.right)), look)


def _heads(model: AttentionModel, look: Look) -> Drawing:
    this = material(model, KEYS)
    answer = answers.different_words(this)
    return draw_heads(this, answer, next(iter(answer.right)), look)


def _added(model: AttentionModel, look: Look) -> Drawing:
    this = material(model, KEYS)
    answer = answers.added_most(this)
    return draw_added(this, answer, next(iter(answer.right)), look)


def _budget(head: str, model: AttentionModel, look: Look) -> Drawing:
    profile = read_profile(SHIPPED / f"{model.name}-en_ewt-ud-dev")
    return draw_budget(profile, head, model=model.title, **look.keywords())


def _atlas(score: str | None, model: AttentionModel, look: Look) -> Drawing:
    return draw_atlas(overview(model, KEYS), score, model=model.title, **look.keywords())


def _ranking(model: AttentionModel, look: Look) -> Drawing:
    return draw_ranking(effects(model), HeadId(5, 7), **look.keywords())


def _run(name: str, model: AttentionModel, look: Look) -> Drawing:
    finished = finished_run()
    if finished is None:
        raise UserError("The finished run cannot be read.")
    return draw_recall(finished.study, name, **look.keywords())


def _rollout(model: AttentionModel, look: Look) -> Drawing:
    return draw(rollout(model, KEYS), "heatmap", **look.keywords())


def _norms(model: AttentionModel, look: Look) -> Drawing:
    return draw(contributions(model, KEYS, ["L3H1"]), "heatmap", **look.keywords())


PICTURES: Mapping[str, Draw] = {
    "ablation": _ranking,
    "attention-sink": partial(_map, "L4H5", KEYS),
    "attention-weight": partial(_arcs, "L3H1"),
    "causal": partial(_toy, "causal", "weights"),
    "context-bits": partial(_budget, "L5H7"),
    "entropy": partial(_atlas, "entropy"),
    "head": partial(_atlas, None),
    "key": partial(_row, "best_key"),
    "layer": _heads,
    "output-projection": _added,
    "position-bits": partial(_budget, "L0H2"),
    "query": partial(_toy, "identity", "plane"),
    "recurrent-network": partial(_run, "accuracy"),
    "rollout": _rollout,
    "scaled-dot-product": lambda model, look: draw_sharpness(**look.keywords()),
    "softmax": partial(_row, "softmax_ratio"),
    "special-token": partial(_map, "L1H11", KEYS),
    "syntax-bits": partial(_budget, "L3H1"),
    "token": partial(_map, "L0H2", "Unforgettable ramen in Osaka."),
    "unknown-token": partial(_map, "L0H2", "The rune \U00010384 is unknown."),
    "value": partial(_row, "hands_over"),
    "value-weighted-norm": _norms,
}
"""Term → its picture, for the terms that have one."""
