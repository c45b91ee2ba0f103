"""What each head's models keep of what the model needs from it: METRICS §9."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.analyses.profile.needs.head_models import MODELS
from dashboard.analyses.profile.needs.measure import Found
from dashboard.heads.bootstrap import intervals
from dashboard.heads.rank_correlation import Correlation, spearman

FIGURES = {
    "position": "position",
    "position_syntax": "position and syntax",
    "position_context": "position and context",
    "all": "position, syntax and context",
    "syntax": "only syntax",
    "context": "only context",
}
"""The figures that have both bits and `kept`, and what they are in words: four models, then two differences."""
DIFFERENCES = {"syntax": ("all", "position_context"), "context": ("all", "position_syntax")}
"""What only the parse, or only meaning, keeps: the model with it less the one without it."""


def needs_table(found: Found) -> pd.DataFrame:
    """A row per head.

    Columns: layer, head; queries, active and bits_… of `head_models.bits_table`; loss_change (nats per token) or shift
    when the head is ablated by zero; kept_even, kept_position, kept_position_syntax, kept_position_context, kept_all,
    and kept_syntax and kept_context (`DIFFERENCES`): shares of 1, any sign; bits, effect and kept each with _low and
    _high, the 95 % bootstrap over sentences. Then sentences, tokens, and fitted, the sentences that the models are
    fitted on. kept is empty where the interval of the effect holds 0.
    """
    some = found.tokens > 0
    tokens, ablated, replaced = found.tokens[some], found.ablated[some], found.replaced[some]
    low, high = intervals(ablated, tokens)
    total = ablated.sum(0)
    columns: dict[str, object] = {
        found.measure: total / tokens.sum(),
        f"{found.measure}_low": low,
        f"{found.measure}_high": high,
    }
    known = (low > 0) | (high < 0)
    sign = np.where(total < 0, -1.0, 1.0)  # a head that does harm: what is kept of the harm
    back = {name: ablated - replaced[:, :, at] for at, name in enumerate(MODELS)}
    back |= {name: back[more] - back[less] for name, (more, less) in DIFFERENCES.items()}
    for name, above in back.items():
        value, low, high = (np.full(len(total), np.nan) for _ in range(3))
        if known.any():
            value[known] = above.sum(0)[known] / total[known]
            low[known], high[known] = intervals((sign * above)[:, known], (sign * ablated)[:, known])
        columns |= {f"kept_{name}": value, f"kept_{name}_low": low, f"kept_{name}_high": high}
    sizes = {"sentences": int(some.sum()), "tokens": int(tokens.sum()), "fitted": found.fitted_on}
    return pd.concat([found.bits, pd.DataFrame(columns | sizes, index=found.bits.index)], axis=1)


def bits_and_kept(table: pd.DataFrame, figure: str) -> Correlation:
    """Spearman's ρ between a figure's bits and what it keeps, over the heads that have both. figure: of `FIGURES`"""
    return spearman(table[f"bits_{figure}"].to_numpy(float), table[f"kept_{figure}"].to_numpy(float))


def measure_of(table: pd.DataFrame) -> str:
    """ "loss_change" or "shift"."""
    return "shift" if "shift" in table else "loss_change"
