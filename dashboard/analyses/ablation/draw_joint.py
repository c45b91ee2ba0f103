"""Ablate heads jointly and each alone on a text, and draw both. For the page and for a notebook.

    both = ablate_jointly(model, "The chef says ramen is her favourite food.", ["L2H9", "L3H1"])
    both.table
    save(draw_joint_ablation(both), "together.svg")

The effects of single heads need not add up to the joint effect: see `joint`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from dashboard.analyses.ablation.api import Progress
from dashboard.analyses.ablation.draw import BY, AblationOnText, ablate_on_text, drawing_provenance, on_text
from dashboard.analyses.ablation.joint import alone_and_jointly, joint_table
from dashboard.analyses.ablation.joint_chart import joint_bars
from dashboard.analyses.ablation.text import joint_finding
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import By
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.heads.head_id import HeadId
from dashboard.text import Encoding


@dataclass(frozen=True, eq=False)
class JointAblation:
    """A joint ablation of some heads, and the ablation of each alone, on the same text."""

    found: AblationOnText
    alone: tuple[AblationOnText, ...]

    @property
    def table(self) -> pd.DataFrame:
        """See `joint.joint_table`."""
        return joint_table(pd.concat([one.effect.table for one in self.alone]), self.found.effect.table)


def ablate_jointly(
    model: AttentionModel,
    text: str | Encoding,
    heads: Sequence[str | HeadId],
    *,
    by: By = "zero",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    progress: Progress | None = None,
) -> JointAblation:
    """Ablate some heads jointly, and each alone, on a text. Parameters and errors as in `dashboard.ablate`."""
    how = {"by": by, "bos": bos, "limit": limit, "pair": pair, "progress": progress}
    found = ablate_on_text(model, text, heads, **how)
    return JointAblation(found, tuple(ablate_on_text(model, found.encoding, head, **how) for head in found.heads))


def draw_joint_ablation(both: JointAblation, *, theme: Theme = "light", width: float | None = None) -> Drawing:
    """Draw the joint effect next to the effect of each head alone and their sum, see `joint_chart`."""
    table, origin, effect = both.table, both.found.provenance, both.found.effect
    what = "change of the loss, nats per token" if effect.measure == "loss_change" else "1 − cosine of the last vectors"
    chart = joint_bars(
        table,
        Look(theme, width),
        title=f"Together and alone · {origin.title}",
        subtitle=[f"{what} · the heads {BY[effect.by]}"],
        description=f"{joint_finding(table)} Alone: {alone_and_jointly(table)}.".strip(),
    )
    made = on_text("ablate_jointly", origin, [str(head) for head in both.found.heads])
    origin = replace(origin, view="together")
    return chart.made_of(drawing_provenance(origin, "draw_joint_ablation", (made,), theme=theme, width=width))
