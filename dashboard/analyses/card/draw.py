"""The charts that a card adds to those of the other analyses: sinks, relations, and the budget of each layer.

profile = read_profile(folder)
save(draw_sinks(profile), "sinks.svg")          save(draw_relations(profile), "relations.pdf")
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from dashboard.analyses.card.layers_chart import layers_chart
from dashboard.analyses.card.relations_chart import MOST, relations_chart
from dashboard.analyses.card.text import layers_finding, relations_finding, sinks_finding
from dashboard.analyses.profile.api import origin_of_profile
from dashboard.analyses.profile.budget import CHANNELS
from dashboard.analyses.profile.dependency_cases import ALL
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.text import corpus_of
from dashboard.charts.drawing import Drawing
from dashboard.charts.head_grid_values import head_grid
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.heads.chance import LEVEL
from dashboard.heads.chance_words import MARK
from dashboard.heads.head_id import HeadId

Names = Mapping[HeadId, str]
_NONE: Names = MappingProxyType({})


def sink_table(profile: Profile) -> pd.DataFrame:
    """Each head's attention to special tokens and the word itself: its row, and `sink` in percent."""
    return profile.heads.assign(sink=100 * (1 - profile.heads["active"]))


def ranked_relations(profile: Profile) -> pd.DataFrame:
    """The relations with 30 cases or more, a row each with its best head, by their lift on held-out sentences."""
    best = profile.best[profile.best["ranked"] & (profile.best["relation"] != ALL)]
    known = best.dropna(subset=["held_out_accuracy", "held_out_baseline"])
    return known.sort_values("held_out_lift", ascending=False, kind="stable").reset_index(drop=True)


def layer_budgets(profile: Profile) -> pd.DataFrame:
    """The mean budget of each layer's heads: layer, then a share per channel, which sum to 1."""
    means = profile.heads.groupby("layer", as_index=False)[[f"budget_{channel}" for channel in CHANNELS]].mean()
    return means.rename(columns={f"budget_{channel}": channel for channel in CHANNELS})


def draw_sinks(
    profile: Profile, *, model: str = "", theme: Theme = "light", width: float | None = None, names: Names = _NONE
) -> Drawing:
    """All heads, coloured by the share of attention that goes to no other word. model, names: as in `draw_scatter`."""
    title, look = model or profile.about["model"], {"theme": theme, "width": width}
    chart = head_grid(
        sink_table(profile),
        "sink",
        Look(theme, width),
        title=f"Attention sinks · {title}",
        unit="% of attention to special tokens and the word itself",
        subtitle=[corpus_of(profile.about)],
        description=sinks_finding(profile.heads),
        selection=Selection(names=names),
    )
    return chart.made_of(origin_of_profile(profile, "sinks", "draw_sinks", (), title, **look))


def draw_relations(
    profile: Profile, *, model: str = "", theme: Theme = "light", width: float | None = None, names: Names = _NONE
) -> Drawing:
    """The relations of the parse, each with its best head. model, names: as in `draw_scatter`.

    Raises UserError where no relation has 30 cases.
    """
    title, best = model or profile.about["model"], ranked_relations(profile)
    if best.empty:
        raise UserError("No relation has 30 cases in these sentences. Read more of them.")
    more = f" · the first {MOST} of {len(best)}" if len(best) > MOST else ""
    chart = relations_chart(
        best,
        Look(theme, width),
        title=f"Relations and their best heads · {title}",
        subtitle=[
            f"share of cases found, held out · grey tick: the best fixed distance · {MARK}: q ≤ {LEVEL}{more}",
            corpus_of(profile.about),
        ],
        description=relations_finding(best),
        names=names,
    )
    look = {"theme": theme, "width": width}
    return chart.made_of(origin_of_profile(profile, "relations", "draw_relations", (), title, **look))


def draw_layer_budgets(
    profile: Profile, *, model: str = "", theme: Theme = "light", width: float | None = None
) -> Drawing:
    """The mean budget of each layer's heads, a bar per layer. model: as in `draw_scatter`."""
    title, table = model or profile.about["model"], layer_budgets(profile)
    chart = layers_chart(
        table,
        Look(theme, width),
        title=f"Where attention goes, layer by layer · {title}",
        subtitle=["mean over the heads of a layer, share of attention", corpus_of(profile.about)],
        description=layers_finding(table),
    )
    look = {"theme": theme, "width": width}
    return chart.made_of(origin_of_profile(profile, "layer-budgets", "draw_layer_budgets", (), title, **look))
