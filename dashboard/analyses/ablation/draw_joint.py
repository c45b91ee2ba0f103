"""Heads taken out of a model together, beside each of them alone, on a text. What the page and a notebook call.

    both = together_and_alone(model, "The chef says ramen is her favourite food.", ["L2H9", "L3H1"])
    both.table
    save(draw_together(both), "together.svg")

The heads' own figures need not add up to what they change together: see `joint`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from dashboard.analyses.ablation.api import Progress
from dashboard.analyses.ablation.draw import BY, Without, reading_of, recipe_of, without_head
from dashboard.analyses.ablation.joint import alone_and_together, together_finding, together_table
from dashboard.analyses.ablation.joint_chart import together_bars
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import By
from dashboard.charts.drawing import Drawing
from dashboard.charts.theme import Theme
from dashboard.export.snippet import keywords
from dashboard.heads.view import HeadId
from dashboard.text import Encoding


@dataclass(frozen=True, eq=False)
class Together:
    """Some heads taken out of a model at once, and each of them alone, on the same text."""

    found: Without
    alone: tuple[Without, ...]

    @property
    def table(self) -> pd.DataFrame:
        """See `joint.together_table`."""
        return together_table(pd.concat([one.effect.table for one in self.alone]), self.found.effect.table)


def together_and_alone(
    model: AttentionModel,
    text: str | Encoding,
    heads: Sequence[str | HeadId],
    *,
    by: By = "zero",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    progress: Progress | None = None,
) -> Together:
    """What changes on a text without some heads together, beside each alone. Parameters, errors: `dashboard.ablate`."""
    how = {"by": by, "bos": bos, "limit": limit, "pair": pair, "progress": progress}
    found = without_head(model, text, heads, **how)
    return Together(found, tuple(without_head(model, found.encoding, head, **how) for head in found.heads))


def draw_together(both: Together, *, theme: Theme = "light", width: float | None = None) -> Drawing:
    """What the heads change together beside each alone and the sum of that, see `joint_chart`."""
    table, origin, effect = both.table, both.found.provenance, both.found.effect
    what = "change of the loss, nats per token" if effect.measure == "loss_change" else "1 − cosine of the last vectors"
    chart = together_bars(
        table,
        theme,
        title=f"Together and each alone · {origin.title}",
        subtitle=[f"{what} · the heads {BY[effect.by]}"],
        description=f"{together_finding(table)} Alone: {alone_and_together(table)}.".strip(),
        width=width,
    )
    names = [str(head) for head in both.found.heads]
    called = f"draw_together(together_and_alone(model, text, {names!r}{keywords(reading_of(origin))})"
    origin = replace(origin, view="together")
    return chart.made_of(
        recipe_of(origin, "draw_together, together_and_alone", called, {"theme": theme, "width": width})
    )
