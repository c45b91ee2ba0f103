"""The sections of a card, from what was measured: figures, and sentences in place of those that cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dashboard.analyses.ablation.draw import draw_effects, draw_ranking
from dashboard.analyses.ablation.results import HeadEffects
from dashboard.analyses.ablation.text import effect_finding
from dashboard.analyses.card.draw import (
    Names,
    draw_layer_budgets,
    draw_relations,
    draw_sinks,
    layer_budgets,
    ranked_relations,
    sink_table,
)
from dashboard.analyses.card.measured import TEXT, Measured
from dashboard.analyses.card.text import NO_LOSS, facts, has_loss, induction_finding, maps_finding, named_heads
from dashboard.analyses.profile.api import draw_scatter
from dashboard.analyses.profile.names import head_names
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.text import CAUTION
from dashboard.analyses.scores.api import draw_atlas
from dashboard.analyses.scores.survey import Survey
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.errors import UserError
from dashboard.export.provenance import provenance_of_text
from dashboard.export.report import ReportFigure, ReportText, Section
from dashboard.heads.head_id import heads_of

THEME = "light"


def sections(model: AttentionModel, measured: Measured) -> list[Section]:
    """The card's sections, in their order."""
    called = _names(measured)
    names = {head: name.text for head, name in called.items()}
    found: list[Section] = [ReportText("The model", facts(model))]
    if called:
        found.append(ReportText("Heads by name", named_heads(called)))
    found += _of_atlas(model, measured.atlas, names)
    found += _of_profile(model, measured.profile, names)
    found += _of_effects(model, measured.effects, names)
    return found


def _names(measured: Measured):
    if isinstance(measured.profile, str):
        return {}
    induction = {}
    if isinstance(measured.atlas, Survey) and "induction" in measured.atlas.scores:
        scores = measured.atlas.scores.dropna(subset=["induction"])
        induction = dict(zip(heads_of(scores), scores["induction"].astype(float), strict=True))
    return head_names(measured.profile, induction)


def _of_atlas(model: AttentionModel, atlas: Survey | str, names: Names) -> Iterator[Section]:
    heading, second = "Where each head looks", "Induction"
    if isinstance(atlas, str):
        yield ReportText(heading, atlas)
        yield ReportText(second, atlas)
        return
    encoding = model.encode(TEXT)
    for title, score in ((heading, None), (second, "induction")):
        if score and atlas.scores[score].isna().all():
            yield ReportText(title, induction_finding(atlas.scores))
            continue
        chart = draw_atlas(atlas, score, model=model.title, theme=THEME, names=names)
        chart.spec["description"] = induction_finding(atlas.scores) if score else maps_finding(model, TEXT)
        origin = provenance_of_text(model, encoding, "atlas", score=score, theme=THEME)
        yield ReportFigure(chart, atlas.scores, (), origin, title=title)


def _of_profile(model: AttentionModel, profile: Profile | str, names: Names) -> Iterator[Section]:
    look: dict[str, Any] = {"model": model.title, "theme": THEME}
    made: dict[str, tuple[Callable[[Profile], Drawing], Callable[[Profile], object], str]] = {
        "Attention sinks": (lambda one: draw_sinks(one, names=names, **look), sink_table, ""),
        "Relations": (lambda one: draw_relations(one, names=names, **look), ranked_relations, ""),
        "Roles": (lambda one: draw_scatter(one, names=names, **look), lambda one: one.heads, CAUTION),
        "Budget": (lambda one: draw_layer_budgets(one, **look), layer_budgets, ""),
    }
    for title, (draw, table, note) in made.items():
        yield _figure(title, profile, draw, table, note)


def _of_effects(model: AttentionModel, effects: HeadEffects | str, names: Names) -> Iterator[Section]:
    note = ""
    if isinstance(effects, HeadEffects) and not has_loss(effects.table):
        note = NO_LOSS.format(title=model.title)

    def grid(every: HeadEffects) -> Drawing:
        chart = draw_effects(every, theme=THEME, names=names)
        chart.spec["description"] = effect_finding(every.table, model.title)
        return chart

    yield _figure("Effects of ablation", effects, grid, lambda every: every.table, note)
    if isinstance(effects, HeadEffects):
        yield _figure(
            "Effects, largest first",
            effects,
            lambda every: draw_ranking(every, theme=THEME, names=names),
            lambda every: every.table,
        )


def _figure(title: str, what, draw, table, note: str = "") -> Section:
    """A figure of what was measured; the sentence in its place where it was not, or cannot be drawn."""
    if isinstance(what, str):
        return ReportText(title, what)
    try:
        chart = draw(what)
    except UserError as why:
        return ReportText(title, str(why))
    return ReportFigure(chart, table(what), (), chart.provenance, note=note, title=title)
